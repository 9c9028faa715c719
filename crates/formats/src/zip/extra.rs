//! Extra fields of headers.

use super::fields::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_NAME: u16 = 0x7075;
const AES: u16 = 0x9901;
/// Extra fields that ordinary writers write and that change nothing: times (NTFS, `UT`, `UX`), owners (`Ux`, `ux`), Java's
/// mark, and torch's padding, which is `FB`.
const KNOWN: [u16; 7] = [0x000a, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe, 0x4246];

/// What extra fields say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extra<'a> {
    /// The values of a zip64 field, of which each stands for a header field that is full.
    pub(super) zip64: Option<&'a [u8]>,
    /// Whether one gives another name.
    pub(super) second_name: bool,
    /// Whether one announces AES encryption.
    pub(super) encrypted: bool,
    /// The first one that nothing here knows.
    pub(super) unknown: Option<u16>,
    /// Whether they do not tile their space, or give zip64 values twice.
    pub(super) malformed: bool,
}

/// Takes extra fields apart.
pub(super) fn parse(bytes: &[u8]) -> Extra<'_> {
    let mut extra = Extra::default();
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        let head = fields.u16().zip(fields.u16());
        let Some((id, value)) = head.and_then(|(id, length)| Some((id, fields.bytes(length.into())?))) else {
            extra.malformed = true;
            break;
        };
        match id {
            ZIP64 if extra.zip64.is_none() => extra.zip64 = Some(value),
            ZIP64 => extra.malformed = true,
            UNICODE_NAME => extra.second_name = true,
            AES => extra.encrypted = true,
            id if KNOWN.contains(&id) => {}
            id => extra.unknown = extra.unknown.or(Some(id)),
        }
    }
    extra
}

/// A field's value: that of `zip64`, which is taken from, where the field is full and there is such an extra field.
/// None where the extra field ends too early.
pub(super) fn widen(field: u32, zip64: Option<&mut Fields<'_>>) -> Option<u64> {
    match zip64 {
        Some(zip64) if field == u32::MAX => zip64.u64(),
        _ => Some(field.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fields_are_told_from_unknown_and_broken_ones() {
        assert_eq!(parse(b""), Extra::default());
        assert_eq!(parse(b"FB\x02\0ZZ"), Extra::default());
        assert_eq!(parse(b"\x34\x12\0\0\x35\x12\0\0").unknown, Some(0x1234));
        assert_eq!(parse(b"\x01\0\x02\0ab").zip64, Some(b"ab".as_slice()));
        assert!(parse(b"\x01\0\0\0\x01\0\0\0").malformed);
        assert!(parse(b"up\0\0").second_name);
        assert!(parse(b"\x01\x99\0\0").encrypted);
        for broken in [b"F".as_slice(), b"FB\0", b"FB\x02\0Z"] {
            assert!(parse(broken).malformed);
        }
    }

    #[test]
    fn only_full_fields_are_widened() {
        let bytes = [7, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(widen(u32::MAX, Some(&mut Fields(&bytes))), Some(7));
        assert_eq!(widen(5, Some(&mut Fields(&bytes))), Some(5));
        assert_eq!(widen(u32::MAX, None), Some(u32::MAX.into()));
        assert_eq!(widen(u32::MAX, Some(&mut Fields(&bytes[..7]))), None);
    }
}
