//! A store that forgets what a permission rested on.

use pierhead::storage::{Fence, Permit, StoreError};
use pierhead_storage_testing::Intercept;

/// Takes the fence off every permit: what was allowed once is done, whatever has become of the
/// permission. A test that cannot tell such a store from the one beneath tests nothing of fences.
#[derive(Clone, Copy, Debug)]
pub struct Unfenced;

impl Intercept for Unfenced {
    fn before(&self, _: &'static str) -> Result<(), StoreError> {
        Ok(())
    }

    fn after(&self, _: &'static str) -> Result<(), StoreError> {
        Ok(())
    }

    fn permit(&self, permit: &Permit) -> Permit {
        Permit {
            view: permit.view.clone(),
            fence: Fence::default(),
        }
    }
}
