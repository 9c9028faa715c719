//! Tokens: how a service tells who it is. The registry keeps the hash of a secret, never the secret.

use std::fmt;

use crate::database::Row;
use crate::principals::{self, PrincipalKind};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_FEW};
use crate::transaction::{Entry, Transaction, at, optional_stamp, stamp};
use crate::{At, Error, secret};

/// What every token begins with, so that scanners of source code know it.
pub const TOKEN_PREFIX: &str = "rpf_";

/// The domain of the hash: the same bytes hashed for something else give another one.
const DOMAIN: &str = "reproof registry token v1";

/// A `last_used` that is younger than this many microseconds stays: a read should not become a write each time.
const USE_STEP: i64 = 60 * 1_000_000;

/// A secret: `rpf_` and 64 hexadecimal digits of 32 random bytes. It is shown once and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text to give to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: u64,
    /// Whose it is.
    pub principal: String,
    /// What it is for.
    pub name: String,
    /// When it ends; `None` for never.
    pub expires: Option<At>,
    /// When it was last used, to about a minute.
    pub last_used: Option<At>,
    /// Who issued it, and when.
    pub issued: Stamp,
    /// Who revoked it, and when.
    pub revoked: Option<Stamp>,
}

/// The columns of a [`Token`], and where they come from.
macro_rules! token_sql {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, p.name, t.name, t.expires, t.last_used, l.sequence, w.text, l.at, r.sequence, rw.text, r.at ",
            "FROM token t JOIN principal p ON p.id = t.principal ",
            "JOIN log l ON l.sequence = t.sequence JOIN label w ON w.id = l.who ",
            "LEFT JOIN log r ON r.sequence = t.revoked LEFT JOIN label rw ON rw.id = r.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Token, Error> {
    Ok(Token {
        id: row.count()?,
        principal: row.text()?,
        name: row.text()?,
        expires: row.optional_integer()?.map(at).transpose()?,
        last_used: row.optional_integer()?.map(at).transpose()?,
        issued: stamp(row)?,
        revoked: optional_stamp(row)?,
    })
}

/// The hash of a token's text, or `None` if it is none.
fn hash(token: &str) -> Option<[u8; 32]> {
    let bytes = secret::parse(token.strip_prefix(TOKEN_PREFIX)?)?;
    Some(blake3::derive_key(DOMAIN, &bytes))
}

/// PostgreSQL's codes for what a user may not do: no right to it, or a session that only reads.
const FORBIDDEN: [&str; 2] = ["42501", "25006"];

/// Makes a token; its secret is told once.
pub(crate) fn issue(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    principal: &str,
    name: &str,
    expires: Option<At>,
) -> Result<(Secret, Token), Error> {
    text::short("name of a token", name)?;
    let bytes: [u8; 32] = secret::random()?;
    let secret = Secret(format!("{TOKEN_PREFIX}{}", secret::hex(&bytes)));
    let hash = blake3::derive_key(DOMAIN, &bytes);
    let found = principals::find(tx, principal)?;
    if found.kind == PrincipalKind::Group {
        return Err(Error::BadText {
            what: "principal",
            text: principal.to_owned(),
            expected: "a person or a service: a group has no tokens",
        });
    }
    let count = "SELECT count(*) FROM token WHERE principal = ?1 AND revoked IS NULL";
    tx.room("tokens of a principal", MAX_FEW, count, &[found.id.into()])?;
    let mut entry = Entry::new("token.issue").subject("principal", principal).subject("token", name);
    if let Some(expires) = expires {
        entry = entry.detail("expires", expires.to_string());
    }
    let recorded = tx.record(by, &entry)?;
    let id = tx.insert(
        "INSERT INTO token (principal, name, hash, expires, sequence) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        &[
            found.id.into(),
            name.into(),
            (&hash).into(),
            expires.map(At::microseconds).into(),
            recorded.sequence.into(),
        ],
    )?;
    let token = Token {
        id: id as u64,
        principal: principal.to_owned(),
        name: name.to_owned(),
        expires,
        last_used: None,
        issued: recorded.stamp(by),
        revoked: None,
    };
    Ok((secret, token))
}

