//! How an unfinished upload goes on: what a checkpoint's state holds.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use pierhead_storage::{Checkpoint, Place, StoreError};

/// What was shipped, and where the tail is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// Full parts, as the store beneath remembers them.
    pub(super) shipped: Option<Checkpoint>,
    /// The tail itself, when it is kept here.
    pub(super) tail: Bytes,
    /// Every tail ever put beside, for removing them; the last is the present one if
    /// `beside_len` is not zero.
    pub(super) tails: Vec<Place>,
    pub(super) beside_len: u64,
}

impl Recipe {
    /// The object beside that holds the tail, and its length.
    pub(super) fn beside(&self) -> Option<(&Place, u64)> {
        self.tails
            .last()
            .filter(|_| self.beside_len > 0)
            .map(|place| (place, self.beside_len))
    }

    pub(super) fn write(&self) -> Bytes {
        let mut state = BytesMut::new();
        state.put_u8(u8::from(self.shipped.is_some()));
        if let Some(shipped) = &self.shipped {
            state.put_u64(shipped.offset);
            put(&mut state, &shipped.state);
        }
        put(&mut state, &self.tail);
        state.put_u64(self.beside_len);
        for place in &self.tails {
            put(&mut state, place.as_str().as_bytes());
        }
        state.freeze()
    }

    pub(super) fn read(state: &Bytes) -> Result<Self, StoreError> {
        let damaged = || StoreError::Corrupt {
            what: "the state of a checkpoint".to_owned(),
        };
        Self::parse(state.clone()).ok_or_else(damaged)
    }

    fn parse(mut state: Bytes) -> Option<Self> {
        let mut recipe = Self::default();
        if state.try_get_u8().ok()? == 1 {
            let offset = state.try_get_u64().ok()?;
            recipe.shipped = Some(Checkpoint {
                offset,
                state: take(&mut state)?,
            });
        }
        recipe.tail = take(&mut state)?;
        recipe.beside_len = state.try_get_u64().ok()?;
        while state.has_remaining() {
            let place = take(&mut state)?;
            recipe
                .tails
                .push(Place::new(std::str::from_utf8(&place).ok()?).ok()?);
        }
        Some(recipe)
    }
}

fn put(state: &mut BytesMut, field: &[u8]) {
    state.put_u64(field.len() as u64);
    state.put_slice(field);
}

fn take(state: &mut Bytes) -> Option<Bytes> {
    let len = usize::try_from(state.try_get_u64().ok()?).ok()?;
    (len <= state.len()).then(|| state.split_to(len))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_recipe_reads_as_it_was_written(
            shipped in any::<Option<(u64, Vec<u8>)>>(),
            tail in any::<Vec<u8>>(),
            tails in prop::collection::vec("[a-z0-9-]{1,128}", 0..4),
            beside_len: u64,
        ) {
            let shipped =
                shipped.map(|(offset, state)| Checkpoint { offset, state: state.into() });
            let tails = tails.iter().map(|text| Place::new(text).unwrap()).collect();
            let recipe = Recipe { shipped, tail: tail.into(), tails, beside_len };
            prop_assert_eq!(Recipe::read(&recipe.write()).unwrap(), recipe);
        }

        #[test]
        fn no_state_makes_it_panic(state: Vec<u8>) {
            let _ = Recipe::read(&state.into());
        }
    }
}
