//! Artifacts in memory, stores in memory and in folders, and places that fail when they are told to.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use reproof_digest::{blob, identity};
use reproof_progress::Silent;
use reproof_store::{
    AddOptions, Added, Bucket, Manifest, Source, SourceFile, SourceSegment, SourceTensor, Store,
};

/// A tensor to be put into a file.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// A file: a head, tensors after each other, a tail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) head: Vec<u8>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) tail: Vec<u8>,
}

impl Made {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let tensors = self.tensors.iter().flat_map(|tensor| tensor.bytes.iter());
        self.head.iter().chain(tensors).chain(&self.tail).copied().collect()
    }

    fn segments(&self) -> Vec<SourceSegment> {
        let mut offset = 0;
        let mut all = Vec::new();
        let mut add = |bytes: &[u8], whole: bool| {
            let length = bytes.len() as u64;
            all.push(SourceSegment { offset, length, digest: Some(blob(bytes)), whole });
            offset += length;
        };
        add(&self.head, false);
        self.tensors.iter().for_each(|tensor| add(&tensor.bytes, true));
        add(&self.tail, false);
        all
    }

    fn tensors(&self) -> Vec<SourceTensor> {
        let mut offset = self.head.len() as u64;
        let tensors = self.tensors.iter().map(|tensor| {
            let length = tensor.bytes.len() as u64;
            let here = offset;
            offset += length;
            let width = match tensor.dtype {
                "F32" => 4,
                "BF16" => 2,
                _ => 1,
            };
            SourceTensor {
                name: tensor.name.clone(),
                part: "model".into(),
                dtype: tensor.dtype.into(),
                shape: vec![length / width],
                file: 0,
                offset: here,
                length,
            }
        });
        tensors.collect()
    }
}

/// Stores a file as an artifact.
pub(crate) fn add(
    store: &Store,
    made: &Made,
    options: &AddOptions<'_>,
) -> Result<Added, reproof_store::StoreError> {
    add_changed(store, made, &made.bytes(), options)
}

/// Stores a file as an artifact whose bytes are others than they were when they were hashed.
pub(crate) fn add_changed(
    store: &Store,
    made: &Made,
    bytes: &Vec<u8>,
    options: &AddOptions<'_>,
) -> Result<Added, reproof_store::StoreError> {
    let artifact = identity::artifact([("", bytes.len() as u64, blob(bytes))]);
    let file = SourceFile { path: String::new(), bytes, segments: made.segments() };
    let source = Source {
        artifact,
        name: "model.bin".into(),
        folder: false,
        files: vec![file],
        contract: Vec::new(),
        tensors: made.tensors(),
    };
    store.add(&source, options, &Silent)
}

/// Restores an artifact of one file.
pub(crate) fn restored(store: &Store, manifest: &Manifest) -> Result<Vec<u8>, reproof_store::StoreError> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("restored");
    store.restore(&manifest.files, &path, &Silent)?;
    store.check_restored(&manifest.files, &path)?;
    Ok(std::fs::read(path).expect("it was just written"))
}

/// Numbers without a pattern, the same for a seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Floats as weights have them.
pub(crate) fn weights(seed: u64, count: usize) -> Vec<f32> {
    let noise = noise(seed, count * 2);
    let unit = noise.chunks_exact(2).map(|pair| f32::from(u16::from_le_bytes([pair[0], pair[1]])) / 65_536.0);
    unit.map(|unit| (unit - 0.5) * 0.1).collect()
}

pub(crate) fn float_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A place in memory that can be told to break.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) inner: InMemory,
    /// Changes that still succeed; below zero, none fails.
    changes_left: AtomicI64,
    /// Whether a conditional write overwrites, as some services do.
    careless: bool,
}

impl Place {
    pub(crate) fn sound() -> Arc<Self> {
        Arc::new(Self { inner: InMemory::new(), changes_left: AtomicI64::new(-1), careless: false })
    }

    pub(crate) fn careless() -> Arc<Self> {
        Arc::new(Self { inner: InMemory::new(), changes_left: AtomicI64::new(-1), careless: true })
    }

    /// Lets so many changes succeed, and then none.
    pub(crate) fn break_after(&self, changes: i64) {
        self.changes_left.store(changes, Ordering::SeqCst);
    }

    /// Lets everything succeed again; whether anything had failed.
    pub(crate) fn mend(&self) -> bool {
        self.changes_left.swap(-1, Ordering::SeqCst) == 0
    }

    /// Adds everything that another place has.
    pub(crate) fn take_over(self: &Arc<Self>, other: &Arc<Self>) {
        let (ours, theirs) = (self.store(), other.store());
        for folder in ["packs", "indexes", "manifests"] {
            let mut keys = Vec::new();
            theirs.bucket().list(folder, |entry| keys.push(entry.key)).expect("it can be listed");
            for key in keys {
                let bytes =
                    theirs.bucket().get(&key, u64::MAX).expect("it can be read").expect("it was listed");
                ours.bucket().create(&key, bytes).expect("it can be written");
            }
        }
    }

    pub(crate) fn store(self: &Arc<Self>) -> Store {
        Store::new(Bucket::new(Arc::clone(self) as Arc<dyn ObjectStore>, "memory"))
    }

    fn change(&self) -> Result<()> {
        let left = self.changes_left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(Error::Generic { store: "memory", source: "the connection was cut".into() });
        }
        if left > 0 {
            self.changes_left.store(left - 1, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place that breaks when told")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Place {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.change()?;
        let options = if self.careless { PutOptions::default() } else { options };
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.change()?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        if let Err(error) = self.change() {
            return Box::pin(futures_util::stream::once(async { Err(error) }));
        }
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.change()?;
        self.inner.copy_opts(from, to, options).await
    }
}
