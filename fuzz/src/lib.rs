//! What arbitrary bytes are made into, from the engine's own tests, for the targets.

#[path = "../../crates/tutti-core/tests/it/fuzz.rs"]
pub mod fuzz;
