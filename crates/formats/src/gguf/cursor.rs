//! Reading a header of any size through a window of fixed size.

use reproof_digest::ReadAt;

use super::GgufError;

/// Bytes read at a time.
const WINDOW: u64 = 64 << 10;

/// The largest header. Those of the largest vocabularies have some 30 MB; a strange file must not keep us walking
/// over its strings for hours.
const LARGEST_HEADER: u64 = 1 << 30;

/// Bytes of keys, names and texts that are kept. A million tensors with names of 63 bytes need half of it.
const KEPT: u64 = 128 << 20;

/// The longest key, as the specification has it, and the longest name.
const LONGEST_NAME: u64 = (1 << 16) - 1;

/// A place in a header, from which values are taken one after the other.
pub(super) struct Cursor<'a> {
    source: &'a dyn ReadAt,
    /// The end of the file, or the cap where it comes first.
    end: u64,
    position: u64,
    window: Vec<u8>,
    /// Where the window lies.
    start: u64,
    /// Whether numbers are stored with their highest byte first.
    pub(super) big_endian: bool,
    /// What may still be kept.
    budget: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        let end = source.size().min(LARGEST_HEADER);
        Self { source, end, position: 0, window: Vec::new(), start: 0, big_endian: false, budget: KEPT }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Refuses what needs more bytes than are left. No memory is taken and nothing is counted before this.
    pub(super) fn require(&self, what: &'static str, needed: u64) -> Result<(), GgufError> {
        let left = self.end - self.position;
        if needed <= left {
            return Ok(());
        }
        let (offset, size) = (self.position, self.source.size());
        if needed <= size.saturating_sub(offset) {
            return Err(GgufError::HeaderTooLarge { offset, what, limit: LARGEST_HEADER });
        }
        Err(GgufError::Truncated { offset, what, needed, left: size.saturating_sub(offset) })
    }

    /// Passes over `count` bytes.
    pub(super) fn skip(&mut self, what: &'static str, count: u64) -> Result<(), GgufError> {
        self.require(what, count)?;
        self.position += count;
        Ok(())
    }

    /// The next `count` bytes, at most a window.
    fn take(&mut self, what: &'static str, count: u64) -> Result<&[u8], GgufError> {
        self.require(what, count)?;
        let covered = self.start..self.start + self.window.len() as u64;
        if self.position < covered.start || self.position + count > covered.end {
            self.window.resize(WINDOW.min(self.end - self.position) as usize, 0);
            self.start = self.position;
            let read = self.source.read_exact_at(&mut self.window, self.position);
            read.map_err(|source| GgufError::Io { source })?;
        }
        let from = (self.position - self.start) as usize;
        self.position += count;
        Ok(&self.window[from..from + count as usize])
    }

    /// A number's bytes, lowest first.
    fn number<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufError> {
        let taken = self.take(what, N as u64)?;
        let mut bytes: [u8; N] = taken.try_into().expect("as many bytes were asked for");
        if self.big_endian {
            bytes.reverse();
        }
        Ok(bytes)
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, GgufError> {
        Ok(u8::from_le_bytes(self.number(what)?))
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, GgufError> {
        Ok(u16::from_le_bytes(self.number(what)?))
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.number(what)?))
    }

    pub(super) fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.number(what)?))
    }

    /// The first bytes of a text, at most `shown`, and how many it has; all of them are passed.
    pub(super) fn text(&mut self, what: &'static str, shown: u64) -> Result<(Vec<u8>, u64), GgufError> {
        let length = self.u64(what)?;
        self.require(what, length)?;
        let end = self.position + length;
        let mut rest = length.min(shown);
        self.keep(rest)?;
        let mut bytes = Vec::with_capacity(rest as usize);
        while rest > 0 {
            let count = rest.min(WINDOW);
            bytes.extend_from_slice(self.take(what, count)?);
            rest -= count;
        }
        self.position = end;
        Ok((bytes, length))
    }

    /// A key or a name, whole.
    pub(super) fn name(&mut self, what: &'static str) -> Result<String, GgufError> {
        let offset = self.position;
        let (bytes, actual) = self.text(what, LONGEST_NAME)?;
        if actual > LONGEST_NAME {
            return Err(GgufError::NameTooLong { offset, what, limit: LONGEST_NAME, actual });
        }
        String::from_utf8(bytes).map_err(|_| GgufError::NotText { offset, what })
    }

    fn keep(&mut self, count: u64) -> Result<(), GgufError> {
        let refused = GgufError::TextTooLarge { offset: self.position, limit: KEPT };
        self.budget = self.budget.checked_sub(count).ok_or(refused)?;
        Ok(())
    }
}
