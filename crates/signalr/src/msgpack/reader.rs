//! Values of MessagePack as JSON has them. No length that is claimed is believed: nothing is set aside for what has not
//! come.

use rmp::Marker;
use serde_json::{Map, Number, Value};

use crate::hub_message::{BadMessage, DEEPEST_NESTING};

/// Reads one message.
pub(super) struct MessageReader<'a> {
    rest: &'a [u8],
    /// What the value that is read has and JSON has not.
    problem: Option<&'static str>,
}

impl<'a> MessageReader<'a> {
    pub(super) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message, problem: None }
    }

    /// How many items the message has.
    pub(super) fn read_array_of_message(&mut self) -> Result<usize, BadMessage> {
        let length = self.read_length_of_array()?;
        match length {
            None => Err(BadMessage::from_text("The message must be an array.")),
            Some(0) => Err(BadMessage::from_text("The message has no type.")),
            Some(length) => Ok(length),
        }
    }

    pub(super) fn expect_end_of_message(&self) -> Result<(), BadMessage> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(BadMessage::from_text("There is something behind the message."))
    }

    /// `None` for a number that is not one of a type.
    pub(super) fn read_next_as_unsigned(&mut self, name: &str) -> Result<Option<u64>, BadMessage> {
        match self.read_next_value()? {
            Value::Number(number) => Ok(number.as_u64()),
            _ => Err(BadMessage::from_text(format!("Expected '{name}' to be a number."))),
        }
    }

    pub(super) fn read_next_as_text(&mut self, name: &str) -> Result<String, BadMessage> {
        let missing = || BadMessage::from_text(format!("Expected '{name}' to be a string."));
        self.read_next_as_optional_text(name)?.ok_or_else(missing)
    }

    pub(super) fn read_next_as_optional_text(
        &mut self,
        name: &str,
    ) -> Result<Option<String>, BadMessage> {
        match self.read_next_value()? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(BadMessage::from_text(format!("Expected '{name}' to be a string."))),
        }
    }

    /// The arguments of a call; what is wrong with them when they are nothing that JSON has.
    pub(super) fn read_next_as_arguments(
        &mut self,
    ) -> Result<Result<Vec<Value>, String>, BadMessage> {
        self.problem = None;
        let Value::Array(arguments) = self.read_next_value()? else {
            return Err(BadMessage::from_text("Expected 'arguments' to be an array."));
        };
        Ok(self.problem.take().map_or(Ok(arguments), |problem| Err(problem.to_owned())))
    }

    pub(super) fn read_next_as_stream_ids(&mut self) -> Result<usize, BadMessage> {
        match self.read_next_value()? {
            Value::Null => Ok(0),
            Value::Array(ids) => Ok(ids.len()),
            _ => Err(BadMessage::from_text("Expected 'streamIds' to be an array.")),
        }
    }

    pub(super) fn skip_next_value(&mut self) -> Result<(), BadMessage> {
        self.read_next_value().map(drop)
    }

    pub(super) fn skip_values_of_rest(&mut self, values: usize) -> Result<(), BadMessage> {
        // Each takes a byte at least: a claim of more ends with the message.
        (0..values).try_for_each(|_| self.skip_next_value())
    }

    fn read_next_value(&mut self) -> Result<Value, BadMessage> {
        // The array that is the message is the first level.
        self.read_value_at_depth(1)
    }

    fn read_value_at_depth(&mut self, depth: usize) -> Result<Value, BadMessage> {
        let marker = self.read_marker_of_value()?;
        Ok(match marker {
            Marker::Null => Value::Null,
            Marker::True => Value::Bool(true),
            Marker::False => Value::Bool(false),
            Marker::FixPos(number) => number.into(),
            Marker::FixNeg(number) => number.into(),
            Marker::U8 => u8::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::U16 => u16::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::U32 => u32::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::U64 => u64::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::I8 => i8::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::I16 => i16::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::I32 => i32::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::I64 => i64::from_be_bytes(self.read_bytes_of_number()?).into(),
            Marker::F32 => {
                write_number_or_null(f32::from_be_bytes(self.read_bytes_of_number()?).into())
            }
            Marker::F64 => write_number_or_null(f64::from_be_bytes(self.read_bytes_of_number()?)),
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                self.read_text_of_marker(marker)?
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                let length = self.read_length_of_marker(marker)?;
                self.read_array_of_length(length, step_one_level_down(depth)?)?
            }
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                let length = self.read_length_of_marker(marker)?;
                self.read_map_of_length(length, step_one_level_down(depth)?)?
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let length = self.read_length_of_marker(marker)?;
                self.skip_bytes_of_value(length, "bytes are nothing that JSON has")?
            }
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32 => {
                // The type of the extension stands before its bytes.
                let length = self.read_length_of_marker(marker)? + 1;
                self.skip_bytes_of_value(length, "extensions are nothing that JSON has")?
            }
            Marker::Reserved => {
                return Err(BadMessage::from_text("There is no such type in MessagePack."));
            }
        })
    }

    fn read_length_of_array(&mut self) -> Result<Option<usize>, BadMessage> {
        let marker = self.read_marker_of_value()?;
        match marker {
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                self.read_length_of_marker(marker).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn read_marker_of_value(&mut self) -> Result<Marker, BadMessage> {
        let [marker] = self.read_bytes_of_number()?;
        Ok(Marker::from_u8(marker))
    }

    fn read_length_of_marker(&mut self, marker: Marker) -> Result<usize, BadMessage> {
        let length = match marker {
            Marker::FixStr(length) | Marker::FixArray(length) | Marker::FixMap(length) => {
                length.into()
            }
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => {
                u8::from_be_bytes(self.read_bytes_of_number()?).into()
            }
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
                u16::from_be_bytes(self.read_bytes_of_number()?).into()
            }
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            _ => u32::from_be_bytes(self.read_bytes_of_number()?),
        };
        usize::try_from(length).map_err(|_| BadMessage::from_text("The message is cut."))
    }

    fn read_bytes_of_number<const N: usize>(&mut self) -> Result<[u8; N], BadMessage> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| BadMessage::from_text("The message is cut."))?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn read_bytes_of_length(&mut self, length: usize) -> Result<&'a [u8], BadMessage> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| BadMessage::from_text("The message is cut."))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn read_text_of_marker(&mut self, marker: Marker) -> Result<Value, BadMessage> {
        let length = self.read_length_of_marker(marker)?;
        let text = std::str::from_utf8(self.read_bytes_of_length(length)?)
            .map_err(|_| BadMessage::from_text("A string is no UTF-8."))?;
        Ok(text.into())
    }

    fn skip_bytes_of_value(
        &mut self,
        length: usize,
        problem: &'static str,
    ) -> Result<Value, BadMessage> {
        self.read_bytes_of_length(length)?;
        self.problem.get_or_insert(problem);
        Ok(Value::Null)
    }

    fn read_array_of_length(&mut self, length: usize, depth: usize) -> Result<Value, BadMessage> {
        let mut values = Vec::new();
        for _ in 0..length {
            values.push(self.read_value_at_depth(depth)?);
        }
        Ok(Value::Array(values))
    }

    fn read_map_of_length(&mut self, length: usize, depth: usize) -> Result<Value, BadMessage> {
        let mut fields = Map::new();
        for _ in 0..length {
            let key = self.read_value_at_depth(depth)?;
            let value = self.read_value_at_depth(depth)?;
            match key {
                Value::String(key) => {
                    fields.insert(key, value);
                }
                _ => {
                    self.problem.get_or_insert("keys must be strings");
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

fn step_one_level_down(depth: usize) -> Result<usize, BadMessage> {
    if depth >= DEEPEST_NESTING {
        return Err(BadMessage::from_text("The message is nested too deeply."));
    }
    Ok(depth + 1)
}

/// JSON has no infinity, and nothing that is no number.
fn write_number_or_null(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
