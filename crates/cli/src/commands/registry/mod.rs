//! The commands of the registry: versions with names, promotion with proof, a log that nobody can rewrite unseen.

pub(crate) mod access;
pub(crate) mod alias;
pub(crate) mod audit;
pub(crate) mod checkout;
pub(crate) mod decide;
mod document;
pub(crate) mod evidence;
pub(crate) mod gate;
pub(crate) mod init;
pub(crate) mod keep;
pub(crate) mod lint;
pub(crate) mod log;
pub(crate) mod maintain;
pub(crate) mod promote;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod show;
mod spot;
pub(crate) mod state;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use clap::Args;
use reproof::registry::store::S3Options;
use reproof::registry::{Actor, Connections, Registry, find};

use crate::bars::Bars;
use crate::output;

/// Which registry, and who asks.
#[derive(Args, Debug, Clone)]
pub(crate) struct RegistryArguments {
    /// The registry's folder, or one that it serves [default: the nearest `.reproof` here or above].
    #[arg(long, value_name = "DIR", env = "REPROOF_REGISTRY", global = true, help_heading = "Registry")]
    registry: Option<PathBuf>,
}

impl RegistryArguments {
    /// Opens the registry.
    pub(crate) fn open(&self) -> Result<Registry> {
        let folder = find(self.registry.as_deref().unwrap_or(Path::new(".")))?;
        Ok(Registry::open(&folder, &connections(), actor())?)
    }
}

/// What the environment says, if it says anything.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who acts: the owner of the token, else whom the system has logged in.
pub(crate) fn actor() -> Actor {
    let user = ["REPROOF_USER", "USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable);
    Actor {
        user: user.unwrap_or_else(nobody_named),
        token: variable("REPROOF_TOKEN"),
        clock: SystemTime::now,
    }
}

/// The user whom nobody named: by number.
#[cfg(unix)]
fn nobody_named() -> String {
    format!("uid-{}", rustix::process::geteuid().as_raw())
}

/// The user whom nobody named.
#[cfg(not(unix))]
fn nobody_named() -> String {
    "unknown".to_owned()
}

/// Keys and passwords, by the names that other tools read too.
pub(crate) fn connections() -> Connections {
    let s3 = S3Options {
        endpoint: variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL")),
        region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
        access_key: variable("AWS_ACCESS_KEY_ID"),
        secret_key: variable("AWS_SECRET_ACCESS_KEY"),
        session_token: variable("AWS_SESSION_TOKEN"),
        allow_http: false,
    };
    let database = variable("PGUSER").map(|user| match variable("PGPASSWORD") {
        Some(password) => format!("{}:{}", escaped(&user), escaped(&password)),
        None => escaped(&user),
    });
    Connections { s3, database }
}

/// A text as a part of an address.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Publishes what was just done. The act itself is kept; a log that cannot be written now is written next time.
pub(crate) fn publish(registry: &Registry) {
    // Members of a team have no key of the log: who has it publishes what they did.
    if registry.publishes()
        && let Err(error) = registry.publish(&Bars::new())
    {
        output::note(&format!("note: the log was not published: {}", reproof::chain(&error)));
    }
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut amount = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if amount < 1000.0 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{amount:.1} {unit}") }
}

/// A moment for people: to the second.
pub(crate) fn moment(at: reproof::registry::records::At) -> String {
    let text = at.to_string();
    text.split_once('.').map_or(text.clone(), |(second, _)| second.replace('T', " "))
}
