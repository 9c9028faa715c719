//! `sizes`: files stay short enough to be read in one sitting.

use std::path::Path;

use anyhow::{Result, bail};

use crate::repository;

/// Lines that no source file passes.
const LIMIT: usize = 600;

/// Lines that no test file passes.
const TEST_LIMIT: usize = 800;

/// Lines above which a source file is listed: time to look for what to split out.
const LISTED: usize = 400;

/// Files above the limit, with their lines. This list may only shrink: a file that got shorter lowers its
/// number here, one below the limit loses its entry, none is added.
const ALLOWED: &[(&str, usize)] = &[];

/// Prints long files and fails on one above its limit.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let mut files = Vec::new();
    for path in repository::files(&["rs", "py"])? {
        let lines = repository::read(&path)?.lines().count();
        files.push((path.to_string_lossy().replace('\\', "/"), lines));
    }
    if files.is_empty() {
        bail!("no source files found");
    }
    files.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    for (path, lines) in files.iter().filter(|(_, lines)| *lines > LISTED) {
        println!("{lines:5} lines  {path} (limit {})", limit(path));
    }
    let violations = violations(&files, ALLOWED);
    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} files of the wrong size", violations.len());
    }
    println!("{} files, the longest has {} lines", files.len(), files[0].1);
    Ok(())
}

fn limit(path: &str) -> usize {
    let path = Path::new(path);
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    if in_tests || path.ends_with("tests.rs") { TEST_LIMIT } else { LIMIT }
}

/// Files above their limit, and allowances that are larger than the file needs.
fn violations(files: &[(String, usize)], allowed: &[(&str, usize)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, lines) in files {
        let limit = limit(path);
        match allowed.iter().find(|(known, _)| known == path) {
            None if *lines > limit => {
                found.push(format!("{path}: expected at most {limit} lines, got {lines}"));
            }
            Some((_, most)) if lines > most => {
                found.push(format!("{path}: allowed {most} lines and may only shrink, got {lines}"));
            }
            Some(_) if *lines <= limit => {
                found.push(format!("{path}: {lines} lines need no allowance any more; remove it"));
            }
            Some((_, most)) if lines < most => {
                found.push(format!("{path}: lower its allowance from {most} to {lines} lines"));
            }
            _ => {}
        }
    }
    let missing = allowed.iter().filter(|(known, _)| files.iter().all(|(path, _)| path != known));
    found.extend(missing.map(|(path, _)| format!("{path}: allowed, but there is no such file")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, lines: usize, allowed: &[(&str, usize)]) -> Vec<String> {
        violations(&[(path.to_owned(), lines)], allowed)
    }

    #[test]
    fn a_file_above_its_limit_is_found() {
        assert!(of("crates/a/src/lib.rs", LIMIT, &[]).is_empty());
        assert_eq!(of("crates/a/src/lib.rs", LIMIT + 1, &[]).len(), 1);
        assert!(of("crates/a/tests/it.rs", TEST_LIMIT, &[]).is_empty());
        assert_eq!(of("crates/a/tests/it.rs", TEST_LIMIT + 1, &[]).len(), 1);
        assert!(of("crates/a/src/tests.rs", TEST_LIMIT, &[]).is_empty());
        assert_eq!(of("crates/a/src/contests.rs", TEST_LIMIT, &[]).len(), 1);
    }

    #[test]
    fn an_allowance_only_shrinks() {
        let allowed = [("a.rs", 700)];
        assert!(of("a.rs", 700, &allowed).is_empty());
        assert!(of("a.rs", 701, &allowed)[0].contains("may only shrink"));
        assert!(of("a.rs", 650, &allowed)[0].contains("lower its allowance"));
        assert!(of("a.rs", 600, &allowed)[0].contains("remove it"));
        assert_eq!(of("b.rs", 1, &allowed), ["a.rs: allowed, but there is no such file"]);
    }
}
