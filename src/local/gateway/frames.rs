//! Message boundaries in the bytes that a compute sends.

/// Follows the message boundaries of a stream without keeping it.
///
/// Lets the gateway add an error of its own only where a message may begin, and only if the compute sent none.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; 5],
    have: usize,
    /// Remaining bytes of the current message.
    skip: usize,
    last: u8,
    broken: bool,
}

impl Frames {
    pub(super) fn observe(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.broken {
            if self.skip > 0 {
                let passed = self.skip.min(bytes.len());
                self.skip -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let wanted = (self.head.len() - self.have).min(bytes.len());
            self.head[self.have..self.have + wanted].copy_from_slice(&bytes[..wanted]);
            self.have += wanted;
            bytes = &bytes[wanted..];
            if self.have == self.head.len() {
                let [tag, length @ ..] = self.head;
                // The length counts itself.
                match (u32::from_be_bytes(length) as usize).checked_sub(4) {
                    Some(body) => self.skip = body,
                    None => self.broken = true,
                }
                self.last = tag;
                self.have = 0;
            }
        }
    }

    /// Whether a message may begin here.
    pub(super) fn between_messages(&self) -> bool {
        self.have == 0 && self.skip == 0 && !self.broken
    }

    /// Whether the last message was an error, which is how PostgreSQL ends a session.
    pub(super) fn ended_with_error(&self) -> bool {
        self.last == b'E'
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boundaries_are_found_however_the_stream_is_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10),
            cut in 1usize..20,
        ) {
            let mut stream = Vec::new();
            for body in &bodies {
                stream.push(b'D');
                stream.extend((body.len() as u32 + 4).to_be_bytes());
                stream.extend(body);
            }
            let mut frames = Frames::default();
            for chunk in stream.chunks(cut) {
                frames.observe(chunk);
            }
            prop_assert!(frames.between_messages());
            frames.observe(b"E");
            prop_assert!(!frames.between_messages());
        }

        #[test]
        fn any_bytes_are_survived(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let mut frames = Frames::default();
            for chunk in &chunks {
                frames.observe(chunk);
            }
        }
    }
}
