//! A list that is walked page by page, and what its pages cost.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Reads one page, from the beginning or from such a place: how many items it has, and where the
/// list goes on.
pub(crate) type Read<'a> = dyn Fn(Option<&str>) -> (usize, Option<String>) + 'a;

/// What one list cost.
pub(crate) struct Cost {
    what: String,
    items: usize,
    pages: [Times; 3],
    /// What the server worked for a page, the mean of all three.
    work: Duration,
    /// Memory of the server before and after the walk, in KiB.
    memory: [usize; 2],
}

/// Median and 99th percentile.
#[derive(Clone, Copy)]
struct Times {
    median: Duration,
    late: Duration,
}

impl Cost {
    /// Walks the whole list, then reads its first, its middle and its last full page some times
    /// each, in turns.
    pub(crate) fn of(what: String, server: u32, rounds: usize, read: &Read<'_>) -> Self {
        let before = memory(server);
        let (mut items, mut places, mut next) = (0, vec![None], None);
        loop {
            let (count, more) = read(next.as_deref());
            items += count;
            next = more;
            if next.is_none() {
                break;
            }
            places.push(next.clone());
        }
        let after = memory(server);
        let last = places.len() - 1;
        let mut taken = [const { Vec::new() }; 3];
        let worked = work(server);
        for _ in 0..rounds {
            for (place, taken) in [0, last / 2, last].into_iter().zip(&mut taken) {
                let begun = Instant::now();
                read(places[place].as_deref());
                taken.push(begun.elapsed());
            }
        }
        Self {
            what,
            items,
            work: work(server).saturating_sub(worked) / u32::try_from(3 * rounds).unwrap(),
            pages: taken.map(Times::of),
            memory: [before, after],
        }
    }

    /// Requires what must hold on any machine: all of the items, the last page not much slower
    /// than the first, and a server that keeps nothing of what it was asked for.
    #[track_caller]
    pub(crate) fn check(&self, items: usize) {
        let [first, middle, last] = self.pages.map(|times| times.median);
        let slow = first.max(Duration::from_millis(2)) * 10;
        assert_eq!(self.items, items, "{}", self.what);
        assert!(middle.max(last) < slow, "{}", self.line());
        let [before, after] = self.memory;
        assert!(after < before + 24 * 1024, "{}", self.line());
    }

    /// A row of a table.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("| {} | {} |", self.what, self.items);
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        for Times { median, late } in self.pages {
            let _ = write!(line, " {:.1} ({:.1}) |", millis(median), millis(late));
        }
        let [before, after] = self.memory.map(|kib| kib / 1024);
        let _ = write!(line, " {:.1} | {before} → {after} |", millis(self.work));
        line
    }
}

impl Times {
    fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        let at = |hundredth: usize| taken[(taken.len() * hundredth / 100).min(taken.len() - 1)];
        Self {
            median: at(50),
            late: at(99),
        }
    }
}

/// How long a process has worked on all processors, in whole hundredths of a second.
fn work(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    // Behind the name, which may hold anything: its own time and the system's for it.
    let (_, behind) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks = behind.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// What a process has in memory, in KiB.
fn memory(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse().ok()).expect("its memory")
}
