//! Runs the laws of `accept` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pierhead_fuzz::accept::check(data));
