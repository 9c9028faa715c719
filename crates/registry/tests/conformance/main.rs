//! One suite for both databases: every case runs on SQLite and on a real PostgreSQL server.
// What `allow-unwrap-in-tests` does where the harness is Rust's own.
#![allow(clippy::unwrap_used)]

mod aliases;
mod child;
mod contradictions;
mod evidence;
mod faults;
mod governance;
mod log;
mod people;
mod place;
mod versions;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use place::Place;
use reproof_testing::Postgres;

/// What runs on both databases.
type Case = (&'static str, fn(&Place));

const MODULES: &[(&str, &[Case])] = &[
    ("versions", versions::CASES),
    ("aliases", aliases::CASES),
    ("evidence", evidence::CASES),
    ("governance", governance::CASES),
    ("people", people::CASES),
    ("log", log::CASES),
    ("contradictions", contradictions::CASES),
    ("faults", faults::CASES),
];

fn main() {
    // Cases that need another process start this program again.
    if child::ran() {
        return;
    }
    let arguments = Arguments::from_args();
    // From the main thread, so that the server lives as long as this program.
    let server = if arguments.list { Err("not started for a list".to_owned()) } else { start() };
    let server = Arc::new(server);
    let mut trials = Vec::new();
    for (module, cases) in MODULES {
        for (name, case) in *cases {
            let case = *case;
            trials.push(Trial::test(format!("sqlite::{module}::{name}"), move || {
                case(&Place::sqlite());
                Ok(())
            }));
            let server = Arc::clone(&server);
            trials.push(Trial::test(format!("postgres::{module}::{name}"), move || {
                let server = server.as_ref().as_ref().map_err(Failed::from)?;
                case(&Place::postgres(server));
                Ok(())
            }));
        }
    }
    for (name, case) in faults::SQLITE {
        trials.push(Trial::test(format!("sqlite::faults::{name}"), move || {
            case();
            Ok(())
        }));
    }
    for (name, case) in faults::POSTGRES {
        let server = Arc::clone(&server);
        trials.push(Trial::test(format!("postgres::faults::{name}"), move || {
            case(server.as_ref().as_ref().map_err(Failed::from)?);
            Ok(())
        }));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // `exit` runs no destructors.
    drop(server);
    conclusion.exit();
}

fn start() -> Result<Postgres, String> {
    Postgres::start().map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}
