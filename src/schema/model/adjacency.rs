//! Adjacency lists between objects, in compressed form.

/// The neighbors of each object, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::schema) struct Adjacency {
    /// The offset of each object's neighbors, followed by the end of the last.
    starts: Vec<u32>,
    to: Vec<u32>,
}

impl Adjacency {
    /// The neighbors of one object keep the order of `edges`.
    pub(in crate::schema) fn new(objects: usize, edges: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0; objects + 1];
        for (from, _) in edges.clone() {
            starts[from as usize + 1] += 1;
        }
        for at in 0..objects {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut to = vec![0; starts[objects] as usize];
        for (from, other) in edges {
            let place = &mut next[from as usize];
            to[*place as usize] = other;
            *place += 1;
        }
        Self { starts, to }
    }

    pub(in crate::schema) fn of(&self, object: usize) -> &[u32] {
        match (self.starts.get(object), self.starts.get(object + 1)) {
            (Some(start), Some(end)) => &self.to[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Adjacency;

    #[test]
    fn each_object_has_its_own_neighbors_in_order() {
        let adjacency = Adjacency::new(3, [(2, 0), (0, 2), (2, 1)].into_iter());
        assert_eq!([adjacency.of(0), adjacency.of(1), adjacency.of(2)], [&[2][..], &[], &[0, 1]]);
    }

    #[test]
    fn where_nothing_is_linked_yet_there_is_none() {
        assert!(Adjacency::default().of(5).is_empty());
    }
}
