//! Runs the laws of `range` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pierhead_fuzz::range::check(data));
