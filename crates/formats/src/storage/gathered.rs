//! Canonical bytes in memory.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Canonical bytes in memory: its own, or a range of an expanded member that several tensors share.
#[derive(Clone)]
pub struct Gathered {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
    is_shared: bool,
}

impl Gathered {
    /// A range of bytes that something else holds; `None` where it ends beyond them.
    pub(crate) fn shared(bytes: &Arc<Vec<u8>>, range: Range<u64>) -> Option<Self> {
        let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
        bytes.get(range.clone())?;
        Some(Self { bytes: Arc::clone(bytes), range, is_shared: true })
    }

    /// How many bytes of memory this tensor alone takes.
    pub(crate) fn own_size(&self) -> u64 {
        if self.is_shared { 0 } else { self.range.len() as u64 }
    }
}

impl From<Vec<u8>> for Gathered {
    fn from(bytes: Vec<u8>) -> Self {
        Self { range: 0..bytes.len(), bytes: Arc::new(bytes), is_shared: false }
    }
}

impl Deref for Gathered {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes", self.range.len())
    }
}
