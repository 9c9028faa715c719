//! What goes wrong with a registry, what is left then, and the test that shows it, run now.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::repository;

struct Fault {
    what: &'static str,
    left: &'static str,
    tests: &'static [(Suite, &'static str)],
}

/// A test program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Suite {
    Attest,
    Command,
    Records,
    Store,
}

use Suite::{Attest, Command, Records, Store};

const FAULTS: &[Fault] = &[
    Fault {
        what: "a push is killed before any of its writes",
        left: "every published version; nothing half visible; the same command goes on where it ended",
        tests: &[
            (Store, "interruptions::a_push_may_end_before_each_of_its_writes"),
            (Command, "killed::a_push"),
        ],
    },
    Fault {
        what: "a pull is killed before any of its writes",
        left: "nothing in its place, or all of it; the same command goes on where it ended",
        tests: &[(Command, "killed::a_pull")],
    },
    Fault {
        what: "a collection is killed before any of its writes and removals",
        left: "everything that a version needs; the next collection goes on",
        tests: &[
            (Store, "collecting::a_collection_may_end_before_each_of_its_steps"),
            (Command, "killed::a_collection"),
        ],
    },
    Fault {
        what: "a promotion, or any other act, is killed before any of its writes, or between two statements (SIGKILL)",
        left: "the act with its entry of the log, or neither",
        tests: &[
            (Command, "killed::a_promotion"),
            (Records, "sqlite::faults::a_process_killed_between_statements_leaves_nothing_half_done"),
            (Records, "postgres::faults::a_process_killed_between_statements_leaves_nothing_half_done"),
        ],
    },
    Fault {
        what: "a push or a promotion is killed while it talks to PostgreSQL and a bucket (every fifth message)",
        left: "every published version, the alias with its old or its new version; the same command goes on where it ended",
        tests: &[(Command, "killed_shared::a_push_and_a_promotion")],
    },
    Fault {
        what: "the disk is full",
        left: "what was there before; nothing of the act",
        tests: &[(Records, "sqlite::faults::a_full_disk_keeps_nothing_of_the_act")],
    },
    Fault {
        what: "the folder cannot be written",
        left: "everything can be read; a push says which path",
        tests: &[
            (Records, "sqlite::faults::a_folder_that_cannot_be_written_can_be_read"),
            (Store, "probing::a_place_that_cannot_be_written_is_an_error_of_that_place"),
        ],
    },
    Fault {
        what: "the connection to PostgreSQL is lost",
        left: "the act can be repeated",
        tests: &[(Records, "postgres::faults::a_lost_connection_can_be_repeated")],
    },
    Fault {
        what: "two writers race on one alias",
        left: "one wins, the other is told where it points now",
        tests: &[
            (Records, "sqlite::faults::of_two_processes_one_moves_the_alias"),
            (Records, "postgres::faults::of_two_processes_one_moves_the_alias"),
            (Records, "sqlite::aliases::of_two_threads_one_moves_the_alias"),
            (Records, "postgres::aliases::of_two_threads_one_moves_the_alias"),
        ],
    },
    Fault {
        what: "the clock goes backwards",
        left: "no order changes, no token lives longer, a collection removes nothing",
        tests: &[
            (Records, "sqlite::aliases::a_clock_that_goes_back_changes_no_order"),
            (Records, "postgres::aliases::a_clock_that_goes_back_changes_no_order"),
            (Store, "collecting::a_clock_that_went_backwards_removes_nothing"),
        ],
    },
    Fault {
        what: "a pack is corrupted",
        left: "it is named with the versions that it affects; the rest can be read; a second copy mends it",
        tests: &[
            (Store, "damage::a_damaged_pack_is_named_with_what_it_affects_and_mended_from_a_copy"),
            (Store, "damage::every_byte_of_a_small_store_matters_and_none_brings_it_down"),
            (Command, "keeping::a_spot_check_names_what_is_not_what_it_was"),
        ],
    },
    Fault {
        what: "an index of a pack is gone",
        left: "it is made anew from the pack",
        tests: &[(Store, "damage::an_index_that_is_gone_is_made_anew_from_its_pack")],
    },
    Fault {
        what: "the database was restored from an old backup",
        left: "`audit verify` and the next act that is published say so, and sign nothing",
        tests: &[
            (Records, "sqlite::faults::a_database_restored_from_an_old_copy_is_found_out"),
            (Records, "postgres::log::a_database_with_another_history_is_found_out"),
            (Command, "registry::a_log_that_somebody_changed_is_told_and_the_entry_named"),
        ],
    },
    Fault {
        what: "entries of the log are edited, removed, reordered, forked",
        left: "`audit verify` names the entry",
        tests: &[(Command, "registry::a_log_that_somebody_changed_is_told_and_the_entry_named")],
    },
    Fault {
        what: "rows of the database are changed, added or removed past the registry",
        left: "`audit verify` names the row, and the entry of the log that says otherwise",
        tests: &[
            (Command, "registry::a_log_that_somebody_changed_is_told_and_the_entry_named"),
            (Records, "sqlite::contradictions::every_row_that_is_changed_past_the_registry_is_told"),
            (Records, "postgres::contradictions::every_row_that_is_changed_past_the_registry_is_told"),
        ],
    },
    Fault {
        what: "a token expired or was revoked",
        left: "it is refused; an unknown one tells nothing",
        tests: &[
            (Records, "sqlite::people::an_expired_token_does_not_count"),
            (Records, "postgres::people::an_expired_token_does_not_count"),
            (Records, "sqlite::people::a_revoked_token_does_not_count"),
            (Records, "postgres::people::a_revoked_token_does_not_count"),
            (Records, "sqlite::people::an_unknown_token_tells_nothing"),
            (Records, "postgres::people::an_unknown_token_tells_nothing"),
        ],
    },
    Fault {
        what: "a reviewer approves their own push",
        left: "refused, with the reason",
        tests: &[(Command, "registry::roles_decide_and_nobody_approves_their_own_push")],
    },
    Fault {
        what: "a store accepts conditional writes and overwrites all the same",
        left: "`init` refuses to keep history there",
        tests: &[
            (Store, "probing::a_place_that_overwrites_is_refused"),
            (Store, "service::a_service_that_ignores_conditions_is_refused"),
        ],
    },
    Fault {
        what: "a file changes while it is pushed",
        left: "refused; nothing is published",
        tests: &[(
            Store,
            "round_trips::a_file_that_changed_since_it_was_hashed_is_refused_and_leaves_nothing",
        )],
    },
    Fault {
        what: "a version does not keep its promise where it is pulled",
        left: "`pull --verify` leaves its place empty",
        tests: &[(Command, "keeping::what_does_not_verify_is_not_put_in_its_place")],
    },
    Fault {
        what: "somebody deletes what must be kept",
        left: "refused, with everything that keeps it",
        tests: &[
            (Command, "keeping::a_version_is_deleted_only_when_nothing_keeps_it"),
            (Command, "keeping::only_who_may_keeps_and_deletes"),
            (Records, "sqlite::versions::what_is_aliased_or_held_is_not_deleted"),
            (Records, "postgres::versions::what_is_aliased_or_held_is_not_deleted"),
        ],
    },
];

