//! All figures as a page in the text format of `OpenMetrics`. `docs/operations.md` has a table of
//! them.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::machine::Machine;
use super::{Watch, since_1970};

/// Names and values of labels.
type Labels = Vec<(&'static str, &'static str)>;

/// The page as it is now.
///
/// # Errors
/// Never: a text takes whatever is written into it.
pub(super) fn page(watch: &Arc<Watch>, machine: Option<Machine>) -> Result<String, Error> {
    let mut registry = Registry::with_prefix("pierhead");
    registry.register_collector(Box::new(Figures {
        watch: Arc::clone(watch),
        machine: machine.unwrap_or_default(),
    }));
    let mut page = String::with_capacity(32 * 1024);
    text::encode(&mut page, &registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Figures {
    watch: Arc<Watch>,
    machine: Machine,
}

impl Collector for Figures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut sheet = Sheet(encoder);
        self.process(&mut sheet)?;
        self.connections(&mut sheet)?;
        self.requests(&mut sheet)?;
        self.commits(&mut sheet)?;
        self.work(&mut sheet)?;
        self.disk(&mut sheet)
    }
}

impl Figures {
    fn process(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        let mut info =
            sheet
                .0
                .encode_descriptor("build", "The program that runs", None, MetricType::Info)?;
        info.encode_info(&version)?;
        let started = Some(stamp(self.watch.started));
        sheet.stamp("process_start_time", "When the process started", started)?;
        let ends = self.watch.certificate_ends.load(Ordering::Relaxed);
        #[allow(clippy::cast_precision_loss, reason = "seconds fit")]
        let ends = (ends > 0).then_some(ends as f64);
        let help = "When the certificate that is served ends";
        sheet.stamp("certificate_expiry_time", help, ends)?;
        let bytes = Some(&Unit::Bytes);
        let help = "Memory that the process has";
        sheet.gauge(
            "process_resident_memory",
            help,
            bytes,
            one(self.machine.resident),
        )?;
        sheet.gauge(
            "process_open_files",
            "Files that are open",
            None,
            one(self.machine.files),
        )
    }

    fn connections(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let figures = &self.watch.figures;
        let bytes = Some(&Unit::Bytes);
        let help = "Connections that were accepted";
        sheet.counter("connections", help, None, always(figures.accepted.get()))?;
        let help = "Connections that are open";
        sheet.gauge(
            "connections_open",
            help,
            None,
            always(figures.connections.get()),
        )?;
        let help = "Connections that may be open at a time";
        sheet.gauge(
            "connections_limit",
            help,
            None,
            always(figures.most_connections.get()),
        )?;
        let rows = [
            ("begun", &figures.handshakes_begun),
            ("done", &figures.handshakes_done),
        ];
        let rows = rows.map(|(stage, count)| (vec![("stage", stage)], count.get()));
        sheet.counter("tls_handshakes", "Handshakes of TLS", None, rows)?;
        let help = "Bytes that came from clients";
        sheet.counter("received", help, bytes, always(figures.received.get()))?;
        let help = "Bytes that went to clients";
        sheet.counter("sent", help, bytes, always(figures.sent.get()))
    }

    fn requests(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let kinds = || self.watch.figures.of_kinds();
        let rows = kinds().flat_map(|(kind, of)| {
            of.answered().map(move |(class, outcome, count)| {
                let labels = vec![
                    ("kind", kind.label()),
                    ("method", class.label()),
                    ("status", outcome.label()),
                ];
                (labels, count)
            })
        });
        sheet.counter("requests", "Requests that were answered", None, rows)?;
        let rows = kinds().flat_map(|(kind, of)| {
            of.refused().map(move |(why, count)| {
                (vec![("kind", kind.label()), ("why", why.label())], count)
            })
        });
        sheet.counter("refusals", "Requests that were turned away", None, rows)?;
        let rows = kinds().map(|(kind, of)| (vec![("kind", kind.label())], of.under_way.get()));
        sheet.gauge(
            "requests_under_way",
            "Requests until their last byte",
            None,
            rows,
        )?;
        let help = "From a request's header to that of its answer";
        let unit = Some(&Unit::Seconds);
        let mut spans =
            sheet
                .0
                .encode_descriptor("request_duration", help, unit, MetricType::Histogram)?;
        for (kind, of) in kinds() {
            let (sum, ranges) = (of.spans.sum(), of.spans.ranges());
            let count = ranges.iter().map(|(_, count)| count).sum();
            spans
                .encode_family(&[("kind", kind.label())])?
                .encode_histogram::<Labels>(sum, count, &ranges, None)?;
        }
        Ok(())
    }

