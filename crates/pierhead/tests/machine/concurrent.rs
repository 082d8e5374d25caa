//! Eight tasks at once, each with a program of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::time::Duration;

use pierhead::storage::StoreError;
use pierhead_storage_testing::{Intercept, Intercepted};
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use tokio::runtime::Runtime;

use crate::call::{self, Answer, At, Call};
use crate::catalogue::{MANIFESTS, Tag};
use crate::ground::{Ground, Kind};
use crate::history::{Event, History};
use crate::model::Model;
use crate::perform::Subject;

/// How many tasks there are.
pub(crate) const TASKS: usize = 8;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What each task does.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// Whether every repository is there from the beginning.
    settled: bool,
    /// What is done before.
    prelude: Vec<Call>,
    tasks: Vec<Vec<Step>>,
}

#[derive(Clone, Debug)]
enum Step {
    One(Call),
    /// What a tag names, then every blob it must have.
    Pull(At, Tag),
}

/// Programs that begin with nothing, or with some images in every repository.
pub(crate) fn programs() -> BoxedStrategy<Programs> {
    let image = call::puts().prop_map(|put| {
        let calls = Model::default().push(&put);
        calls.into_iter().map(Step::One).collect::<Vec<_>>()
    });
    let task = || proptest::collection::vec(step(), 3..9);
    let pusher = (image, task()).prop_map(|(image, rest)| [image, rest].concat());
    let fresh = proptest::collection::vec(prop_oneof![pusher, task()], TASKS);
    let fresh = fresh.prop_map(|tasks| Programs {
        settled: false,
        prelude: Vec::new(),
        tasks,
    });
    let settled = proptest::collection::vec(task(), TASKS).prop_map(|tasks| {
        let mut model = Model::default();
        let image = |name, manifest, tag| Call::Put {
            at: At { by: 0, name },
            manifest,
            tags: vec![tag],
            said: manifest,
        };
        let images = [image(0, 1, 0), image(1, 5, 1), image(1, 8, 2)];
        Programs {
            settled: true,
            prelude: images.iter().flat_map(|put| model.push(put)).collect(),
            tasks,
        }
    });
    prop_oneof![fresh, settled].boxed()
}

fn step() -> impl Strategy<Value = Step> {
    let one = prop_oneof![
        6 => call::puts(),
        3 => call::pushes(),
        3 => call::sessions(|_| 0),
        8 => call::reads(),
        5 => call::deletes(),
        1 => call::collections(),
    ];
    let pull = (call::at(), 0..3_usize).prop_map(|(at, tag)| Step::Pull(at, tag));
    prop_oneof![5 => one.prop_map(Step::One), 1 => pull]
}

/// Runs programs on a fresh ground, behind an intercept, and asks for everything in the end; on a
/// disk once more, of stores that were opened anew.
pub(crate) fn run(kind: Kind, programs: &Programs, intercept: impl Intercept) -> History {
    let mut ground = RUNTIME.block_on(Ground::new(kind));
    ground.blobs = Arc::new(Intercepted::new(ground.blobs, intercept.clone()));
    ground.rows = Arc::new(Intercepted::new(ground.rows, intercept));
    let one = Subject::new(&ground);
    let other = Subject::with_sessions(&ground, one.sessions());
    let desk = Desk {
        subjects: vec![one, other],
        moments: AtomicU64::new(0),
    };
    let mut events = Vec::new();
    let prelude: Vec<_> = programs.prelude.iter().cloned().map(Step::One).collect();
    desk.take(TASKS, &prelude, &mut events);
    let start = Barrier::new(programs.tasks.len());
    std::thread::scope(|scope| {
        let tasks = programs.tasks.iter().enumerate().map(|(task, steps)| {
            let (desk, start) = (&desk, &start);
            scope.spawn(move || {
                let mut events = Vec::new();
                start.wait();
                desk.take(task, steps, &mut events);
                events
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for task in tasks {
            events.extend(task.join().expect("a task ends well"));
        }
    });
    let probes: Vec<_> = call::probes().into_iter().map(Step::One).collect();
    desk.take(TASKS, &probes, &mut events);
    let Desk { subjects, moments } = desk;
    if kind == Kind::Disk {
        drop(subjects);
        let ground = RUNTIME.block_on(ground.reopened());
        let desk = Desk {
            subjects: vec![Subject::new(&ground)],
            moments,
        };
        desk.take(TASKS, &probes, &mut events);
    }
    History {
        events,
        settled: programs.settled,
    }
}

/// Registries on the same stores, and a count that tells what was before what.
struct Desk {
    /// Tasks are shared out among them.
    subjects: Vec<Subject>,
    moments: AtomicU64,
}

impl Desk {
    fn take(&self, task: usize, steps: &[Step], events: &mut Vec<Event>) {
        for step in steps {
            match step {
                Step::One(call) => drop(self.ask(task, call, None, events)),
                Step::Pull(at, tag) => {
                    let since = self.moments.load(Ordering::SeqCst);
                    let call = Call::GetTag { at: *at, tag: *tag };
                    let Answer::Manifest(manifest) = self.ask(task, &call, None, events) else {
                        continue;
                    };
                    for (blob, required) in &MANIFESTS[manifest].blobs {
                        let call = Call::GetBlob {
                            at: *at,
                            blob: *blob,
                        };
                        let part_of = required.then_some((manifest, since));
                        self.ask(task, &call, part_of, events);
                    }
                }
            }
        }
    }

    fn ask(
        &self,
        task: usize,
        call: &Call,
        part_of: Option<(usize, u64)>,
        events: &mut Vec<Event>,
    ) -> Answer {
        let moment = || self.moments.fetch_add(1, Ordering::SeqCst);
        let subject = &self.subjects[task % self.subjects.len()];
        let begin = moment();
        let answer = RUNTIME.block_on(subject.call(call));
        events.push(Event {
            task,
            call: call.clone(),
            answer: answer.clone(),
            begin,
            end: moment(),
            part_of,
        });
        answer
    }
}

/// Makes others go first, now and then, before a call of a store and behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jitter(Arc<AtomicU64>);

impl Jitter {
    pub(crate) fn pause(&self) {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        match count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 {
            0 => std::thread::sleep(Duration::from_micros(20)),
            1..4 => std::thread::yield_now(),
            _ => {}
        }
    }
}

impl Intercept for Jitter {
    fn before(&self, _: &'static str) -> Result<(), StoreError> {
        self.pause();
        Ok(())
    }

    fn after(&self, _: &'static str) -> Result<(), StoreError> {
        self.pause();
        Ok(())
    }
}