impl Suite {
    const ALL: [Self; 4] = [Attest, Command, Records, Store];

    fn program(self) -> [&'static str; 4] {
        match self {
            Attest => ["-p", "reproof-attest", "--test", "attest"],
            Command => ["-p", "reproof-cli", "--test", "runner"],
            Records => ["-p", "reproof-registry", "--test", "conformance"],
            Store => ["-p", "reproof-store", "--test", "store"],
        }
    }

    /// Runs those of its tests that the table names; the names of those that passed.
    fn passed(self) -> Result<BTreeSet<String>> {
        let of_this = |fault: &'static Fault| fault.tests.iter().filter(move |(suite, _)| *suite == self);
        let names: BTreeSet<&str> = FAULTS.iter().flat_map(of_this).map(|(_, name)| *name).collect();
        if names.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut command = repository::cargo();
        command.args(["test", "--release", "--locked"]).args(self.program()).arg("--");
        // The harness of the records takes one name only; they are quick together.
        if self != Records {
            command.arg("--exact").args(&names);
        }
        let printed = repository::output(command.args(["--format", "pretty"]))?;
        let passed = printed.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("test ")?.split_once("... ")?;
            (rest.trim() == "ok").then(|| name.trim().to_owned())
        });
        Ok(passed.collect())
    }
}

pub(super) fn text() -> Result<String> {
    let mut passed = BTreeSet::new();
    for suite in Suite::ALL {
        passed.extend(suite.passed()?.into_iter().map(|name| (suite, name)));
    }
    let mut text = "# Faults of a registry\n\nEach row was shown by the tests that it names when this page was written; they are \
                    part of `cargo xtask test`.\n\n| what happens | what is left | shown by |\n|---|---|---|\n"
        .to_owned();
    for fault in FAULTS {
        for (suite, name) in fault.tests {
            ensure!(passed.contains(&(*suite, (*name).to_owned())), "{name} did not pass, or is no test");
        }
        let tests: Vec<String> = fault.tests.iter().map(|(_, name)| format!("`{name}`")).collect();
        let _ = writeln!(text, "| {} | {} | {} |", fault.what, fault.left, tests.join(", "));
    }
    Ok(text)
}
