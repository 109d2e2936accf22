//! What leads from facts to facts, in two lists of numbers.

/// For each fact some others, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::schema) struct Links {
    /// Where those of each fact begin; one more says where the last end.
    starts: Vec<u32>,
    to: Vec<u32>,
}

impl Links {
    /// Those of one fact stay in the order in which they are given.
    pub(in crate::schema) fn new(facts: usize, links: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0; facts + 1];
        for (from, _) in links.clone() {
            starts[from as usize + 1] += 1;
        }
        for at in 0..facts {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut to = vec![0; starts[facts] as usize];
        for (from, other) in links {
            let place = &mut next[from as usize];
            to[*place as usize] = other;
            *place += 1;
        }
        Self { starts, to }
    }

    pub(in crate::schema) fn of(&self, fact: usize) -> &[u32] {
        match (self.starts.get(fact), self.starts.get(fact + 1)) {
            (Some(start), Some(end)) => &self.to[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn each_fact_has_its_own_in_order() {
        let links = Links::new(3, [(2, 0), (0, 2), (2, 1)].into_iter());
        assert_eq!([links.of(0), links.of(1), links.of(2)], [&[2][..], &[], &[0, 1]]);
    }

    #[test]
    fn where_nothing_is_linked_yet_there_is_none() {
        assert!(Links::default().of(5).is_empty());
    }
}
