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
//! about waiting ([`Error::retry_after`], [`Error::quota_exceeded`]). No request is ever repeated by this crate,
//! with one exception: after a 401, which means that nothing was done, the access token is renewed and the request
//! is sent once more.
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
pub mod model;
mod session;
pub mod token;

pub use auth::{SCOPES, SignIn};
pub use callback::Listener;
pub use client::{CallError, Client, Offset, Play, Timed};
pub use endpoints::{Endpoints, NotLoopback};
pub use error::{AuthError, Error, Refusal, Transport};
pub use http::{Carried, Carrier, Http, Timeouts};
pub use model::{Device, Item, ItemKind, Me, Player, Queue};
pub use token::{Secret, Token, sign_in_needed_by};
