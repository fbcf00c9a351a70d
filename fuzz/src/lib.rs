//! What arbitrary bytes are made into, from the engine's own tests, for the two targets.

#[path = "../../crates/tutti-core/tests/it/fuzz.rs"]
pub mod fuzz;
