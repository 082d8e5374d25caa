//! Randomness from the operating system.

/// The operating system gave no random bytes; nothing can be made safely until it does.
#[derive(Debug, thiserror::Error)]
#[error("the operating system's random source failed, try again or check its entropy device")]
pub struct RandomError(#[source] getrandom::Error);

/// Fills `out` with bytes fit for keys.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(out).map_err(RandomError)
}
