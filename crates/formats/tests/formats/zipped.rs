//! Zip archives as plain writers make them: for tests that damage or describe them.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// An archive of members, each compressed or not.
pub fn archive(members: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content, compressed) in members {
        let stored = if *compressed {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        // Version, flags, method, time, date, checksum, sizes, length of the name, of the extra fields.
        let mut fields = Vec::new();
        for field in [20_u16, 0, if *compressed { 8 } else { 0 }, 0, 0x21] {
            fields.extend(field.to_le_bytes());
        }
        let mut checksum = flate2::Crc::new();
        checksum.update(content);
        for field in [checksum.sum(), stored.len() as u32, content.len() as u32] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend(0_u16.to_le_bytes());
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        // Comment, disk, attributes inside and outside, then where the member starts.
        directory.extend([0; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&fields);
        bytes.extend(name.as_bytes());
        bytes.extend(stored);
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        bytes.extend((members.len() as u16).to_le_bytes());
    }
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}
