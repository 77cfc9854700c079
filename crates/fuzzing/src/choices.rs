//! Bytes of an input as choices: how a target turns them into something with structure.

/// Reads an input from its beginning. Past the end every choice is zero, so that any input means something.
#[derive(Debug, Clone)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// All of an input.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether choices are left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn take_byte_or_zero(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// The next two bytes, as a number.
    pub fn take_pair_or_zero(&mut self) -> u16 {
        u16::from_be_bytes([self.take_byte_or_zero(), self.take_byte_or_zero()])
    }

    /// The next bytes, up to this many.
    pub fn take_bytes_up_to(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Everything that is left.
    pub fn take_rest_of_input(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// `bytes` cut into pieces as this byte says: 0 is one piece, 1 is a piece for each byte, and every other byte
    /// stands for lengths of its own.
    pub fn cut_bytes_by_seed(bytes: &[u8], seed: u8) -> Vec<&[u8]> {
        let mut lengths = u32::from(seed);
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let length = match seed {
                0 => rest.len(),
                1 => 1,
                _ => {
                    lengths = lengths.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                    1 + (lengths >> 16) as usize % (usize::from(seed) * 2)
                }
            };
            let (piece, after) = rest.split_at(length.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::Choices;

    #[test]
    fn should_give_zero_past_the_end() {
        let mut choices = Choices::new(&[1, 2, 3, 4, 5]);
        assert_eq!((choices.take_byte_or_zero(), choices.take_pair_or_zero()), (1, 0x0203));
        assert_eq!(choices.take_bytes_up_to(9), [4, 5]);
        assert!(choices.is_empty());
        assert_eq!((choices.take_byte_or_zero(), choices.take_pair_or_zero()), (0, 0));
        assert!(choices.take_rest_of_input().is_empty());
    }

    #[test]
    fn should_cut_bytes_without_losing_one() {
        let bytes: Vec<u8> = (0..=255).collect();
        for seed in 0..=255 {
            let pieces = Choices::cut_bytes_by_seed(&bytes, seed);
            assert_eq!(pieces.concat(), bytes);
            match seed {
                0 => assert_eq!(pieces.len(), 1),
                1 => assert_eq!(pieces.len(), bytes.len()),
                _ => assert!(pieces.iter().all(|piece| !piece.is_empty())),
            }
        }
        assert!(Choices::cut_bytes_by_seed(&[], 7).is_empty());
    }
}
