//! Why a text is not a key that we can use.

/// Why a text is not a key that we can use. No message repeats anything of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is longer than any key.
    #[error("{what} has {got} bytes: expected a PEM text of at most {limit}")]
    TooLong {
        /// Which key.
        what: &'static str,
        /// The most that is read.
        limit: usize,
        /// What there is.
        got: usize,
    },
    /// There is no PEM block, or one that is broken.
    #[error(
        "{what} is not PEM: expected one block from -----BEGIN …----- to its -----END …-----, got {reason}"
    )]
    Pem {
        /// Which key.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The block holds something else.
    #[error("{what} holds `{got}`: expected {expected}")]
    Label {
        /// Which key.
        what: &'static str,
        /// The labels that are read.
        expected: &'static str,
        /// The block's label, its first 40 characters.
        got: String,
    },
    /// The private key needs a password.
    #[error("private key is encrypted: decrypt it first, such as with `openssl pkey -in KEY -out PLAIN`")]
    Encrypted,
    /// Another algorithm or curve.
    #[error("{what} has algorithm {identifier}: expected P-256, P-384 or Ed25519")]
    Algorithm {
        /// Which key.
        what: &'static str,
        /// The object identifier that the key names.
        identifier: String,
    },
    /// The bytes are not a key of the algorithm that they name.
    #[error("{what} is not a valid {algorithm} key")]
    Invalid {
        /// Which key.
        what: &'static str,
        /// What it claims to be.
        algorithm: &'static str,
    },
}
