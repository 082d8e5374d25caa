use std::sync::Barrier;

use super::*;

fn place(text: &str) -> Place {
    Place::new(text).unwrap()
}

fn take(slots: &Arc<Slots>, at: &Place) -> Turn {
    slots.take(at, || Ok(())).unwrap().0
}

#[test]
fn the_newest_turn_alone_holds_its_place() {
    let slots = Arc::<Slots>::default();
    let [here, there] = [place("here"), place("there")];
    let (first, other) = (take(&slots, &here), take(&slots, &there));
    assert!(first.hold().is_ok());
    let second = take(&slots, &here);
    for _ in 0..2 {
        assert!(matches!(first.hold(), Err(StoreError::Superseded)));
        assert!(second.hold().is_ok() && other.hold().is_ok());
    }
}

#[test]
fn a_revoked_turn_stays_revoked_when_the_newer_one_has_gone() {
    let slots = Arc::<Slots>::default();
    let here = place("here");
    let first = take(&slots, &here);
    drop(take(&slots, &here));
    assert!(matches!(first.hold(), Err(StoreError::Superseded)));
    assert!(take(&slots, &here).hold().is_ok());
}

#[test]
fn an_opening_that_failed_revokes_nobody_and_leaves_nothing_behind() {
    let slots = Arc::<Slots>::default();
    let here = place("here");
    let fail = || slots.take(&here, || Err::<(), _>(StoreError::NotFound));
    assert!(matches!(fail(), Err(StoreError::NotFound)));
    assert!(slots.0.lock().is_empty());
    let turn = take(&slots, &here);
    assert!(matches!(fail(), Err(StoreError::NotFound)));
    assert!(turn.hold().is_ok());
}

#[test]
fn the_table_is_empty_once_every_turn_has_gone() {
    let slots = Arc::<Slots>::default();
    let together = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                for round in 0..500 {
                    let at = place(&format!("{}", round % 3));
                    let turns = [take(&slots, &at), take(&slots, &at)];
                    assert!(turns[0].hold().is_err());
                }
            });
        }
    });
    assert!(slots.0.lock().is_empty());
}

#[test]
fn whoever_takes_a_turn_waits_for_the_change_under_way() {
    let slots = Arc::<Slots>::default();
    let here = place("here");
    let first = take(&slots, &here);
    let held = first.hold().unwrap();
    std::thread::scope(|scope| {
        let newer = scope.spawn(|| drop(take(&slots, &here)));
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(!newer.is_finished());
        drop(held);
    });
    assert!(first.hold().is_err());
}
