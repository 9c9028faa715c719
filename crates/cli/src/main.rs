//! `reproof`: proves that a saved model still loads and still produces identical outputs, and when it does not, why.

mod arguments;
mod bars;
mod commands;
mod context;
mod engines;
mod failure;
mod files;
mod output;
mod private;
mod quantities;
mod trust;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Command, Root};
use failure::Exit;

/// Keeps memory that was given back: blocks of a megabyte are asked for all the time, and those that the system has to clear
/// page by page cost as much time as what is done with them.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let root = Root::parse();
    files::allow_many();
    let result = match root.command {
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Digest(arguments) => commands::digest::run(&arguments),
        Command::Diagnose(arguments) => commands::diagnose::run(&arguments),
        Command::Diff(arguments) => commands::diff::run(&arguments),
        Command::Scan(arguments) => commands::scan::run(&arguments),
        Command::Cases(arguments) => commands::cases::run(&arguments),
        Command::Record(arguments) => commands::record::run(&arguments),
        Command::Accept(arguments) => commands::accept::run(&arguments),
        Command::Verify(arguments) => commands::verify::run(&arguments),
        Command::Drill(arguments) => commands::drill::run(&arguments),
        Command::Env(arguments) => commands::env::run(&arguments),
        Command::Init(arguments) => commands::registry::init::run(&arguments),
        Command::Push(arguments) => commands::registry::push::run(&arguments),
        Command::Pull(arguments) => commands::registry::pull::run(&arguments),
        Command::Show(arguments) => commands::registry::show::run(&arguments),
        Command::Log(arguments) => commands::registry::log::run(&arguments),
        Command::Alias(arguments) => commands::registry::alias::run(&arguments),
        Command::Evidence(arguments) => commands::registry::evidence::run(&arguments),
        Command::Gate(arguments) => commands::registry::gate::run(&arguments),
        Command::Approve(arguments) => commands::registry::decide::run(&arguments),
        Command::Promote(arguments) => commands::registry::promote::run(&arguments),
        Command::Revert(arguments) => commands::registry::promote::revert(&arguments),
        Command::Retire(arguments) => commands::registry::state::retire(&arguments),
        Command::Flag(arguments) => commands::registry::state::flag(&arguments),
        Command::Clear(arguments) => commands::registry::state::clear(&arguments),
        Command::Tag(arguments) => commands::registry::state::tag(&arguments),
        Command::Note(arguments) => commands::registry::state::note(&arguments),
        Command::Retention(arguments) => commands::registry::keep::retention(&arguments),
        Command::Hold(arguments) => commands::registry::keep::hold(&arguments),
        Command::Delete(arguments) => commands::registry::keep::delete(&arguments),
        Command::Describe(arguments) => commands::registry::state::describe(&arguments),
        Command::Lint(arguments) => commands::registry::lint::run(&arguments),
        Command::Access(arguments) => commands::registry::access::run(&arguments),
        Command::Audit(arguments) => commands::registry::audit::run(&arguments),
        Command::Fsck(arguments) => commands::registry::maintain::check(&arguments),
        Command::Gc(arguments) => commands::registry::maintain::collect(&arguments),
        Command::Sign(arguments) => commands::sign::run(&arguments),
        Command::Attest(arguments) => commands::sign::attest(&arguments),
        Command::Schema(arguments) => commands::schema::run(&arguments),
        Command::Completions(arguments) => commands::shell::completions(&arguments),
        Command::Man(arguments) => commands::shell::man(&arguments),
        Command::RunUnit(arguments) => commands::unit::run(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            // A reader that closed the pipe has seen enough.
            if error.chain().any(output::is_broken_pipe) {
                return Exit::Reached.into();
            }
            failure::report(&error)
        }
    }
}
