//! What a scenario decides by: one seed, one row of numbers.

use task::clock::SeededEntropy;

/// Repeatable choices.
#[derive(Debug)]
pub struct Dice(SeededEntropy);

impl Dice {
    /// The same seed makes the same choices.
    pub fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed ^ 0x5eed_d1ce_0000_0001))
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&self, bound: usize) -> usize {
        usize::try_from(self.0.below(bound as u64)).unwrap_or(0)
    }

    /// A number of milliseconds from `from` to `to`, both included.
    pub fn between_ms(&self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.0.below((to - from + 1).max(1).unsigned_abs())).unwrap_or(0)
    }

    /// Whether something of `percent` in a hundred happens.
    pub fn percent(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them, or `None` when there is none.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// The place of one of these, each as likely as its weight says.
    pub fn weighted(&self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}
