//! A value of a client as JSON, from either format.
//!
//! `serde_json::Value` reads itself, but with `raw_value` it takes an object with one certain key for JSON text within
//! the value and parses that, too, which would get around the bound on nesting. This reader knows no such key.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Reads one value. Numbers that JSON does not have, such as NaN, become null.
struct ArgumentReader;

impl<'de> DeserializeSeed<'de> for ArgumentReader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ArgumentReader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON can represent")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        // Grows with what is there: the length that the client claims is not to be believed.
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(Self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key_seed(KeyReader)? {
            fields.insert(key, map.next_value_seed(Self)?);
        }
        Ok(Value::Object(fields))
    }
}

/// Reads the key of an object. `String` would read itself from binary data as well.
struct KeyReader;

impl<'de> DeserializeSeed<'de> for KeyReader {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyReader {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is a string")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<String, E> {
        Ok(value)
    }
}

/// The value of a JSON text. The nesting was bounded before; the parser itself stops at 128 levels.
pub(crate) fn read_value_from_json(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = ArgumentReader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The value that these bytes of msgpack begin with. Binary data, extension types and keys that are no strings have no
/// equivalent and are errors.
pub(crate) fn read_value_from_msgpack(bytes: &[u8]) -> Result<Value, rmp_serde::decode::Error> {
    ArgumentReader.deserialize(&mut rmp_serde::Deserializer::from_read_ref(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn should_read_the_same_value_from_both_formats() {
        let value = json!({
            "null": null, "yes": true, "no": false, "text": "owl \u{1f989}", "empty": "",
            "numbers": [0, -1, 127, 128, u64::MAX, i64::MIN, 0.5, 1e300],
            "nested": {"": {}, "array": [[], [[]]]},
        });
        assert_eq!(read_value_from_json(&value.to_string()).unwrap(), value);
        let bytes = rmp_serde::to_vec(&value).unwrap();
        assert_eq!(read_value_from_msgpack(&bytes).unwrap(), value);
    }

    #[test]
    fn should_take_no_object_for_text_to_parse() {
        let value = json!({"$serde_json::private::RawValue": "[1]"});
        assert_eq!(read_value_from_json(&value.to_string()).unwrap(), value);
        let bytes = rmp_serde::to_vec(&value).unwrap();
        assert_eq!(read_value_from_msgpack(&bytes).unwrap(), value);
    }

    #[test]
    fn should_make_null_of_numbers_that_json_does_not_have() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let bytes = rmp_serde::to_vec(&number).unwrap();
            assert_eq!(read_value_from_msgpack(&bytes).unwrap(), Value::Null);
        }
        let half = rmp_serde::to_vec(&0.5_f32).unwrap();
        assert_eq!(read_value_from_msgpack(&half).unwrap(), json!(0.5));
    }

    #[test]
    fn should_refuse_what_json_cannot_represent() {
        let refused: [&[u8]; 8] = [
            b"\xc4\x01x",         // binary data
            b"\xd6\xff\0\0\0\0",  // a timestamp
            b"\x81\x01\x02",      // a key that is a number
            b"\x81\xc4\x01x\x02", // a key that is binary data
            b"\x81\xc0\x02",      // a key that is nil
            b"\x81\x90\x02",      // a key that is an array
            b"\xa1\xff",          // text that is not UTF-8
            b"\x91\xc4\0",        // binary data within an array
        ];
        for bytes in refused {
            assert!(read_value_from_msgpack(bytes).is_err(), "{bytes:x?}");
        }
        for text in ["1e400", r#""\ud800""#, "[", "1 2", ""] {
            assert!(read_value_from_json(text).is_err(), "{text}");
        }
    }
}
