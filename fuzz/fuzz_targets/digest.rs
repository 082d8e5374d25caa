//! Runs the laws of `digest` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pierhead_fuzz::digest::check(data));
