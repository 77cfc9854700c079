//! The versions of STOMP, and what each does to the values of headers.

use std::borrow::Cow;

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Values are trimmed, and nothing is escaped.
    V10,
    /// Colons, backslashes and line feeds are escaped.
    V11,
    /// Carriage returns, too.
    V12,
}

/// What a server that speaks all of them says it does.
pub const SUPPORTED_VERSIONS: &str = "1.0,1.1,1.2";

/// A backslash in front of something that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndefinedEscape;

impl Version {
    /// As headers name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// The highest that a client accepts; 1.0 for one that does not say. `None` when it accepts none.
    pub fn choose_highest_of_accepted(accepted: Option<&str>) -> Option<Self> {
        let Some(accepted) = accepted else { return Some(Self::V10) };
        let accepts =
            |version: &Self| accepted.split(',').any(|one| one.trim() == version.as_str());
        [Self::V12, Self::V11, Self::V10].into_iter().find(accepts)
    }

    /// A name or value of a header as its sender meant it.
    pub(crate) fn read_text_of_header(self, raw: &str) -> Result<Cow<'_, str>, UndefinedEscape> {
        if self == Self::V10 {
            return Ok(raw.trim().into());
        }
        if !raw.contains('\\') {
            return Ok(raw.into());
        }
        let mut text = String::with_capacity(raw.len());
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            text.push(match character {
                '\\' => self.resolve_escaped_character_of_header(characters.next())?,
                other => other,
            });
        }
        Ok(text.into())
    }

    const fn resolve_escaped_character_of_header(
        self,
        escaped: Option<char>,
    ) -> Result<char, UndefinedEscape> {
        match (escaped, self) {
            (Some('n'), _) => Ok('\n'),
            (Some('c'), _) => Ok(':'),
            (Some('\\'), _) => Ok('\\'),
            (Some('r'), Self::V12) => Ok('\r'),
            _ => Err(UndefinedEscape),
        }
    }

    /// Appends a name or value of a header so that its receiver reads what is meant. What cannot be said in this version is
    /// left out, or it would end the header.
    pub(crate) fn append_text_of_header(self, text: &str, to: &mut Vec<u8>) {
        for byte in text.bytes() {
            match (byte, self) {
                (b'\n' | b'\r' | 0, Self::V10) | (b'\r', Self::V11) | (0, _) => {}
                (b'\n', _) => to.extend_from_slice(b"\\n"),
                (b'\r', _) => to.extend_from_slice(b"\\r"),
                (b':', Self::V11 | Self::V12) => to.extend_from_slice(b"\\c"),
                (b'\\', Self::V11 | Self::V12) => to.extend_from_slice(b"\\\\"),
                (other, _) => to.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn should_choose_the_highest_that_both_speak() {
        for (accepted, chosen) in [
            (None, Some(Version::V10)),
            (Some("1.2"), Some(Version::V12)),
            (Some("1.1,1.0"), Some(Version::V11)),
            (Some(" 1.0 , 1.2 ,3"), Some(Version::V12)),
            (Some("1.3"), None),
            (Some(""), None),
        ] {
            assert_eq!(Version::choose_highest_of_accepted(accepted), chosen, "{accepted:?}");
        }
    }

    #[test]
    fn should_know_the_escapes_of_each_version_and_no_others() {
        let read =
            |version: Version, raw: &str| version.read_text_of_header(raw).map(Cow::into_owned);
        assert_eq!(read(Version::V10, r" a\nb\ "), Ok(r"a\nb\".to_owned()));
        assert_eq!(read(Version::V11, r" a\nb\c\\"), Ok(" a\nb:\\".to_owned()));
        assert_eq!(read(Version::V12, r"\r\\n"), Ok("\r\\n".to_owned()));
        for (version, raw) in [
            (Version::V11, r"\r"),
            (Version::V11, r"\t"),
            (Version::V12, r"\t"),
            (Version::V12, "\\"),
        ] {
            assert_eq!(read(version, raw), Err(UndefinedEscape), "{version:?} {raw}");
        }
    }

    proptest! {
        #[test]
        fn should_read_what_it_wrote(text in "[^\0]*") {
            for version in [Version::V11, Version::V12] {
                let mut written = Vec::new();
                version.append_text_of_header(&text, &mut written);
                let written = String::from_utf8(written).unwrap();
                prop_assert!(!written.contains(['\n', '\r', ':', '\0']));
                let meant = if version == Version::V11 { text.replace('\r', "") } else { text.clone() };
                prop_assert_eq!(version.read_text_of_header(&written).unwrap().into_owned(), meant);
            }
        }
    }
}
