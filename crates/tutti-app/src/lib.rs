//! The Tutti program without a window.

pub mod api;
