//! How many files this process may have open.

/// Raises the number of files that may be open to what the system allows: a checkpoint may lie in thousands of shards.
#[cfg(unix)]
pub(crate) fn allow_many() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, opening the file that is one too many tells so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

#[cfg(not(unix))]
pub(crate) fn allow_many() {}
