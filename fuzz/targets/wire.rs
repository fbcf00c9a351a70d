//! The decoders of both sides, fed with arbitrary bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tutti_fuzz::fuzz::wire(bytes));
