//! One call after another: every answer is the model's.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use tokio::runtime::Runtime;

use crate::call::{self, Call};
use crate::ground::{Ground, Kind};
use crate::model::{GRACE, Model};
use crate::perform::Subject;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// How programs are made, and what they must give.
pub(crate) struct Calls;

impl ReferenceStateMachine for Calls {
    type State = Model;
    type Transition = Call;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Call> {
        let [one, other, third] = [model, model, model].map(Model::clone);
        prop_oneof![
            8 => call::puts().prop_map(move |put| one.toward(put)),
            4 => call::pushes(),
            4 => call::sessions(move |at| other.stands(at)),
            2 => call::at().prop_map(move |at| third.ending(at)),
            5 => call::reads(),
            3 => call::deletes(),
            4 => call::collections(),
            1 => Just(Call::Restart),
            2 => Just(Call::Switch),
        ]
        .boxed()
    }

    fn apply(mut model: Model, call: &Call) -> Model {
        model.answer = Some(model.call(call));
        model
    }
}

/// A registry under test, with the stores it is on.
pub(crate) struct Rig {
    ground: Ground,
    subject: Subject,
}

impl Rig {
    fn new(kind: Kind) -> Self {
        let ground = RUNTIME.block_on(Ground::new(kind));
        let subject = Subject::new(&ground);
        Self { ground, subject }
    }

    fn call(mut self, call: &Call, model: &Model) -> Self {
        match call {
            Call::Restart => self.subject.restart(&self.ground),
            Call::Switch => self.subject.switch(),
            _ => {}
        }
        let answer = RUNTIME.block_on(self.subject.call(call));
        let expected = model.answer.as_ref().expect("the model was asked first");
        assert!(
            answer.fits(expected),
            "{call:?}\n  is answered {answer:?}\n  and not {expected:?}"
        );
        self
    }

    /// Everything that can be read is the model's, then also for whoever opens the stores next.
    /// Hour by hour what nothing names goes when the model says so, and in the end nothing else is
    /// left.
    fn read_back(self, mut model: Model) {
        self.probe(&mut model, &call::probes());
        let sessions = self.subject.sessions();
        drop(self.subject);
        let ground = RUNTIME.block_on(self.ground.reopened());
        let again = Self {
            subject: Subject::with_sessions(&ground, sessions),
            ground,
        };
        again.probe(&mut model, &call::probes());
        for _ in 0..=GRACE {
            again.probe(&mut model, &[Call::Wait { hours: 1 }, Call::Collect]);
            again.probe(&mut model, &call::what_goes());
        }
        again.probe(&mut model, &[Call::Wait { hours: 100 }, Call::Collect]);
        again.probe(&mut model, &call::probes());
        let listed = RUNTIME.block_on(again.ground.blobs.list(None, 1_000));
        let listed = listed.expect("blobs can be listed").into_iter();
        let listed: BTreeSet<_> = listed.map(|it| it.place.to_string()).collect();
        assert_eq!(listed, RUNTIME.block_on(again.subject.places()));
    }

    fn probe(&self, model: &mut Model, calls: &[Call]) {
        for call in calls {
            let answer = RUNTIME.block_on(self.subject.call(call));
            let expected = model.call(call);
            assert_eq!(answer, expected, "{call:?} in the end");
        }
    }
}

pub(crate) struct InMemory;
pub(crate) struct OnDisk;

macro_rules! on {
    ($test:ty, $kind:expr) => {
        impl StateMachineTest for $test {
            type SystemUnderTest = Rig;
            type Reference = Calls;

            fn init_test(_: &Model) -> Rig {
                Rig::new($kind)
            }

            fn apply(rig: Rig, model: &Model, call: Call) -> Rig {
                rig.call(&call, model)
            }

            fn teardown(rig: Rig, model: Model) {
                rig.read_back(model);
            }
        }
    };
}

on!(InMemory, Kind::Memory);
on!(OnDisk, Kind::Disk);
