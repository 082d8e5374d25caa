//! A quick no: whether a principal can stand in a list at all.

use std::sync::Arc;

use crate::id::PrincipalId;

/// 16 to 32 bits for each principal of a list, one of them set.
///
/// A caller is in many teams of which a list names one or none. One look here spares the search for
/// nine of ten others and more; whoever is listed is always let through.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Sieve {
    words: Arc<[u64]>,
}

impl Sieve {
    pub(crate) fn of(principals: impl ExactSizeIterator<Item = PrincipalId>) -> Self {
        let count = match principals.len() {
            0 => 0,
            some => (some / 4).next_power_of_two(),
        };
        let mut words = vec![0; count];
        for principal in principals {
            let (word, bit) = slot(principal, count);
            words[word] |= bit;
        }
        Self {
            words: words.into(),
        }
    }

    /// Whether it may be in the list; false is certain.
    pub(crate) fn lets_through(&self, principal: PrincipalId) -> bool {
        let (word, bit) = slot(principal, self.words.len());
        self.words.get(word).is_some_and(|held| held & bit != 0)
    }
}

/// Which bit of which of `count` words (a power of two, or none at all). Numbers follow one another,
/// and a multiplication by the golden ratio spreads them.
fn slot(principal: PrincipalId, count: usize) -> (usize, u64) {
    let spread = principal.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let last = (count as u64).wrapping_sub(1);
    let word = usize::try_from((spread ^ (spread >> 32)) & last).unwrap_or_default();
    (word, 1 << (spread >> 58))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: std::ops::Range<u64>, step: usize) -> impl Iterator<Item = PrincipalId> {
        range.step_by(step).map(PrincipalId::new)
    }

    #[test]
    fn it_lets_everybody_through_who_is_listed_and_few_others() {
        for (count, words) in [
            (0, 0),
            (1, 1),
            (20, 8),
            (64, 16),
            (1_000, 256),
            (10_000, 4_096),
        ] {
            for step in [1, 2, 7, 64, 256, 1_024] {
                let first = 3_000_000;
                let last = first + count * step as u64;
                let listed: Vec<_> = numbers(first..last, step).collect();
                let sieve = Sieve::of(listed.iter().copied());
                assert_eq!(sieve.words.len(), words, "{count}");
                assert!(listed.iter().all(|listed| sieve.lets_through(*listed)));
                // Those who follow the listed ones by the same steps are more alike to them.
                for (by, most) in [(1, 1_000), (step, 2_500)] {
                    let others = numbers(last..last + 10_000 * by as u64, by);
                    let others = others.filter(|it| sieve.lets_through(*it)).count();
                    assert!(others < most, "{others} by {by} of {count} by {step}");
                }
            }
        }
        assert_eq!(
            Sieve::of(numbers(0..0, 1).collect::<Vec<_>>().into_iter()),
            Sieve::default()
        );
        let nobody = numbers(0..10_000, 1).filter(|it| Sieve::default().lets_through(*it));
        assert_eq!(nobody.count(), 0);
    }
}
