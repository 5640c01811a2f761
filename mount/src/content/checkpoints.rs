//! Places from which a text can be made again: a bounded number, evenly spread.

pub(crate) struct Checkpoints<C> {
    /// By position.
    kept: Vec<(u64, C)>,
    limit: usize,
    spacing: u64,
}

impl<C: Clone> Checkpoints<C> {
    pub(crate) fn new(limit: usize, spacing: u64) -> Self {
        Checkpoints { kept: Vec::new(), limit: limit.max(2), spacing: spacing.max(1) }
    }

    /// Whether a checkpoint at `position` is far enough from those before it to be worth keeping.
    pub(crate) fn wants(&self, position: u64) -> bool {
        match self.kept.partition_point(|(p, _)| *p <= position) {
            0 => position >= self.spacing,
            i => position - self.kept[i - 1].0 >= self.spacing,
        }
    }

    pub(crate) fn add(&mut self, position: u64, checkpoint: C) {
        let i = self.kept.partition_point(|(p, _)| *p < position);
        self.kept.insert(i, (position, checkpoint));
        if self.kept.len() > self.limit {
            // Every other one goes: the spread stays even and the distance doubles.
            let mut keep = false;
            self.kept.retain(|_| {
                keep = !keep;
                !keep
            });
            self.spacing = self.spacing.saturating_mul(2);
        }
    }

    /// The nearest at or before `position`.
    pub(crate) fn before(&self, position: u64) -> Option<&(u64, C)> {
        let i = self.kept.partition_point(|(p, _)| *p <= position);
        i.checked_sub(1).map(|i| &self.kept[i])
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoints;

    #[test]
    fn the_number_is_bounded_and_the_spread_even() {
        let mut c = Checkpoints::new(8, 10);
        for position in (0..100_000).step_by(7) {
            if c.wants(position) {
                c.add(position, position);
            }
        }
        assert!(c.len() <= 8 && c.len() >= 4, "{}", c.len());
        let places: Vec<u64> = c.kept.iter().map(|k| k.0).collect();
        let gaps: Vec<u64> = places.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(gaps.iter().max() <= gaps.iter().min().map(|m| m * 2).as_ref(), "{places:?}");
        assert_eq!(c.before(places[0] - 1), None);
        assert_eq!(c.before(places[1]), Some(&(places[1], places[1])));
        assert_eq!(c.before(u64::MAX).map(|k| k.0), places.last().copied());
    }
}
