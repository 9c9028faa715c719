//! `architecture`: the documents tell the truth about the workspace and about each other.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::layers::Layer;
use crate::repository;

/// The document with the crate table.
const DOCUMENT: &str = "ARCHITECTURE.md";

/// The lines around the table.
const BEGIN: &str = "<!-- crates: written by `cargo xtask architecture --write` -->";
const END: &str = "<!-- end of crates -->";

/// Compares the crate table with the workspace, or renews it, and follows the links of all documents.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let write = crate::flag(&mut arguments, "--write");
    crate::nothing_left(&arguments)?;
    let (rows, mut wrong) = rows(&repository::metadata()?);
    let text = repository::read(DOCUMENT)?;
    let expected = with_table(&text, &rows)?;
    if write && wrong.is_empty() {
        repository::write(DOCUMENT, &expected)?;
    } else {
        wrong.extend(differences(&text, &rows)?);
    }
    let documents = documents()?;
    for document in &documents {
        let text = repository::read(document)?;
        wrong.extend(broken(document, &text, |path| repository::root().join(path).exists()));
    }
    for line in &wrong {
        println!("{line}");
    }
    if !wrong.is_empty() {
        bail!("{} things to put right; `cargo xtask architecture --write` renews the table", wrong.len());
    }
    println!("{} crates in the table, the links of {} documents lead somewhere", rows.len(), documents.len());
    Ok(())
}

/// The rows of the table, lowest layer first, and the crates that cannot have one.
fn rows(metadata: &Value) -> (Vec<String>, Vec<String>) {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for package in repository::packages(metadata) {
        let name = repository::short(package["name"].as_str().unwrap_or_default());
        let folder = if name == "xtask" { "xtask".to_owned() } else { format!("crates/{name}") };
        match (Layer::of(name), package["description"].as_str()) {
            (Some(layer), Some(text)) => {
                rows.push((layer, format!("| {layer} | [`{name}`]({folder}) | {text} |")));
            }
            (None, _) => wrong.push(format!("{name}: has no layer")),
            (_, None) => wrong.push(format!("{name}: has no description in {folder}/Cargo.toml")),
        }
    }
    rows.sort();
    (rows.into_iter().map(|(_, row)| row).collect(), wrong)
}

/// The document with these rows between the marks.
fn with_table(text: &str, rows: &[String]) -> Result<String> {
    let (before, rest) =
        text.split_once(BEGIN).with_context(|| format!("{DOCUMENT}: expected the line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{DOCUMENT}: expected the line {END}"))?;
    Ok(format!(
        "{before}{BEGIN}\n| layer | crate | holds |\n|---|---|---|\n{}\n{END}{after}",
        rows.join("\n")
    ))
}

/// Rows that the document lacks or has too many.
fn differences(text: &str, rows: &[String]) -> Result<Vec<String>> {
    let fresh = with_table(text, rows)?;
    let table = |text: &str| -> Vec<String> {
        let inside = text.split(BEGIN).nth(1).and_then(|rest| rest.split(END).next()).unwrap_or_default();
        inside.lines().filter(|line| line.starts_with('|')).map(str::to_owned).collect()
    };
    let (actual, expected) = (table(text), table(&fresh));
    let missing = expected.iter().filter(|row| !actual.contains(row));
    let foreign = actual.iter().filter(|row| !expected.contains(row));
    let mut found: Vec<String> = missing
        .map(|row| format!("{DOCUMENT}: missing row {row}"))
        .chain(foreign.map(|row| format!("{DOCUMENT}: row of no crate {row}")))
        .collect();
    if found.is_empty() && actual != expected {
        found.push(format!("{DOCUMENT}: the rows are in another order or repeated"));
    }
    Ok(found)
}

/// Markdown files at the root and below `docs/`.
fn documents() -> Result<Vec<PathBuf>> {
    let all = repository::files(&["md"])?;
    Ok(all.into_iter().filter(|path| path.components().count() == 1 || path.starts_with("docs")).collect())
}

/// Relative links of a document that lead nowhere.
fn broken(document: &Path, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = document.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        for target in if in_code { Vec::new() } else { links(line) } {
            let path = target.split(['#', '?']).next().unwrap_or_default();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !exists(&folder.join(path)) {
                found.push(format!("{}:{}: link to `{path}` leads nowhere", document.display(), index + 1));
            }
        }
    }
    found
}

/// The targets of the links of a line: `](target)` outside of inline code, and `[word]: target`.
fn links(line: &str) -> Vec<&str> {
    if let Some((_, target)) = line.strip_prefix('[').and_then(|line| line.split_once("]: ")) {
        return vec![target.trim()];
    }
    let outside_code = |at: usize| line[..at].matches('`').count().is_multiple_of(2);
    let marks = line.match_indices("](").filter(|(at, _)| outside_code(*at));
    marks.filter_map(|(at, _)| line[at + 2..].split([')', ' ']).next()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workspace() -> Value {
        json!({ "packages": [
            { "name": "reproof-contract", "description": "documents" },
            { "name": "reproof-digest", "description": "digests" },
            { "name": "xtask", "description": "chores" },
        ]})
    }

    #[test]
    fn a_written_table_has_no_differences_and_every_change_is_found() {
        let (rows, wrong) = rows(&workspace());
        assert!(wrong.is_empty());
        assert_eq!(rows[0], "| 0 | [`digest`](crates/digest) | digests |");
        let text = with_table(&format!("# A\n{BEGIN}\n{END}\nrest\n"), &rows).unwrap();
        assert!(text.ends_with("rest\n"));
        assert!(differences(&text, &rows).unwrap().is_empty());
        assert_eq!(with_table(&text, &rows).unwrap(), text);

        assert_eq!(differences(&text, &rows[1..]).unwrap().len(), 1, "a row too many");
        assert_eq!(
            differences(&text.replace("digests |", "other |"), &rows).unwrap().len(),
            2,
            "another text"
        );
        assert_eq!(differences(&text.replace("| dev |", "| 3 |"), &rows).unwrap().len(), 2, "another layer");
        let swapped = text.replace(&rows[0], "@").replace(&rows[1], &rows[0]).replace('@', &rows[1]);
        assert_eq!(differences(&swapped, &rows).unwrap().len(), 1, "another order");
        assert!(differences("# no table", &rows).is_err());
    }

    #[test]
    fn crates_without_layer_or_description_are_named() {
        let (rows, wrong) =
            rows(&json!({ "packages": [{ "name": "reproof-misc" }, { "name": "reproof-cli" }] }));
        assert!(rows.is_empty());
        assert_eq!(wrong, ["misc: has no layer", "cli: has no description in crates/cli/Cargo.toml"]);
    }

    #[test]
    fn links_are_followed_from_their_document() {
        let text = "[a](there.md) [b](gone.md#part) <x> [c](https://example.org/x.md) [d](#here)\n\
            `[e](code.md)`\n```\n[f](fenced.md)\n```\n[g]: gone.txt\n";
        let found = broken(Path::new("docs/page.md"), text, |path| path == Path::new("docs/there.md"));
        assert_eq!(
            found,
            [
                "docs/page.md:1: link to `gone.md` leads nowhere",
                "docs/page.md:6: link to `gone.txt` leads nowhere"
            ]
        );
    }
}
