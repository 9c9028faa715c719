//! `digest` against b3sum: one file of few large tensors, one of many small ones.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reproof_testing::python;

use super::{Options, Ratio, Table};
use crate::measure::{self, Contender};
use crate::repository;

/// Bytes per tensor of the large file.
const LARGE_TENSOR: u64 = 64 << 20;

/// Tensors and bytes per tensor of the file of small ones.
const SMALL: (u64, u64) = (20_000, 64 << 10);

/// Wall time over that of b3sum on the large file.
const LIMIT: f64 = 1.25;

/// Wall time per byte on many small tensors over that on few large ones. "No slower", with the noise of a
/// median of a few runs.
const SMALL_LIMIT: f64 = 1.05;

/// Measures both files.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let binary = repository::binary()?;
    let peer = b3sum()?;
    let count = (u64::from(options.gigabytes) * 1_000_000_000).div_ceil(LARGE_TENSOR);
    let (large, small) = (file(count, LARGE_TENSOR)?, file(SMALL.0, SMALL.1)?);
    let measure = |path: &Path| {
        let ours = Contender::new("reproof digest", &binary, ["digest".as_ref(), path.as_os_str()]);
        measure::compare(&[ours, Contender::new("b3sum", &peer, [path.as_os_str()])], options.runs)
    };
    let (large_rows, small_rows) = (measure(&large)?, measure(&small)?);
    let per_byte = |wall: f64, path: &Path| -> Result<f64> { Ok(wall / fs::metadata(path)?.len() as f64) };
    let against_peer = |rows: &[measure::Measured]| rows[0].cost.wall / rows[1].cost.wall;
    let small_over_large =
        per_byte(small_rows[0].cost.wall, &small)? / per_byte(large_rows[0].cost.wall, &large)?;
    Ok(vec![
        Table {
            title: format!("safetensors, {count} tensors of 64 MiB"),
            ratios: vec![Ratio {
                name: "wall time of `reproof digest` over b3sum".to_owned(),
                value: against_peer(&large_rows),
                limit: LIMIT,
            }],
            rows: large_rows,
        },
        Table {
            title: format!("safetensors, {} tensors of 64 KiB", SMALL.0),
            ratios: vec![Ratio {
                name: "wall time per byte of `reproof digest`, small tensors over large ones".to_owned(),
                value: small_over_large,
                limit: SMALL_LIMIT,
            }],
            rows: small_rows,
        },
    ])
}

/// The path of b3sum, installed below the target folder where it is missing.
fn b3sum() -> Result<PathBuf> {
    let folder = repository::target().join("tools");
    let program = folder.join("bin").join(format!("b3sum{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("installing b3sum below {}", folder.display());
        let mut command = repository::cargo();
        repository::run(command.args(["install", "b3sum", "--locked", "--quiet", "--root"]).arg(&folder))?;
    }
    Ok(program)
}

/// A safetensors file of `count` tensors of `length` bytes each in the cache, made where it is missing.
fn file(count: u64, length: u64) -> Result<PathBuf> {
    let folder = python::cache()?.join("bench");
    let path = folder.join(format!("{count}x{length}.safetensors"));
    if !path.exists() {
        println!("making {} ({:.1} GB)", path.display(), (count * length) as f64 / 1e9);
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        let building = path.with_extension("building");
        write(&building, count, length)
            .and_then(|()| Ok(fs::rename(&building, &path)?))
            .with_context(|| format!("could not make {}", path.display()))?;
    }
    Ok(path)
}

fn write(path: &Path, count: u64, length: u64) -> Result<()> {
    let entries: Vec<String> = (0..count)
        .map(|index| {
            let (start, end) = (index * length, (index + 1) * length);
            let shape = length / 4;
            format!(
                r#""layer.{index}.weight":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{start},{end}]}}"#
            )
        })
        .collect();
    let mut header = format!("{{{}}}", entries.join(","));
    // The format wants the data to begin at a multiple of eight.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..count * length / 8 {
        // xorshift: no two tensors alike, and no file system finds anything to compress.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes())?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_file_is_whole_and_its_tensors_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.safetensors");
        write(&path, 3, 64).unwrap();
        let bytes = fs::read(&path).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(bytes.len(), 8 + header + 3 * 64);
        let told: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
        assert_eq!(told["layer.2.weight"]["data_offsets"], serde_json::json!([128, 192]));
        let data = &bytes[8 + header..];
        assert_ne!(data[..64], data[64..128]);
    }
}
