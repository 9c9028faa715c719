//! Which bytes of the file belong to a record: to one, to several, or to none.

use std::io;
use std::ops::Range;

use reproof_digest::ReadAt;

use super::end::End;
use super::local::Extent;
use super::{Anomalies, AnomalyKind, ZipError};

/// The longest run of zeros that is taken for padding: no page or block to align to is larger.
const PADDING: u64 = 64 << 10;
/// How many bytes of gaps are looked at in all. Real archives have next to none.
const LOOKED_AT: u64 = 16 << 20;
/// What an archive begins with.
const BEGIN: &[u8] = b"PK\x03\x04";

/// Finds overlaps and gaps, and returns the gaps.
pub(super) fn check(
    source: &dyn ReadAt,
    extents: Vec<Extent>,
    end: &End,
    anomalies: &mut Anomalies,
) -> Result<Vec<Range<u64>>, ZipError> {
    let mut records: Vec<(Range<u64>, Option<usize>)> =
        extents.into_iter().map(|extent| (extent.range, Some(extent.member))).collect();
    records.push((end.directory.clone(), None));
    records.push((end.records.clone(), None));
    // Nearly sorted already, which a stable sort makes use of.
    records.sort_by_key(|(range, _)| range.start);
    let mut gaps = Vec::new();
    let (mut covered, mut last) = (0, None);
    for (range, member) in records {
        if range.is_empty() {
            continue;
        }
        if range.start < covered {
            let (member, other) = if member.is_some() { (member, last) } else { (last, None) };
            anomalies.push(range.start, member, AnomalyKind::Overlap { other });
        } else if range.start > covered {
            gaps.push(covered..range.start);
        }
        if range.end > covered {
            (covered, last) = (range.end, member);
        }
    }
    let size = source.size();
    if covered < size {
        gaps.push(covered..size);
    }
    let mut budget = LOOKED_AT;
    for gap in &gaps {
        let length = gap.end - gap.start;
        let failed = |source| ZipError::Io { action: "read between members", offset: gap.start, source };
        if gap.start == 0 {
            let head = source.read_range(0, length.min(BEGIN.len() as u64) as usize).map_err(failed)?;
            anomalies.push(0, None, AnomalyKind::Prefix { length, archive: head == BEGIN });
        } else if gap.start >= end.records.end {
            anomalies.push(gap.start, None, AnomalyKind::Trailing { length });
        } else if !is_padding(source, gap, &mut budget).map_err(failed)? {
            anomalies.push(gap.start, None, AnomalyKind::Gap { length });
        }
    }
    Ok(gaps)
}

/// Whether a gap is short and all zero.
fn is_padding(source: &dyn ReadAt, gap: &Range<u64>, budget: &mut u64) -> io::Result<bool> {
    let length = gap.end - gap.start;
    if length > PADDING.min(*budget) {
        return Ok(false);
    }
    *budget -= length;
    Ok(source.read_range(gap.start, length as usize)?.iter().all(|byte| *byte == 0))
}
