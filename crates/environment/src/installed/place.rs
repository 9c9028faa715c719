//! Where a row of a list of files leads, decided by its text alone.

use std::path::{Component, Path, PathBuf};

/// Why a row is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It leads out of the environment.
    #[error("leads out of the environment")]
    Outside,
    /// It is no path of this system.
    #[error("is no path")]
    NoPath,
}

/// The file of a row: below `packages`, or elsewhere in the environment whose folders are `roots` (programs lie beside
/// the folder of packages, so rows begin with `../../../bin`).
pub fn resolve(packages: &Path, row: &str, roots: &[PathBuf]) -> Result<PathBuf, Refused> {
    if row.contains(['\0', '\\']) {
        return Err(Refused::NoPath);
    }
    let mut path = packages.to_owned();
    for component in Path::new(row).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return Err(Refused::Outside);
                }
            }
            Component::RootDir => path = PathBuf::from("/"),
            Component::Prefix(_) => return Err(Refused::NoPath),
        }
    }
    // A root of the whole system would let every path in.
    let inside = |root: &&PathBuf| root.components().count() > 1 && path.starts_with(root);
    let below = path.starts_with(packages) || roots.iter().any(|root| inside(&root));
    if below { Ok(path) } else { Err(Refused::Outside) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(row: &str) -> Result<PathBuf, Refused> {
        resolve(
            Path::new("/env/lib/python3/site-packages"),
            row,
            &[PathBuf::from("/env"), PathBuf::from("/")],
        )
    }

    #[test]
    fn rows_lead_to_packages_and_to_programs_beside_them() {
        assert_eq!(of("a/b.py").unwrap(), Path::new("/env/lib/python3/site-packages/a/b.py"));
        assert_eq!(of("../../../bin/a").unwrap(), Path::new("/env/bin/a"));
        assert_eq!(of("/env/share/x").unwrap(), Path::new("/env/share/x"));
    }

    #[test]
    fn rows_that_lead_out_are_refused() {
        for row in
            ["../../../../etc/passwd", "/etc/passwd", "a/../../../../../etc/shadow", "../../../../../../../x"]
        {
            assert_eq!(of(row), Err(Refused::Outside), "{row}");
        }
        assert_eq!(of("a\0b"), Err(Refused::NoPath));
        assert_eq!(of("..\\..\\x"), Err(Refused::NoPath));
    }

    proptest! {
        #[test]
        fn whatever_is_let_in_lies_in_the_environment(row in "(\\.\\./|/|[a-z]{1,3}/|\\./){0,9}[a-z.]{0,4}") {
            if let Ok(path) = of(&row) {
                prop_assert!(path.starts_with("/env"));
                prop_assert!(path.components().all(|part| part != Component::ParentDir));
            }
        }
    }
}