    fn commits(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let figures = &self.watch.figures;
        sheet.counter(
            "pulls",
            "Manifests given out",
            None,
            always(figures.pulls.get()),
        )?;
        sheet.counter(
            "pushes",
            "Manifests put",
            None,
            always(figures.pushes.get()),
        )?;
        let rows = [
            ("manifest", &figures.manifests_deleted),
            ("tag", &figures.tags_deleted),
            ("blob", &figures.blobs_deleted),
        ];
        let rows = rows.map(|(what, count)| (vec![("what", what)], count.get()));
        sheet.counter("deletes", "What clients deleted", None, rows)?;
        let help = "Blobs that became visible";
        sheet.counter("blobs_added", help, None, always(figures.blobs_added.get()))?;
        let help = "Bytes of blobs that became visible";
        let unit = Some(&Unit::Bytes);
        sheet.counter(
            "blobs_added",
            help,
            unit,
            always(figures.blob_bytes_added.get()),
        )
    }

    fn work(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let tallies = self.watch.rounds.tallies();
        let rows = tallies.iter().flat_map(|(work, tally)| {
            let outcomes = [("good", tally.good), ("failed", tally.failed)];
            outcomes
                .map(|(outcome, count)| (vec![("work", work.name()), ("outcome", outcome)], count))
        });
        sheet.counter("work_rounds", "Rounds of background work", None, rows)?;
        let rows = tallies.iter().flat_map(|(work, tally)| {
            let amounts = tally.amounts.iter();
            amounts.map(|(what, amount)| (vec![("work", work.name()), ("what", *what)], *amount))
        });
        sheet.counter("work_done", "What background work came to", None, rows)?;
        let seconds = Some(&Unit::Seconds);
        let rows = tallies.iter().filter_map(|(work, tally)| {
            Some((vec![("work", work.name())], tally.took?.as_secs_f64()))
        });
        sheet.counter("work_duration", "What background work took", seconds, rows)?;
        let rows = tallies.iter().filter_map(|(work, tally)| {
            Some((vec![("work", work.name())], stamp(tally.last_good?)))
        });
        let help = "When the last round ended that did all there was to do";
        let of = MetricType::Gauge;
        sheet.family(
            "work_last_good_time",
            help,
            seconds,
            of,
            rows,
            ConstGauge::new,
        )
    }

    fn disk(&self, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let machine = &self.machine;
        let bytes = Some(&Unit::Bytes);
        sheet.gauge(
            "database",
            "The database's file",
            bytes,
            one(machine.database),
        )?;
        let help = "The database's write-ahead log";
        sheet.gauge("database_log", help, bytes, one(machine.log))?;
        let help = "What the data directory's file system has left";
        sheet.gauge("disk_free", help, bytes, one(machine.free))?;
        let help = "The size of the data directory's file system";
        sheet.gauge("disk_size", help, bytes, one(machine.disk))?;
        sheet.gauge(
            "mail_waiting",
            "Messages to be carried",
            None,
            one(machine.mail),
        )
    }
}

