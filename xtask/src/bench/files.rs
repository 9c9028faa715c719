//! Large files that live as long as a benchmark.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

/// Bytes that stay free on the disk.
const RESERVE: u64 = 2_000_000_000;

/// A folder of large files in the cache, removed with them when it is dropped.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// An empty folder of this name, on a disk with room for so many bytes.
    pub(crate) fn new(name: &str, needed: u64) -> Result<Self> {
        let folder = python::cache()?.join("bench").join(name);
        // A run that was killed leaves its files.
        let files = Self { folder };
        files.remove().with_context(|| format!("could not remove {}", files.folder.display()))?;
        fs::create_dir_all(&files.folder)
            .with_context(|| format!("could not make {}", files.folder.display()))?;
        if let Some(free) = free(&files.folder) {
            let gigabytes = |bytes: u64| bytes as f64 / 1e9;
            ensure!(
                free >= needed + RESERVE,
                "{} has {:.1} GB free, expected {:.1} GB for the files and {:.1} GB besides",
                files.folder.display(),
                gigabytes(free),
                gigabytes(needed),
                gigabytes(RESERVE)
            );
        }
        Ok(files)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A safetensors file of so many tensors of so many bytes each.
    pub(crate) fn tensors(&self, name: &str, (count, length): (u64, u64)) -> Result<PathBuf> {
        let path = self.folder.join(format!("{name}.safetensors"));
        println!("making {} ({:.1} GB)", path.display(), (count * length) as f64 / 1e9);
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let number = || {
            // xorshift: no two tensors alike, and no file system finds anything to compress.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        let shape = (length / 4).to_string();
        write(&path, count, length, &shape, number)
            .with_context(|| format!("could not make {}", path.display()))?;
        Ok(path)
    }

    /// A safetensors file of matrices of ordinary numbers, 4096 to a row; other seeds give other numbers everywhere.
    pub(crate) fn numbers(&self, name: &str, (count, length): (u64, u64), seed: u32) -> Result<PathBuf> {
        let path = self.folder.join(format!("{name}.safetensors"));
        println!("making {} ({:.1} GB)", path.display(), (count * length) as f64 / 1e9);
        let shape = format!("{},4096", length / 4 / 4096);
        let mut state = 0x9e37_79b9_u32;
        let number = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            // Around 0, below 1; the seed moves each number by the same share of itself.
            let number = (f64::from(state) / f64::from(u32::MAX) - 0.5) * (1.0 + 1e-4 * f64::from(seed));
            (number as f32).to_le_bytes()
        };
        write(&path, count, length, &shape, number)
            .with_context(|| format!("could not make {}", path.display()))?;
        Ok(path)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("could not remove {}: {error}", self.folder.display());
        }
    }
}

/// Free bytes of the disk below a folder, where `df` tells.
fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").arg("-Pk").arg(folder).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kibibytes: u64 = text.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn write<const SIZE: usize>(
    path: &Path,
    count: u64,
    length: u64,
    shape: &str,
    mut number: impl FnMut() -> [u8; SIZE],
) -> io::Result<()> {
    // Sorted names: the order in which the reference writer puts tensors of one dtype.
    let entries: Vec<String> = (0..count)
        .map(|index| {
            let (start, end) = (index * length, (index + 1) * length);
            format!(
                r#""layer.{index:06}.weight":{{"dtype":"F32","shape":[{shape}],"data_offsets":[{start},{end}]}}"#
            )
        })
        .collect();
    let mut header = format!("{{{}}}", entries.join(","));
    // The format wants the data to begin at a multiple of eight.
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for _ in 0..count * length / SIZE as u64 {
        out.write_all(&number())?;
    }
    // What is still on its way to the disk would disturb the measurement.
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_file_is_whole_and_its_tensors_differ() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.safetensors");
        let mut state = 0_u64;
        let number = || {
            state += 1;
            state.to_le_bytes()
        };
        write(&path, 3, 64, "16", number).unwrap();
        let bytes = fs::read(&path).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(bytes.len(), 8 + header + 3 * 64);
        let told: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
        assert_eq!(told["layer.000002.weight"]["data_offsets"], serde_json::json!([128, 192]));
        let data = &bytes[8 + header..];
        assert_ne!(data[..64], data[64..128]);
    }

    #[cfg(unix)]
    #[test]
    fn free_space_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free(folder.path()).is_some_and(|bytes| bytes > 0));
        assert_eq!(free(&folder.path().join("missing")), None);
    }
}
