//! Runs the laws of `http_path` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pierhead_fuzz::http_path::check(data));
