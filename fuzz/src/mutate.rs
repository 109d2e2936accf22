//! Mutation of inputs.

use fastrand::Rng;

/// No input grows beyond it, in bytes.
const LONGEST: usize = 64 * 1024;
const INTERESTING: [u8; 12] = [0, 1, 4, 7, 8, b'"', b'\'', b'\\', b'$', b'\n', 0x7f, 0xff];

/// An input of the corpus with a few changes.
pub(crate) fn mutate(random: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pick(random, corpus).to_vec();
    for _ in 0..1 << random.u32(0..6) {
        change(random, &mut input, corpus);
        input.truncate(LONGEST);
    }
    input
}

fn pick<'a>(random: &mut Rng, corpus: &'a [Vec<u8>]) -> &'a [u8] {
    &corpus[random.usize(..corpus.len())]
}

/// A range of the input; empty when the input is.
fn range(random: &mut Rng, length: usize) -> std::ops::Range<usize> {
    let start = random.usize(..=length);
    let most = (length - start).min(64);
    start..start + random.usize(..=most)
}

fn change(random: &mut Rng, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = random.usize(..=input.len());
    match random.u8(..8) {
        0 if at < input.len() => input[at] ^= 1 << random.u32(..8),
        1 if at < input.len() => input[at] = INTERESTING[random.usize(..INTERESTING.len())],
        2 => input.insert(at, random.u8(..)),
        3 => input.insert(at, INTERESTING[random.usize(..INTERESTING.len())]),
        4 => drop(input.drain(range(random, input.len()))),
        5 => {
            let piece = input[range(random, input.len())].to_vec();
            let times = 1 << random.u32(..8);
            input.splice(at..at, piece.repeat(times));
        }
        6 => {
            let other = pick(random, corpus);
            input.splice(at..at, other[range(random, other.len())].iter().copied());
        }
        _ => input.truncate(at),
    }
}
