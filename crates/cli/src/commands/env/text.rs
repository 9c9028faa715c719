//! Environments for people.

use reproof_contract::environment::{Distribution, Environment, OriginKind, Python};
use reproof_contract::report::EnvironmentDifference;
use reproof_environment::installed::is_launcher;
use reproof_report::visible_lines;

use crate::output;

/// Everything that is known of an environment.
pub(super) fn describe(environment: &Environment) -> String {
    let mut blocks = vec![machine(environment)];
    if let Some(python) = &environment.python {
        blocks.push(interpreter(python));
        blocks.extend(altered(python));
        blocks.push(output::table(
            &["distribution", "version", "from"],
            python.distributions.iter().map(row).collect(),
        ));
        if !python.libraries.is_empty() {
            let rows = python.libraries.iter().map(|library| {
                let owner = library.distribution.clone().unwrap_or_default();
                vec![library.path.clone(), owner, short(library.sha256.as_deref())]
            });
            blocks.push(output::table(&["native library in memory", "of", "sha256"], rows.collect()));
        }
        if !python.facts.is_empty() {
            let rows = python.facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
            blocks.push(output::table(&["framework", "says"], rows.collect()));
        }
        if !python.problems.is_empty() {
            let lines: Vec<String> = python.problems.iter().map(|problem| format!("  {problem}")).collect();
            blocks.push(format!("could not be read:\n{}", lines.join("\n")));
        }
    }
    // Names come from packages: nothing in them may move the cursor or change colours.
    visible_lines(&blocks.join("\n\n"))
}

fn machine(environment: &Environment) -> String {
    let (cpu, system) = (&environment.cpu, &environment.system);
    let mut rows = vec![
        pair("class", &environment.class),
        pair("processor", &format!("{}, {} cores", cpu.model, cpu.cores)),
        pair("features", &cpu.features.join(" ")),
        pair("system", &format!("{} {}, {}", system.name, system.kernel, system.distribution)),
        pair("C library", &system.libc),
        pair("container", system.container.as_deref().unwrap_or("none seen")),
    ];
    for accelerator in &environment.accelerators {
        rows.push(pair("accelerator", &format!("{}, driver {}", accelerator.model, accelerator.driver)));
    }
    rows.extend(environment.variables.iter().map(|(name, value)| pair(name, value)));
    output::table(&["machine", ""], rows)
}

fn interpreter(python: &Python) -> String {
    let mut rows = vec![
        pair("program", &python.executable),
        pair("version", &format!("{} {}", python.implementation, python.version)),
        pair("build", &python.build),
        pair("for", &format!("{}, {}", python.platform, python.abi)),
        pair("kind", &python.kind),
    ];
    rows.extend(python.flags.iter().map(|(name, value)| pair(&format!("flag {name}"), value)));
    let files: u64 = python.distributions.values().map(|found| found.files).sum();
    let altered: usize = python.distributions.values().map(|found| found.altered.len()).sum();
    let told = format!("{files} with a hash, {} looked at, {altered} altered", python.checked);
    rows.push(pair("installed files", &told));
    output::table(&["interpreter", ""], rows)
}

fn pair(name: &str, value: &str) -> Vec<String> {
    vec![name.to_owned(), value.to_owned()]
}

fn short(hash: Option<&str>) -> String {
    hash.unwrap_or("unreadable").chars().take(12).collect()
}

/// Files that are not what was installed; launchers are counted, because moving an environment alters each.
fn altered(python: &Python) -> Vec<String> {
    let files = python
        .distributions
        .iter()
        .flat_map(|(name, found)| found.altered.iter().map(move |file| (name, file)));
    let (launchers, files): (Vec<_>, Vec<_>) = files.partition(|(_, file)| is_launcher(&file.path));
    let mut told = Vec::new();
    if !files.is_empty() {
        let lines = files
            .iter()
            .map(|(name, file)| format!("  {name}: {} ({})", file.path, short(Some(&file.actual))));
        told.push(format!("ALTERED since their installation:\n{}", lines.collect::<Vec<_>>().join("\n")));
    }
    if !launchers.is_empty() {
        told.push(format!(
            "{} launchers name another interpreter than when they were installed",
            launchers.len()
        ));
    }
    told
}

fn row((name, found): (&String, &Distribution)) -> Vec<String> {
    let origin = &found.origin;
    let from = match (origin.kind, &found.installer) {
        (OriginKind::Index, Some(installer)) => format!("index, by {installer}"),
        (kind, _) => {
            let parts = [Some(kind.as_str()), origin.url.as_deref(), origin.revision.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
    };
    vec![name.clone(), found.version.clone(), from]
}

/// Differences, the gravest first, each with its reason and where the rule is from.
pub(super) fn differences(found: &[EnvironmentDifference]) -> String {
    let lines = found.iter().map(|difference| {
        let EnvironmentDifference { item, recorded, current, reason, source, .. } = difference;
        format!("{}: {item}: {recorded} -> {current}\n    {reason} ({source})", difference.grade.words())
    });
    visible_lines(&lines.collect::<Vec<_>>().join("\n"))
}
