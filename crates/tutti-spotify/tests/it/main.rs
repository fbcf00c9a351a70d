//! The client and the sign-in against servers on this computer that answer as each test wants.
#![allow(clippy::unwrap_used)]

mod answers;
mod pretend;
mod renewal;
mod repeating;
mod requests;
mod sign_in;
mod stub;
