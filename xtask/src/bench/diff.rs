//! `diff` of two files that differ everywhere: bits against a bare comparison of mapped memory, all measures against
//! a loop over `torch.testing.assert_close`.

use std::path::Path;

use anyhow::{Context, Result};
use reproof_testing::python;

use super::files::Files;
use super::{Bound, Options, Table, Unit};
use crate::measure::{self, Contender};
use crate::repository;

/// Bytes per tensor: a matrix of 4096 x 4096 numbers.
const TENSOR: u64 = 64 << 20;

/// Wall time of the bit verdict over that of the bare comparison.
const BITS_LIMIT: f64 = 2.0;

/// Processor time with all measures over that of the loop: at least five times less.
const LOOP_LIMIT: f64 = 0.2;

/// Peak memory in units of 10^6 bytes, of whatever size the files are.
const MEMORY_LIMIT: f64 = 300.0;

/// Measures two files of one or as many gigabytes as asked.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let ours = repository::binary()?;
    let interpreter = python::environment("checkpoints").context("no Python with torch")?;
    let size = options.gigabytes.unwrap_or(1);
    let count = (u64::from(size) * 1_000_000_000).div_ceil(TENSOR);
    let files = Files::new("diff", 2 * count * TENSOR)?;
    let (a, b) = (files.numbers("a", (count, TENSOR), 1)?, files.numbers("b", (count, TENSOR), 2)?);
    let reproof = |label: &str, option: Option<&str>| {
        // Files that differ are a negative answer, which is a failure only to a shell.
        let script = format!("\"$0\" diff {} \"$1\" \"$2\" --json; test $? = 1", option.unwrap_or_default());
        let words = [script.as_ref(), ours.as_os_str(), a.as_os_str(), b.as_os_str()];
        Contender::new(label, "/bin/sh", [&["-c".as_ref()], &words[..]].concat())
    };
    let script = |label: &str, name: &str| {
        let path = repository::root().join("tests/python").join(name);
        let words: [&Path; 3] = [&path, &a, &b];
        Contender::new(label, &interpreter, words)
    };
    let contenders = [
        reproof("reproof diff --bits", Some("--bits")),
        script("numpy.memmap, all bytes", "bench_memmap.py"),
        reproof("reproof diff", None),
    ];
    let mut rows = measure::compare(&contenders, options.runs)?;
    // The loop takes a hundred times as long, so that noise matters less.
    rows.extend(measure::compare(&[script("assert_close and measures", "bench_assert_close.py")], 1)?);
    let times =
        |name: &str, value: f64, limit: f64| Bound { name: name.to_owned(), value, limit, unit: Unit::Times };
    let peak = rows[0].cost.memory.max(rows[2].cost.memory) / 1e6;
    Ok(vec![Table {
        title: format!("two safetensors files of {size} GB that differ everywhere, {count} tensors each"),
        bounds: vec![
            times(
                "wall, `reproof diff --bits` over numpy.memmap",
                rows[0].cost.wall / rows[1].cost.wall,
                BITS_LIMIT,
            ),
            times(
                "CPU, `reproof diff` over assert_close and measures",
                rows[2].cost.cpu / rows[3].cost.cpu,
                LOOP_LIMIT,
            ),
            Bound {
                name: "peak memory of `reproof diff`".to_owned(),
                value: peak,
                limit: MEMORY_LIMIT,
                unit: Unit::Megabytes,
            },
        ],
        rows,
    }])
}
