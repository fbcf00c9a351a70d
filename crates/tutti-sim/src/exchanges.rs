//! How well the room's clock is known over a network: traces of exchanges with a hub, and rivals on the same traces.
//!
//! A [`Trace`] is what happened on one machine: exchanges, suspends, and instants at which the truth is known. Traces are
//! drawn ([`Scene::draw`]) or were recorded ([`Recording`]); [`measure()`] holds a [`Method`] against one.

mod link;
mod machine;
mod measure;
mod recorded;
mod rivals;
mod scene;
mod trace;

pub use link::{Link, UnknownLink, Way};
pub use machine::Machine;
pub use measure::{Known, Method, Quality, measure};
pub use recorded::Recording;
pub use rivals::{Kalman, LeastRoundTrip};
pub use scene::Scene;
pub use trace::{BadLine, Step, Trace};
