//! Spotify's Web API and sign-in: requests go out, answers come back with their instants, nothing is decided here.
//!
//! - [`Endpoints`] say where the two servers are; [`Http`] is one account's connection to them.
//! - [`SignIn`] and [`Listener`] are the sign-in: authorization code with PKCE, answered by the browser on a
//!   loopback address. The result is a [`Token`].
//! - [`Client`] makes requests for one account. It keeps the access token fresh, and returns every answer as
//!   [`Timed`]: with the instant just before the request went to the connection and the instant at which the
//!   head of the answer had arrived. Errors carry the same instants ([`CallError`]).
//! - [`model`] is what Spotify says about a player, read tolerantly: something unknown is kept as it came, something
//!   missing or odd is `None`, and only an answer that is not a JSON object is an error.
//!
//! When to ask, and whether a request may go out at all, is the caller's business: errors report what Spotify said
//! about waiting ([`Error::retry_after`], [`Error::quota_exceeded`]).
//!
//! What is repeated, and what never is:
//!
//! | request | repeated |
//! |---|---|
//! | a command, a reading | never; after a 401, which means that nothing was done, once with a new access token |
//! | any request that met a kept connection which the server had closed before a byte was written | on a new connection: nothing of it had left |
//! | the exchange of a sign-in's code | never: a code is good once |
//! | the renewal of an access token | at most twice, after no answer or a 5xx: after a random part of 0.3 s and of 1.2 s, and not when 10 s have passed; never after a refusal or a 429 |
//!
//! One renewal serves everybody who waits for it in this process. A [`Keeper`] lets one happen at a time among all
//! processes that share a sign-in.
//!
//! Everything runs on tokio's clock, and [`Http::through`] puts something else in the place of the network: the two
//! together let a test run the client on virtual time.
//!
//! Secrets stay out of `Debug`, of error texts and of logs, and are overwritten when dropped ([`Secret`]).

pub mod auth;
pub mod callback;
pub mod client;
mod endpoints;
pub mod error;
mod http;
pub mod keeper;
pub mod model;
pub mod reach;
mod session;
pub mod token;

pub use auth::{Kept, SCOPES, SignIn};
pub use callback::Listener;
pub use client::{CallError, Client, Offset, Play, Timed};
pub use endpoints::{Endpoints, NotLoopback};
pub use error::{AuthError, Error, Refusal, Transport};
pub use http::{Carried, Carrier, Http, Timeouts};
pub use keeper::{Keeper, Turn};
pub use model::{Device, Item, ItemKind, Me, Player, Queue};
pub use token::{Secret, Token, sign_in_needed_by};
