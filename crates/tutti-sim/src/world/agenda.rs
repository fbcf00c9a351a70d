//! What is going to happen, in the order of its instants; what is due at once in the order in which it was planned.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Things to come.
pub(super) struct Agenda<T> {
    heap: BinaryHeap<Entry<T>>,
    planned: u64,
}

struct Entry<T> {
    at_us: i64,
    place: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub fn new() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }

    pub fn plan(&mut self, at_us: i64, what: T) {
        self.planned += 1;
        self.heap.push(Entry { at_us, place: self.planned, what });
    }

    /// The next thing, if it is due until then.
    pub fn next(&mut self, until_us: i64) -> Option<(i64, T)> {
        if self.heap.peek()?.at_us > until_us {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at_us, entry.what))
    }
}

impl<T> Ord for Entry<T> {
    /// The earliest is the greatest: that is what a heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at_us, other.place).cmp(&(self.at_us, self.place))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_of_two_at_once_the_one_planned_first() {
        let mut agenda = Agenda::new();
        for (at_us, what) in [(30, 'c'), (10, 'a'), (30, 'd'), (20, 'b'), (99, 'z')] {
            agenda.plan(at_us, what);
        }
        let order: String = std::iter::from_fn(|| agenda.next(50)).map(|(_, what)| what).collect();
        assert_eq!(order, "abcd");
        assert_eq!(agenda.next(99), Some((99, 'z')));
    }
}
