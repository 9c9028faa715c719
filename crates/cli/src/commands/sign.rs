//! `sign` and `attest verify`: signatures over contracts, and over an artifact's files as OpenSSF Model Signing has them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use clap::{Args, Subcommand};
use reproof::registry::Reference;
use reproof::sign::{self, Signing};
use serde_json::json;

use super::registry::checkout::version_named;
use super::registry::{RegistryArguments, publish};
use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file or a folder; or a version of the registry, as MODEL@VERSION.
    path: PathBuf,
    /// The private key: PEM, P-256 or P-384.
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// Sign the files and not the contract, in the form of OpenSSF Model Signing; the signature goes here.
    #[arg(long, value_name = "FILE", conflicts_with = "contract")]
    signature: Option<PathBuf>,
    /// The contract's folder [default: beside the artifact].
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    if let Some(name) = version_named(&arguments.path).filter(|_| arguments.signature.is_none()) {
        return version(arguments, &name);
    }
    there(&arguments.path)?;
    match &arguments.signature {
        Some(signature) => files(arguments, signature),
        None => contract(arguments),
    }
}

/// Signs the contract of an artifact.
fn contract(arguments: &Arguments) -> Result<Exit> {
    let (path, place) = (&arguments.path, arguments.contract.as_deref());
    let signed = sign::sign_contract(path, place, &arguments.key, SystemTime::now(), &Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.endorsement/v0",
            "path": path,
            "contract": signed.contract,
            "signature": signed.signature,
            "key_hint": signed.key_hint,
        }))?;
    } else {
        output::data(&format!(
            "signed the contract {} of {}\n  {}\n  key {}\n",
            signed.contract.short(),
            output::shown(path),
            output::shown(&signed.signature),
            signed.key_hint
        ))?;
    }
    Ok(Exit::Reached)
}

/// Signs the contract of a version.
fn version(arguments: &Arguments, name: &Reference) -> Result<Exit> {
    let key = sign::private_key(&arguments.key)?;
    let registry = arguments.registry.open()?;
    let statement = registry.endorse(name, &key)?;
    publish(&registry);
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.endorsement/v0",
            "version": name.to_string(),
            "statement": statement.digest,
            "key_hint": statement.key_hint,
        }))?;
    } else {
        output::data(&format!("signed the contract of {name}\n  key {}\n", statement.key_hint))?;
    }
    Ok(Exit::Reached)
}

/// Signs the files of an artifact.
fn files(arguments: &Arguments, signature: &Path) -> Result<Exit> {
    let signed = sign::sign(&arguments.path, &arguments.key, signature, &Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.signature/v0",
            "path": arguments.path,
            "signature": signature,
            "files": signed.files,
            "key_hint": signed.key_hint,
        }))?;
    } else {
        output::data(&format!(
            "signed {} files of {}\n  {}\n  key {}\n",
            signed.files,
            output::shown(&arguments.path),
            output::shown(signature),
            signed.key_hint
        ))?;
    }
    Ok(Exit::Reached)
}

#[derive(Args, Debug)]
pub(crate) struct AttestArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check a signature over an artifact's files, by whatever tool of OpenSSF Model Signing made it.
    Verify(VerifyArguments),
}

#[derive(Args, Debug)]
struct VerifyArguments {
    /// The artifact: a file or a folder.
    path: PathBuf,
    /// The public key: PEM.
    #[arg(long, value_name = "PEM")]
    public_key: PathBuf,
    /// The signature.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn attest(arguments: &AttestArguments) -> Result<Exit> {
    let Command::Verify(arguments) = &arguments.command;
    there(&arguments.path)?;
    let Signing { holds, problems, unsigned, files } =
        sign::verify(&arguments.path, &arguments.public_key, &arguments.signature, &Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.attestation/v0",
            "path": arguments.path,
            "holds": holds,
            "files": files,
            "problems": problems,
            "unsigned": unsigned,
        }))?;
    } else {
        let mut text = if holds {
            format!("the signature holds: {files} files are what was signed\n")
        } else {
            "the signature does NOT hold\n".to_owned()
        };
        for problem in &problems {
            let _ = writeln!(text, "  FAIL  {problem}");
        }
        for path in &unsigned {
            let _ = writeln!(text, "  not covered: {path}");
        }
        output::data(&text)?;
    }
    Ok(if holds { Exit::Reached } else { Exit::Negative })
}
