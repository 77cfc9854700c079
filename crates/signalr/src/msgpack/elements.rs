//! The elements of an array in msgpack, one after the other. Lengths that a client claims are compared with the bytes
//! that are there, and nothing is allocated by them.

use rmp::Marker;

use crate::hub_message::{BadMessage, MOST_NESTED_VALUES};

/// How deep the elements of a message are nested: the message is around them.
const DEPTH_OF_ELEMENTS: usize = 2;

/// What is left of an array.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    /// How many elements are left, if the client is to be believed.
    left: u64,
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// The elements of the array that these bytes begin with, if they do.
    pub(super) fn from_array(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let left = rmp::decode::read_array_len(&mut rest).ok()?;
        Some(Self { left: left.into(), rest })
    }

    pub(super) const fn are_all_taken(&self) -> bool {
        self.left == 0
    }

    /// The bytes of the next element, which is whole and not too deep.
    pub(super) fn take_element_by_name(&mut self, name: &str) -> Result<&'a [u8], BadMessage> {
        if self.left == 0 {
            return Err(BadMessage::with_missing_property(name));
        }
        self.left -= 1;
        let before = self.rest;
        self.rest = skip_value_at_depth(before, DEPTH_OF_ELEMENTS)?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    /// The next element, which is an integer.
    pub(super) fn read_number_by_name<T: TryFrom<i128>>(
        &mut self,
        name: &str,
    ) -> Result<T, BadMessage> {
        let mut element = self.take_element_by_name(name)?;
        let number = rmp::decode::read_int::<i128, _>(&mut element).ok();
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| BadMessage::with_wrong_type(name, "Number"))
    }

    /// The next element, which is a string or nil.
    pub(super) fn read_text_by_name(&mut self, name: &str) -> Result<Option<String>, BadMessage> {
        let mut element = self.take_element_by_name(name)?;
        if element == [Marker::Null.to_u8()] {
            return Ok(None);
        }
        // What is behind the length is the text, since the element is whole.
        let is_text = rmp::decode::read_str_len(&mut element).is_ok();
        let text = std::str::from_utf8(element).ok().filter(|_| is_text);
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| BadMessage::with_wrong_type(name, "String"))
    }

    /// Skips the elements that nobody asked for. Nothing may follow the last one.
    pub(super) fn check_end_of_message(&mut self) -> Result<(), BadMessage> {
        while !self.are_all_taken() {
            self.take_element_by_name("element")?;
        }
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(BadMessage::with_text("Bytes follow the end of the message."))
    }
}

/// What follows the first value of these bytes. Its own arrays and maps are the level `depth` of the message.
fn skip_value_at_depth(bytes: &[u8], depth: usize) -> Result<&[u8], BadMessage> {
    let mut rest = bytes;
    let (data_bytes, values) = read_extent_of_value(&mut rest)?;
    let data_bytes = usize::try_from(data_bytes).map_err(|_| describe_value_cut_off())?;
    let (_, mut rest) = rest.split_at_checked(data_bytes).ok_or_else(describe_value_cut_off)?;
    let Some(values) = values else { return Ok(rest) };
    if depth > MOST_NESTED_VALUES {
        return Err(BadMessage::with_deep_nesting());
    }
    // A claim of four billion ends where the bytes do: each value has at least one.
    for _ in 0..values {
        rest = skip_value_at_depth(rest, depth + 1)?;
    }
    Ok(rest)
}

/// How many bytes follow the head of the value that `rest` begins with, and how many values, if it is an array or map.
fn read_extent_of_value(rest: &mut &[u8]) -> Result<(u64, Option<u64>), BadMessage> {
    let marker = Marker::from_u8(u8::try_from(read_length_of_width(rest, 1)?).unwrap_or_default());
    Ok(match marker {
        Marker::Null | Marker::False | Marker::True => (0, None),
        Marker::FixPos(_) | Marker::FixNeg(_) => (0, None),
        Marker::U8 | Marker::I8 => (1, None),
        Marker::U16 | Marker::I16 => (2, None),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, None),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, None),
        Marker::FixStr(length) => (length.into(), None),
        Marker::Str8 | Marker::Bin8 => (read_length_of_width(rest, 1)?, None),
        Marker::Str16 | Marker::Bin16 => (read_length_of_width(rest, 2)?, None),
        Marker::Str32 | Marker::Bin32 => (read_length_of_width(rest, 4)?, None),
        // One byte of an extension is its type.
        Marker::FixExt1 => (2, None),
        Marker::FixExt2 => (3, None),
        Marker::FixExt4 => (5, None),
        Marker::FixExt8 => (9, None),
        Marker::FixExt16 => (17, None),
        Marker::Ext8 => (1 + read_length_of_width(rest, 1)?, None),
        Marker::Ext16 => (1 + read_length_of_width(rest, 2)?, None),
        Marker::Ext32 => (1 + read_length_of_width(rest, 4)?, None),
        Marker::FixArray(length) => (0, Some(length.into())),
        Marker::Array16 => (0, Some(read_length_of_width(rest, 2)?)),
        Marker::Array32 => (0, Some(read_length_of_width(rest, 4)?)),
        // A key and a value for each.
        Marker::FixMap(length) => (0, Some(2 * u64::from(length))),
        Marker::Map16 => (0, Some(2 * read_length_of_width(rest, 2)?)),
        Marker::Map32 => (0, Some(2 * read_length_of_width(rest, 4)?)),
        Marker::Reserved => {
            return Err(BadMessage::with_text("The message has a byte that msgpack never uses."));
        }
    })
}

/// The number in the next bytes, the most significant first.
fn read_length_of_width(rest: &mut &[u8], width: usize) -> Result<u64, BadMessage> {
    let (number, behind) = rest.split_at_checked(width).ok_or_else(describe_value_cut_off)?;
    *rest = behind;
    Ok(number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn describe_value_cut_off() -> BadMessage {
    BadMessage::with_text("The message ends within a value.")
}