/// The page while it is written.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    fn counter<V>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = (Labels, V)>,
    ) -> Result<(), Error>
    where
        ConstCounter<V>: EncodeMetric,
    {
        self.family(
            name,
            help,
            unit,
            MetricType::Counter,
            rows,
            ConstCounter::new,
        )
    }

    /// What was not seen is not told.
    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) -> Result<(), Error> {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        self.family(name, help, unit, MetricType::Gauge, rows, ConstGauge::new)
    }

    fn family<V, M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        kind: MetricType,
        rows: impl IntoIterator<Item = (Labels, V)>,
        metric: impl Fn(V) -> M,
    ) -> Result<(), Error> {
        let mut encoder = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, value) in rows {
            put(&mut encoder, &labels, |encoder| {
                metric(value).encode(encoder)
            })?;
        }
        Ok(())
    }

    /// A moment, in seconds since 1970.
    fn stamp(&mut self, name: &str, help: &str, at: Option<f64>) -> Result<(), Error> {
        let Some(at) = at else { return Ok(()) };
        let unit = Some(&Unit::Seconds);
        let encoder = self
            .0
            .encode_descriptor(name, help, unit, MetricType::Gauge)?;
        ConstGauge::new(at).encode(encoder)
    }
}

fn put(
    encoder: &mut MetricEncoder<'_>,
    labels: &Labels,
    value: impl FnOnce(MetricEncoder<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if labels.is_empty() {
        // A family without labels is the value itself.
        return value(encoder.encode_family::<[(&str, &str); 0]>(&[])?);
    }
    value(encoder.encode_family(labels)?)
}

fn always(value: u64) -> [(Labels, u64); 1] {
    [(Vec::new(), value)]
}

fn one(value: Option<u64>) -> Option<(Labels, u64)> {
    value.map(|value| (Vec::new(), value))
}

fn stamp(at: SystemTime) -> f64 {
    since_1970(at).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use hyper::{Method, StatusCode};

    use super::super::figures::{Answered, Kind};
    use super::super::work::{Round, Work};
    use super::*;

    fn written() -> String {
        let watch = Arc::new(Watch::new());
        watch.certificate(SystemTime::now());
        watch.figures.began(Kind::Blob);
        let answered = Answered {
            method: &Method::GET,
            status: StatusCode::OK,
            signed: true,
            took: Duration::from_millis(2),
        };
        watch.figures.answered(Kind::Blob, answered);
        watch
            .rounds
            .ended(Work::Collector, &Round::good().with("blobs", 3));
        let machine = Machine {
            free: Some(7),
            ..Machine::default()
        };
        page(&watch, Some(machine)).expect("a page")
    }

    #[test]
    fn figures_have_the_names_that_are_documented() {
        let page = written();
        for line in [
            "pierhead_connections_open 0",
            "pierhead_disk_free_bytes 7",
            "pierhead_requests_under_way{kind=\"blob\"} 1",
            "pierhead_requests_total{kind=\"blob\",method=\"read\",status=\"2xx\"} 1",
            "pierhead_request_duration_seconds_bucket{le=\"0.004\",kind=\"blob\"} 1",
            "pierhead_request_duration_seconds_bucket{le=\"+Inf\",kind=\"blob\"} 1",
            "pierhead_work_done_total{work=\"collector\",what=\"blobs\"} 3",
            "pierhead_work_rounds_total{work=\"collector\",outcome=\"good\"} 1",
        ] {
            let found = page.lines().any(|found| found == line);
            assert!(found, "{line}\n{page}");
        }
        assert!(
            !page.contains("mail_waiting"),
            "what was not seen is not told"
        );
    }

    #[test]
    fn every_line_is_of_a_family_that_was_announced_once() {
        let page = written();
        let mut families = BTreeSet::new();
        for line in page.lines() {
            if let Some(line) = line.strip_prefix("# TYPE ") {
                let (name, _) = line.split_once(' ').expect("a type");
                assert!(families.insert(name.to_owned()), "{name} twice");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                value.parse::<f64>().expect("a number");
                let name = series.split('{').next().unwrap_or_default();
                let suffixes = ["", "_total", "_info", "_bucket", "_sum", "_count"];
                let mut bases = suffixes
                    .iter()
                    .filter_map(|suffix| name.strip_suffix(suffix));
                assert!(bases.any(|base| families.contains(base)), "{line}");
                assert!(!series.ends_with("{}"), "{line}");
            }
        }
        assert!(page.ends_with("# EOF\n"), "{page}");
        assert!(page.len() < 64 * 1024, "{}", page.len());
    }
}
