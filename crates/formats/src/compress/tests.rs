//! Each compression there and back, and what is not sound.

use std::io::Write;

use super::expand::Expanded;
use super::{CompressError, Compression, detect, expand};
use crate::ErrorKind;

const ALL: [Compression; 7] = [
    Compression::Zlib,
    Compression::Gzip,
    Compression::Bzip2,
    Compression::Xz,
    Compression::Lzma,
    Compression::Lz4,
    Compression::Zfile,
];

fn compress(compression: Compression, content: &[u8]) -> Vec<u8> {
    use lzma_rust2::{LzmaOptions, LzmaWriter, XzOptions, XzWriter};
    match compression {
        Compression::Zlib => zlib(content),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => {
            let mut encoder = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lzma => {
            let options = LzmaOptions::with_preset(0);
            let mut encoder = LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new()
                .block_mode(lz4_flex::frame::BlockMode::Linked)
                .block_checksums(true)
                .content_checksum(true);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zfile => {
            let length = format!("{:#x}", content.len());
            [format!("ZF{length:<19}").as_bytes(), &zlib(content)].concat()
        }
        Compression::Zstd => vec![0x28, 0xb5, 0x2f, 0xfd],
    }
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn content() -> Vec<u8> {
    (0..40_000_u32).flat_map(|index| (index * index / 7).to_le_bytes()).collect()
}

#[test]
fn each_compression_is_detected_and_undone() {
    for content in [content(), Vec::new()] {
        for compression in ALL {
            let file = compress(compression, &content);
            assert_eq!(detect(&file), Some(compression));
            let expanded = expand(compression, &file, content.len() as u64);
            let Expanded { bytes, trailing } =
                expanded.unwrap_or_else(|error| panic!("{compression}: {error:?}"));
            assert!(bytes == content, "{compression}");
            assert_eq!(trailing, 0, "{compression}");
        }
    }
    for other in [b"PK\x03\x04".as_slice(), b"\x80\x04\x95", b"x", b"", b"BZh0"] {
        assert_eq!(detect(other), None);
    }
}

#[test]
fn one_byte_beyond_the_limit_is_refused() {
    let content = content();
    let limit = content.len() as u64 - 1;
    for compression in ALL {
        let error = expand(compression, &compress(compression, &content), limit).unwrap_err();
        assert!(matches!(error, CompressError::TooLarge { .. }), "{compression}: {error}");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.offset().is_some());
    }
    let bomb = compress(Compression::Bzip2, &vec![0; 50 << 20]);
    assert!(bomb.len() < 1000);
    assert!(matches!(expand(Compression::Bzip2, &bomb, 1 << 20), Err(CompressError::TooLarge { .. })));
}

#[test]
fn files_after_one_another_are_one() {
    let content = content();
    let twice = [content.as_slice(), &content].concat();
    for (compression, padding) in [
        (Compression::Gzip, 0),
        (Compression::Gzip, 5),
        (Compression::Bzip2, 0),
        (Compression::Xz, 0),
        (Compression::Xz, 8),
        (Compression::Lz4, 0),
    ] {
        let one = compress(compression, &content);
        let file = [one.as_slice(), &vec![0; padding], &one].concat();
        let expanded = expand(compression, &file, twice.len() as u64).unwrap();
        assert!(expanded.bytes == twice, "{compression} {padding}");
        assert_eq!(expanded.trailing, 0);
        assert!(expand(compression, &file, twice.len() as u64 - 1).is_err());
    }
}

#[test]
fn what_follows_is_counted() {
    let content = content();
    for compression in ALL {
        let file = [compress(compression, &content).as_slice(), b"trailing"].concat();
        let expanded = expand(compression, &file, u64::MAX).unwrap();
        assert!(expanded.bytes == content, "{compression}");
        assert_eq!(expanded.trailing, 8, "{compression}");
    }
}

#[test]
fn truncations_are_refused() {
    let content = &content()[..2000];
    for compression in ALL {
        let file = compress(compression, content);
        for length in 0..file.len() {
            let result = expand(compression, &file[..length].to_vec(), u64::MAX);
            assert!(result.is_err(), "{compression} {length} of {}", file.len());
        }
    }
}

#[test]
fn flipped_bits_never_panic() {
    let content = &content()[..600];
    for compression in ALL {
        let file = compress(compression, content);
        for bit in 0..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(expanded) = expand(compression, &damaged, 1000) {
                assert!(expanded.bytes.len() <= 1000);
            }
        }
    }
}

#[test]
fn zstd_is_named_and_not_expanded() {
    let file = compress(Compression::Zstd, b"");
    assert_eq!(detect(&file), Some(Compression::Zstd));
    let error = expand(Compression::Zstd, &file, 10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.to_string(), "compression zstd is not supported");
}

#[test]
fn headers_of_zfiles_are_checked() {
    let body = zlib(b"content");
    let with = |header: &str| [header.as_bytes(), &body].concat();
    let expand = |file: Vec<u8>| expand(Compression::Zfile, &file, 100);
    assert_eq!(expand(with("ZF0x7                 ")).unwrap().bytes, b"content");
    assert_eq!(expand(with("ZF0x7L               ")).unwrap().bytes, b"content");
    assert!(matches!(expand(with("ZF0xseven            ")), Err(CompressError::ZfileHeader { .. })));
    let wrong = expand(with("ZF0x8                ")).unwrap_err();
    assert!(matches!(wrong, CompressError::ZfileLength { expected: 8, actual: 7 }), "{wrong}");
}
