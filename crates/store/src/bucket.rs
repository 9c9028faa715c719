//! Where objects lie: a folder or an S3 bucket, through `object_store`, called from threads.
//!
//! The product is synchronous and parallel by threads. A folder is read and written on the calling thread; a bucket
//! needs a runtime for its connections, which lives here and nowhere else.

use std::fmt;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use tokio::runtime::{Builder, Runtime};

use crate::StoreError;

/// Threads that drive connections; the work of encoding is done elsewhere.
const CONNECTION_THREADS: usize = 2;

/// A place for objects under keys.
#[derive(Clone)]
pub struct Bucket {
    objects: Arc<dyn ObjectStore>,
    runtime: Option<Arc<Runtime>>,
    name: Arc<str>,
}

/// An object's key, size and age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key below the root.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// When it was written, in seconds since 1970, by the clock of the place.
    pub modified: i64,
}

/// How to reach an S3-compatible service; what is not told comes from the builder's defaults.
#[derive(Clone, Default)]
pub struct S3Options {
    /// The service's address where it is not AWS, such as `https://s3.example.org`.
    pub endpoint: Option<String>,
    /// The region; `us-east-1` where not told.
    pub region: Option<String>,
    /// The access key's id.
    pub access_key: Option<String>,
    /// The access key's secret.
    pub secret_key: Option<String>,
    /// A session's token, for temporary keys.
    pub session_token: Option<String>,
    /// Whether plain HTTP is allowed: for tests and closed networks.
    pub allow_http: bool,
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are secrets: a debug output must not show them.
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

impl Bucket {
    /// A folder, which exists.
    pub fn folder(path: &FilePath) -> Result<Self, StoreError> {
        let address = |problem: String| StoreError::Address { address: path.display().to_string(), problem };
        let objects = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| address(error.to_string()))?
            // What is told to be stored survives a power cut, not only a killed process.
            .with_fsync(true);
        Ok(Self { objects: Arc::new(objects), runtime: None, name: path.display().to_string().into() })
    }

    /// A prefix of a bucket, as `s3://bucket/prefix`.
    pub fn s3(address: &str, options: &S3Options) -> Result<Self, StoreError> {
        let refuse = |problem: String| StoreError::Address { address: address.to_owned(), problem };
        let rest =
            address.strip_prefix("s3://").ok_or_else(|| refuse("expected s3://BUCKET/PREFIX".into()))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains('@') {
            return Err(refuse("expected s3://BUCKET/PREFIX; keys do not belong into an address".into()));
        }
        // The first provider of a process stays; a second call changes nothing, and it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(options.region.as_deref().unwrap_or("us-east-1"))
            .with_allow_http(options.allow_http)
            // The service checks what arrived, so that a damaged transfer is refused and not stored.
            .with_checksum_algorithm(object_store::aws::Checksum::SHA256);
        if let Some(endpoint) = &options.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(id) = &options.access_key {
            builder = builder.with_access_key_id(id);
        }
        if let Some(secret) = &options.secret_key {
            builder = builder.with_secret_access_key(secret);
        }
        if let Some(token) = &options.session_token {
            builder = builder.with_token(token);
        }
        let service = builder.build().map_err(|error| refuse(error.to_string()))?;
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(CONNECTION_THREADS).thread_name("store").enable_all().build();
        let runtime = runtime.map_err(|error| refuse(format!("no runtime for connections: {error}")))?;
        let objects: Arc<dyn ObjectStore> = match prefix.trim_matches('/') {
            "" => Arc::new(service),
            prefix => Arc::new(PrefixStore::new(service, prefix)),
        };
        Ok(Self { objects, runtime: Some(Arc::new(runtime)), name: address.into() })
    }

    /// Any implementation of the seam, for tests that fail on purpose and for services that are not S3.
    pub fn new(objects: Arc<dyn ObjectStore>, name: &str) -> Self {
        Self { objects, runtime: None, name: name.into() }
    }

    /// The place, as it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work),
            None => futures_executor::block_on(work),
        }
    }

    fn failed(&self, act: &'static str, key: &str, source: Error) -> StoreError {
        StoreError::Bucket {
            store: self.name.to_string(),
            act,
            key: key.to_owned(),
            source: Box::new(source),
        }
    }

    /// Stores `bytes` under a new key; `false` if the key is taken, which changes nothing.
    pub fn create(&self, key: &str, bytes: impl Into<PutPayload>) -> Result<bool, StoreError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.wait(self.objects.put_opts(&Path::from(key), bytes.into(), options)) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("write", key, error)),
        }
    }

    /// All bytes under a key, of which there are at most `limit`; nothing where there is no such key.
    pub fn get(&self, key: &str, limit: u64) -> Result<Option<Bytes>, StoreError> {
        let read = async {
            let found = self.objects.get(&Path::from(key)).await?;
            if found.meta.size > limit {
                return Ok(Err(found.meta.size));
            }
            found.bytes().await.map(Ok)
        };
        match self.wait(read) {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(size)) => Err(StoreError::Damaged {
                store: self.name.to_string(),
                key: key.to_owned(),
                problem: format!("it has {size} bytes, more than the {limit} that it may have"),
            }),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", key, error)),
        }
    }

    /// How many bytes are under a key; nothing where there is no such key.
    pub fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        match self.wait(self.objects.head(&Path::from(key))) {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", key, error)),
        }
    }

    /// The bytes of a range under a key.
    pub fn range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.wait(self.objects.get_range(&Path::from(key), range)).map_err(|error| match error {
            Error::NotFound { .. } => StoreError::Damaged {
                store: self.name.to_string(),
                key: key.to_owned(),
                problem: "it is missing".to_owned(),
            },
            error => self.failed("read", key, error),
        })
    }

    /// Tells `each` of everything whose key begins with the folder `prefix`, in no order.
    pub fn list(&self, prefix: &str, mut each: impl FnMut(Entry)) -> Result<(), StoreError> {
        let failed = |error| self.failed("list", prefix, error);
        self.wait(async {
            let mut entries = self.objects.list(Some(&Path::from(prefix)));
            while let Some(entry) = entries.next().await {
                let entry = entry.map_err(failed)?;
                let key = entry.location.to_string();
                each(Entry { key, size: entry.size, modified: entry.last_modified.timestamp() });
            }
            Ok(())
        })
    }

    /// Removes what is under a key, if anything is.
    pub fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.wait(self.objects.delete(&Path::from(key))) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("remove", key, error)),
        }
    }
}
