//! Runs the laws of `reference` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pierhead_fuzz::reference::check(data));