impl Registry {
    /// Issues a token to a person or a service; `expires` is the first moment at which it does not count any more. The
    /// secret is in the answer and nowhere else.
    pub fn issue_token(
        &self,
        by: By<'_>,
        principal: &str,
        name: &str,
        expires: Option<At>,
    ) -> Result<(Secret, Token), Error> {
        self.act(|tx| issue(tx, by, principal, name, expires))
    }

    /// Whose token this is. A revoked one is [`Error::TokenRevoked`], one whose time is over [`Error::TokenExpired`], and what
    /// was never issued [`Error::TokenUnknown`]. The look-up is by hash, so its time tells nothing of a secret.
    pub fn authenticate(&self, token: &str, now: At) -> Result<Token, Error> {
        let hash = hash(token).ok_or(Error::TokenUnknown)?;
        let (token, read_only) = self.read(|tx| {
            let row = tx.one(token_sql!("WHERE t.hash = ?1"), &[(&hash).into()])?;
            let mut row = row.ok_or(Error::TokenUnknown)?;
            Ok((read(&mut row)?, tx.read_only()))
        })?;
        let (name, principal) = (token.name.clone(), token.principal.clone());
        if token.revoked.is_some() {
            return Err(Error::TokenRevoked { token: name, principal });
        }
        if let Some(expired) = token.expires.filter(|expires| *expires <= now) {
            return Err(Error::TokenExpired { token: name, principal, expired });
        }
        let before = now.microseconds().saturating_sub(USE_STEP);
        let fresh = token.last_used.is_some_and(|used| used.microseconds() > before);
        if !fresh && !read_only {
            let noted = self.touch(|tx| {
                tx.run(
                    "UPDATE token SET last_used = ?1 WHERE id = ?2",
                    &[now.microseconds().into(), text::count("number of a token", token.id)?.into()],
                )
            });
            match noted {
                // Who may only read is known all the same.
                Err(Error::Database { problem, .. })
                    if FORBIDDEN.iter().any(|code| problem.contains(code)) => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Ok(token)
    }

    /// Revokes a token.
    pub fn revoke_token(&self, by: By<'_>, token: u64) -> Result<(), Error> {
        let id = text::count("number of a token", token)?;
        self.act(|tx| {
            let row = tx.one(token_sql!("WHERE t.id = ?1"), &[id.into()])?;
            let mut row = row.ok_or_else(|| Error::Unknown { what: "token", name: token.to_string() })?;
            let known = read(&mut row)?;
            if known.revoked.is_some() {
                return Err(Error::AlreadyDone { what: "token", name: known.name, done: "revoked" });
            }
            let entry =
                Entry::new("token.revoke").subject("principal", known.principal).subject("token", known.name);
            let recorded = tx.record(by, &entry)?;
            tx.run("UPDATE token SET revoked = ?1 WHERE id = ?2", &[recorded.sequence.into(), id.into()])?;
            Ok(())
        })
    }

    /// The tokens of a principal that were not revoked, at most [`MAX_FEW`], in the order in which they were issued.
    pub fn tokens(&self, principal: &str) -> Result<Vec<Token>, Error> {
        self.read(|tx| {
            let found = principals::find(tx, principal)?;
            tx.all(
                token_sql!("WHERE t.principal = ?1 AND t.revoked IS NULL ORDER BY t.id"),
                &[found.id.into()],
            )?
            .into_iter()
            .map(|mut row| read(&mut row))
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_has_no_hash() {
        let digits = "ab".repeat(32);
        assert!(hash(&format!("rpf_{digits}")).is_some());
        for bad in [
            digits.clone(),
            format!("rpf_{}", &digits[1..]),
            format!("rpf_{}", digits.to_uppercase()),
            format!("RPF_{digits}"),
            format!("rpf_{digits} "),
            String::new(),
            "rpf_é".repeat(32),
        ] {
            assert_eq!(hash(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret("rpf_00".to_owned())), "Secret(…)");
    }
}
