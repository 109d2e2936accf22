//! Interned strings: the objects of a schema repeat types, names and owners.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher as _;
use std::num::NonZeroU32;

/// The number of an interned string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Symbol(NonZeroU32);

/// The interned strings.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    joined: String,
    /// The end offset of each string, preceded by zero.
    ends: Vec<usize>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { joined: String::new(), ends: vec![0] }
    }
}

impl Texts {
    pub(super) fn get(&self, symbol: Symbol) -> &str {
        let at = symbol.0.get() as usize;
        &self.joined[self.ends[at - 1]..self.ends[at]]
    }

    /// All strings in one.
    pub(super) fn joined(&self) -> &str {
        &self.joined
    }

    fn push(&mut self, text: &str) -> Symbol {
        let before = self.ends.len() as u32 - 1;
        self.joined.push_str(text);
        self.ends.push(self.joined.len());
        Symbol(NonZeroU32::MIN.saturating_add(before))
    }

    fn symbols(&self) -> impl Iterator<Item = Symbol> + use<> {
        (0..self.ends.len() as u32 - 1).map(|before| Symbol(NonZeroU32::MIN.saturating_add(before)))
    }

    pub(super) fn shrink(&mut self) {
        self.joined.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Interns strings: equal ones get one symbol.
#[derive(Default)]
pub(super) struct Interner {
    /// Symbols by hash, with linear probing on collisions.
    symbols: HashMap<u32, Symbol>,
}

impl Interner {
    /// The interner that knows these strings.
    pub(super) fn of(texts: &Texts) -> Self {
        let mut known = Self::default();
        for symbol in texts.symbols() {
            let mut hash = known.hash(texts.get(symbol));
            while known.symbols.contains_key(&hash) {
                hash = hash.wrapping_add(1);
            }
            known.symbols.insert(hash, symbol);
        }
        known
    }

    pub(super) fn symbol(&mut self, texts: &mut Texts, text: &str) -> Symbol {
        let mut hash = self.hash(text);
        loop {
            match self.symbols.entry(hash) {
                Entry::Vacant(free) => return *free.insert(texts.push(text)),
                Entry::Occupied(taken) if texts.get(*taken.get()) == text => return *taken.get(),
                Entry::Occupied(_) => hash = hash.wrapping_add(1),
            }
        }
    }

    pub(super) fn find(&self, texts: &Texts, text: &str) -> Option<Symbol> {
        let mut hash = self.hash(text);
        while let Some(symbol) = self.symbols.get(&hash) {
            if texts.get(*symbol) == text {
                return Some(*symbol);
            }
            hash = hash.wrapping_add(1);
        }
        None
    }

    fn hash(&self, text: &str) -> u32 {
        self.symbols.hasher().hash_one(text) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once() {
        let (mut known, mut texts) = (Interner::default(), Texts::default());
        let symbols = ["a", "", "bc", "a", ""].map(|text| known.symbol(&mut texts, text));
        assert_eq!(symbols[..2], symbols[3..]);
        assert_eq!(texts.joined, "abc");
        assert_eq!(symbols.map(|symbol| texts.get(symbol)), ["a", "", "bc", "a", ""]);
        assert_eq!(known.find(&texts, "bc"), Some(symbols[2]));
        assert_eq!(known.find(&texts, "b"), None);
        let mut again = Interner::of(&texts);
        assert_eq!(
            ["a", "", "bc"].map(|text| again.symbol(&mut texts, text)),
            [symbols[0], symbols[1], symbols[2]]
        );
    }

    #[test]
    fn texts_with_one_hash_are_still_two() {
        let (mut known, mut texts) = (Interner::default(), Texts::default());
        let other = known.symbol(&mut texts, "b");
        known.symbols.insert(known.hash("a"), other);
        assert_eq!(known.find(&texts, "a"), None);
        let symbol = known.symbol(&mut texts, "a");
        assert_ne!(symbol, other);
        assert_eq!([known.symbol(&mut texts, "a"), known.symbol(&mut texts, "b")], [symbol, other]);
        assert_eq!(texts.get(symbol), "a");
    }
}
