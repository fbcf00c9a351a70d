//! Where newer versions of the program come from: what the desktop implements where there is such a place.

use std::pin::Pin;

/// What comes of something that takes a while.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Fetches a version and verifies its signature.
pub type Fetch = Box<dyn FnOnce() -> Later<Result<Install, String>> + Send + Sync>;

/// Puts a verified package in place. Blocks, for the user may be asked for a password; on Windows it ends the program.
pub type Install = Box<dyn FnOnce() -> Result<(), String> + Send + Sync>;

/// A place where newer versions are. Whoever implements it sets the deadlines; errors are words for the user.
pub trait Updates: Send + Sync {
    /// Asks whether there is a version newer than this one. Fetches nothing else.
    fn look(&self) -> Later<Result<Option<Update>, String>>;
}

/// A version newer than this one.
pub struct Update {
    pub version: String,
    pub fetch: Fetch,
}
