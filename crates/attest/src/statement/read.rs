//! Reading statements that others signed.

use serde::Deserialize;

use super::{Predicate, STATEMENT_LIMIT, STATEMENT_TYPE, Statement};
use crate::dsse::{Bundle, IN_TOTO, VerifyError};
use crate::key::PublicKey;

/// Why a bundle holds no statement of the wanted kind by the holder of a key.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Another key signed, or none.
    #[error(transparent)]
    Key(#[from] VerifyError),
    /// What was signed is no statement.
    #[error("signed payload has type `{got}`: expected `{IN_TOTO}`")]
    PayloadType {
        /// The type.
        got: String,
    },
    /// It is longer than any that is read.
    #[error("statement has {got} bytes: expected at most {STATEMENT_LIMIT}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// It is not JSON of this form.
    #[error("statement is not of the form that its type has")]
    Json(#[source] serde_json::Error),
    /// It is another statement, or has another predicate.
    #[error("statement has type `{got}`: expected `{expected}`")]
    Type {
        /// What was wanted.
        expected: &'static str,
        /// What there is, its first 200 characters.
        got: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
}

/// The statement in `bundle`, where the holder of `key` signed it. Members that its types do not have are passed over,
/// as in-toto wants it.
pub fn read<P: Predicate>(bundle: &Bundle, key: &PublicKey) -> Result<Statement<P>, ReadError> {
    let payload = verified(bundle, key)?;
    let head = head(payload)?;
    if head.predicate_type != P::TYPE {
        return Err(ReadError::Type {
            expected: P::TYPE,
            got: head.predicate_type.chars().take(200).collect(),
        });
    }
    serde_json::from_slice(payload).map_err(ReadError::Json)
}

/// The type of the predicate in `bundle`, where the holder of `key` signed it: what to [`read`] it as.
pub fn predicate_type(bundle: &Bundle, key: &PublicKey) -> Result<String, ReadError> {
    Ok(head(verified(bundle, key)?)?.predicate_type)
}

fn verified<'a>(bundle: &'a Bundle, key: &PublicKey) -> Result<&'a [u8], ReadError> {
    let payload = bundle.verify(key)?;
    if bundle.envelope.payload_type != IN_TOTO {
        return Err(ReadError::PayloadType { got: bundle.envelope.payload_type.clone() });
    }
    if payload.len() > STATEMENT_LIMIT {
        return Err(ReadError::TooLong { got: payload.len() });
    }
    Ok(payload)
}

fn head(payload: &[u8]) -> Result<Head, ReadError> {
    let head: Head = serde_json::from_slice(payload).map_err(ReadError::Json)?;
    if head.kind != STATEMENT_TYPE {
        return Err(ReadError::Type { expected: STATEMENT_TYPE, got: head.kind.chars().take(200).collect() });
    }
    Ok(head)
}
