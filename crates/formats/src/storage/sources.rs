//! The opened files of an artifact, and the canonical bytes of its tensors from them.

use std::io;
use std::sync::OnceLock;

use reproof_digest::ReadAt;
use reproof_tensor::{DType, byte_length};

use super::{Piece, Storage, StorageError, View, pieces};
use crate::{Description, FormatError, TensorDescription, file};

/// Views up to this many bytes are gathered once and kept while they are read.
const KEPT: u64 = 32 << 20;

/// Values may be this many times what is stored, and [`ALWAYS`] more: expanded views are real, terabytes are not.
const INFLATION: u64 = 16;

/// Bytes of values that any tensor may have.
const ALWAYS: u64 = 64 << 20;

/// The files of an artifact, opened.
pub struct Sources<'a> {
    files: Vec<Box<dyn ReadAt + Send + 'a>>,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sources({} files)", self.files.len())
    }
}

impl<'a> Sources<'a> {
    /// Opens the files of an artifact.
    pub fn open(description: &Description) -> Result<Self, FormatError> {
        let files = description.files.iter().map(|described| {
            // An empty file is sound here: it can hold no tensor and is never read.
            let opened = if described.layout.size() == 0 {
                Box::new(Vec::new()) as Box<dyn ReadAt + Send>
            } else {
                Box::new(file::open(&described.location)?)
            };
            Ok(opened)
        });
        Ok(Self { files: files.collect::<Result<_, FormatError>>()? })
    }

    /// Sources that are open already, in the order of the description's files.
    pub fn new(files: Vec<Box<dyn ReadAt + Send + 'a>>) -> Self {
        Self { files }
    }

    /// The canonical bytes of a tensor.
    pub fn bytes<'b>(&'b self, tensor: &'b TensorDescription) -> Result<TensorBytes<'b>, StorageError> {
        self.values(tensor.dtype, &tensor.shape, &tensor.storage)
    }

    /// The canonical bytes of a tensor that has no name yet.
    pub(crate) fn values<'b>(
        &'b self,
        dtype: DType,
        shape: &'b [u64],
        storage: &'b Storage,
    ) -> Result<TensorBytes<'b>, StorageError> {
        let overflow = || StorageError::Overflow { shape: shape.to_vec(), strides: Vec::new() };
        let size = byte_length(dtype, shape).ok_or_else(overflow)?;
        let stored = stored(storage)?;
        check(dtype, shape, storage)?;
        if size > ALWAYS && size / INFLATION > stored {
            return Err(StorageError::Inflated { logical: size, stored });
        }
        Ok(TensorBytes { sources: self, dtype, shape, storage, size, gathered: OnceLock::new() })
    }

    /// The source of a file of the description.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn file(&self, index: usize) -> &(dyn ReadAt + 'a) {
        &*self.files[index]
    }
}

/// Refuses a storage that holds other values than dtype and shape ask for.
fn check(dtype: DType, shape: &[u64], storage: &Storage) -> Result<(), StorageError> {
    let stored = match storage {
        Storage::Range { length, .. } => Some(*length),
        Storage::Gathered(bytes) => Some(bytes.len() as u64),
        Storage::View(view) => view.size_of_values(),
        Storage::Pieces(_) if !dtype.bits().is_multiple_of(8) || matches!(dtype, DType::Block(_)) => {
            return Err(StorageError::Packed { dtype });
        }
        Storage::Pieces(list) => {
            pieces::check(shape, list)?;
            return list.iter().try_for_each(|piece| check(dtype, &piece.shape, &piece.storage));
        }
        Storage::Absent { reason } => return Err(StorageError::Absent { reason }),
    };
    match (byte_length(dtype, shape), stored) {
        (Some(needed), Some(stored)) if needed == stored => Ok(()),
        (Some(needed), Some(stored)) => Err(StorageError::Beyond { needed, stored }),
        _ => Err(StorageError::Overflow { shape: shape.to_vec(), strides: Vec::new() }),
    }
}

/// Bytes that a storage draws its values from.
fn stored(storage: &Storage) -> Result<u64, StorageError> {
    match storage {
        Storage::Range { length, .. } => Ok(*length),
        Storage::Gathered(bytes) => Ok(bytes.len() as u64),
        Storage::View(view) => Ok(view.span().end - view.span().start),
        Storage::Pieces(pieces) => {
            pieces.iter().try_fold(0_u64, |sum, piece| Ok(sum.saturating_add(stored(&piece.storage)?)))
        }
        Storage::Absent { reason } => Err(StorageError::Absent { reason }),
    }
}

/// The canonical bytes of one tensor, read when they are asked for.
pub struct TensorBytes<'a> {
    sources: &'a Sources<'a>,
    dtype: DType,
    shape: &'a [u64],
    storage: &'a Storage,
    size: u64,
    gathered: OnceLock<Vec<u8>>,
}

impl std::fmt::Debug for TensorBytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TensorBytes({} {:?})", self.dtype, self.shape)
    }
}

impl TensorBytes<'_> {
    fn read_view(&self, view: &View, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let source = self.sources.file(view.file());
        let wide = view.span().end - view.span().start;
        if view.is_canonical() || self.size > KEPT || wide > 4 * KEPT {
            return view.read(source, buffer, offset);
        }
        let gathered = if let Some(gathered) = self.gathered.get() {
            gathered
        } else {
            let mut bytes = vec![0; self.size as usize];
            view.read(source, &mut bytes, 0)?;
            self.gathered.get_or_init(|| bytes)
        };
        gathered.read_exact_at(buffer, offset)
    }

    fn read_piece(&self, piece: &Piece, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &piece.storage {
            Storage::Range { file, offset: start, .. } => {
                self.sources.file(*file).read_exact_at(buffer, start + offset)
            }
            Storage::Gathered(bytes) => bytes.read_exact_at(buffer, offset),
            Storage::View(view) => view.read(self.sources.file(view.file()), buffer, offset),
            Storage::Pieces(_) | Storage::Absent { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl ReadAt for TensorBytes<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // An empty tensor may be said to lie behind the end of its file.
        if buffer.is_empty() {
            return Ok(());
        }
        match self.storage {
            Storage::Range { file, offset: start, .. } => {
                self.sources.file(*file).read_exact_at(buffer, start + offset)
            }
            Storage::Gathered(bytes) => bytes.read_exact_at(buffer, offset),
            Storage::View(view) => self.read_view(view, buffer, offset),
            Storage::Pieces(list) => {
                let size = self.dtype.bits() / 8;
                pieces::read(self.shape, size, list, buffer, offset, &|piece, buffer, offset| {
                    self.read_piece(piece, buffer, offset)
                })
            }
            Storage::Absent { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}
