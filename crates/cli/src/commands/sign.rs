//! `sign` and `attest verify`: signatures over an artifact's files, as OpenSSF Model Signing has them.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use reproof::sign::{self, Signing};
use serde_json::json;

use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file or a folder.
    path: PathBuf,
    /// The private key: PEM, P-256 or P-384.
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// Where the signature goes.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let signed = sign::sign(&arguments.path, &arguments.key, &arguments.signature, &Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.signature/v0",
            "path": arguments.path,
            "signature": arguments.signature,
            "files": signed.files,
            "key_hint": signed.key_hint,
        }))?;
    } else {
        output::data(&format!(
            "signed {} files of {}\n  {}\n  key {}\n",
            signed.files,
            output::shown(&arguments.path),
            output::shown(&arguments.signature),
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
