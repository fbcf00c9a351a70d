//! `tutti` as it is typed: exit codes and sentences.
#![allow(clippy::unwrap_used)]

#[cfg(target_os = "linux")]
mod cable;
mod demo;
#[cfg(target_os = "linux")]
mod evening;
#[cfg(target_os = "linux")]
mod rooms;
#[cfg(target_os = "linux")]
mod signed_in;
mod simulate;
mod stand;
#[cfg(target_os = "linux")]
mod web;
mod words;
