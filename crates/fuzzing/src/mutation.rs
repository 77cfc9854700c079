//! Changes inputs of a corpus, always in the same way for the same corpus: what the seeded run adds to it.

/// Longest input made here.
const MOST_BYTES: usize = 4096;
/// Changes made to one input, at most.
const MOST_CHANGES: u64 = 4;
/// Bytes that mean something to the formats at hand: ends of text and numbers, separators, brackets, markers of
/// msgpack, and what begins and goes on in UTF-8.
const TELLING_BYTES: &[u8] =
    b"\0\x01\x04\x1e\x7f\x80\x81\xbf\xc0\xc2\xc3\xd4\xd9\xdc\xde\xdf\xed\xf0\xff\
    0149-+.:;,&=%@/\\\"'[]{}()<> \t\r\nbeEn_\xf0\x9f\xa6\x89";

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll_next_random_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn roll_index_below_end(&mut self, end: usize) -> usize {
        usize::try_from(self.roll_next_random_number() % (end.max(1) as u64)).unwrap_or_default()
    }

    fn pick_byte_that_tells(&mut self) -> u8 {
        match self.roll_index_below_end(4) {
            0 => self.roll_next_random_number().to_le_bytes()[0],
            _ => TELLING_BYTES[self.roll_index_below_end(TELLING_BYTES.len())],
        }
    }
}

/// Makes inputs from those of a corpus.
#[derive(Debug)]
pub(crate) struct Mutator<'a> {
    dice: Dice,
    seeds: &'a [(String, Vec<u8>)],
}

impl<'a> Mutator<'a> {
    /// For the corpus of a target. The name is the seed.
    pub(crate) fn new(target: &str, seeds: &'a [(String, Vec<u8>)]) -> Self {
        // FNV-1a.
        let seed = target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { dice: Dice(seed), seeds }
    }

    /// The next input.
    pub(crate) fn make_next_mutated_input(&mut self) -> Vec<u8> {
        let mut input = self.pick_seed_of_corpus().to_vec();
        for _ in 0..=self.dice.roll_next_random_number() % MOST_CHANGES {
            self.change_input_at_random(&mut input);
        }
        input.truncate(MOST_BYTES);
        input
    }

    fn pick_seed_of_corpus(&mut self) -> &'a [u8] {
        let picked = self.dice.roll_index_below_end(self.seeds.len());
        self.seeds.get(picked).map_or(&[], |(_, bytes)| bytes)
    }

    fn change_input_at_random(&mut self, input: &mut Vec<u8>) {
        let at = self.dice.roll_index_below_end(input.len() + 1);
        let end = at + self.dice.roll_index_below_end(input.len() - at + 1);
        match self.dice.roll_index_below_end(8) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.dice.roll_index_below_end(8);
                }
            }
            1 => {
                let byte = self.dice.pick_byte_that_tells();
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
            2 => {
                for _ in 0..=self.dice.roll_index_below_end(3) {
                    input.insert(at, self.dice.pick_byte_that_tells());
                }
            }
            3 => {
                input.drain(at..end);
            }
            4 => input.truncate(at),
            5 => {
                let repeated = input[at..end].to_vec();
                input.splice(at..at, repeated);
            }
            6 => {
                let other = self.pick_seed_of_corpus();
                let from = self.dice.roll_index_below_end(other.len() + 1);
                let to = from + self.dice.roll_index_below_end(other.len() - from + 1);
                input.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                // One byte many times: deep nesting, long numbers, floods of separators.
                let byte = self.dice.pick_byte_that_tells();
                let times = 1 << self.dice.roll_index_below_end(11);
                input.splice(at..at, std::iter::repeat_n(byte, times));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn make_inputs_of_target(target: &str) -> Vec<Vec<u8>> {
        let seeds = [("a".to_owned(), b"42[\"event\",{}]".to_vec()), ("b".to_owned(), Vec::new())];
        let mut mutator = Mutator::new(target, &seeds);
        (0..2000).map(|_| mutator.make_next_mutated_input()).collect()
    }

    #[test]
    fn should_make_the_same_inputs_every_time_and_others_for_another_target() {
        let inputs = make_inputs_of_target("one");
        assert_eq!(inputs, make_inputs_of_target("one"));
        assert_ne!(inputs, make_inputs_of_target("two"));
    }

    #[test]
    fn should_make_many_inputs_of_every_length_within_the_bound() {
        let inputs = make_inputs_of_target("one");
        let distinct: HashSet<&Vec<u8>> = inputs.iter().collect();
        assert!(distinct.len() > inputs.len() / 2, "{} only", distinct.len());
        assert!(inputs.iter().all(|input| input.len() <= MOST_BYTES));
        assert!(inputs.iter().any(|input| input.len() > 500));
        assert!(inputs.iter().any(|input| input.starts_with(b"42[") && input.len() > 14));
    }
}
