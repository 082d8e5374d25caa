//! Lines that break.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use pierhead_tests::{BREAKS, Line, Random};

use super::{Client, SIZE, assert_stored, file, seed, server};

/// How often the line breaks.
const TIMES: usize = 20;

#[test]
fn a_line_that_breaks_twenty_times_costs_a_tenth_at_most_and_no_byte_is_wrong() {
    let mut random = Random::new(seed());
    let server = server();
    let (bytes, file) = file(&server, &mut random);
    let mut points: Vec<u64> = (0..TIMES).map(|_| random.below(SIZE) as u64).collect();
    points.sort_unstable();
    let breaks = points.into_iter().zip(BREAKS.into_iter().cycle());
    let line = Line::to(server.address(), breaks);

    let began = Instant::now();
    let mut client = Client::start(&line.host, &file);
    let mut silent: Vec<(usize, TcpStream)> = Vec::new();
    let mut late = 0;
    while !client.is_done() {
        let broken = line.broken();
        silent.extend(line.silent().into_iter().map(|side| (broken, side)));
        // Two breaks later the client has the session on another connection for certain. What the
        // old one still delivers is other bytes here, so that a single one of them would show.
        let old = silent.extract_if(.., |(then, _)| *then + 2 <= broken);
        for (_, mut side) in old {
            late += usize::from(side.write_all(&[0xee; 4096]).is_ok());
        }
        thread::sleep(Duration::from_millis(2));
    }
    let said = client.said();
    client.finish(&bytes);
    let (handed, broken) = (line.handed(), line.broken());
    println!(
        "{broken} breaks, {late} late writes: {handed} bytes for {SIZE}, {} thousandths more, in {:?}\n{said}",
        handed.saturating_sub(SIZE as u64) * 1000 / SIZE as u64,
        began.elapsed()
    );
    assert_eq!(broken, TIMES);
    assert!(late > 0, "no old connection said anything late");
    assert!(
        handed <= (SIZE + SIZE / 10) as u64,
        "{handed} bytes were sent"
    );
    assert_stored(&server, &bytes);
}
