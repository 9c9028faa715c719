//! Names of members, as a careless program would use them.

/// Why a name must not become a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameProblem {
    /// No name at all.
    Empty,
    /// It starts at the root.
    Absolute,
    /// It climbs.
    Parent,
    /// A backslash, which Windows takes as a separator.
    Backslash,
    /// It starts with a drive of Windows.
    Drive,
    /// A zero byte, at which C ends a name.
    Nul,
}

/// What makes `name` unfit as a path below a folder.
pub(super) fn problem(name: &[u8]) -> Option<NameProblem> {
    if name.is_empty() {
        return Some(NameProblem::Empty);
    }
    if name.contains(&0) {
        return Some(NameProblem::Nul);
    }
    if matches!(name[0], b'/' | b'\\') {
        return Some(NameProblem::Absolute);
    }
    if name.split(|byte| matches!(byte, b'/' | b'\\')).any(|component| component == b"..") {
        return Some(NameProblem::Parent);
    }
    if matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Some(NameProblem::Drive);
    }
    name.contains(&b'\\').then_some(NameProblem::Backslash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_told() {
        let cases: &[(&[u8], Option<NameProblem>)] = &[
            (b"archive/data.pkl", None),
            (b"a..b/..c", None),
            (b"\xff\xfe", None),
            (b"", Some(NameProblem::Empty)),
            (b"a\0b", Some(NameProblem::Nul)),
            (b"/etc/passwd", Some(NameProblem::Absolute)),
            (b"\\\\host\\share", Some(NameProblem::Absolute)),
            (b"a/../../b", Some(NameProblem::Parent)),
            (b"a\\..\\b", Some(NameProblem::Parent)),
            (b"..", Some(NameProblem::Parent)),
            (b"C:x", Some(NameProblem::Drive)),
            (b"a\\b", Some(NameProblem::Backslash)),
        ];
        for (name, expected) in cases {
            assert_eq!(problem(name), *expected, "{}", String::from_utf8_lossy(name));
        }
    }
}
