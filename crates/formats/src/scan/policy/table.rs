//! Looking into tables of names.

/// Names by module: words between spaces, where `*` stands for any text at a word's start or end
/// and `@` for every class.
pub(super) type Table = &'static [(&'static str, &'static str)];

/// Whether a table has a name. A module that ends in `.*` stands for all modules below it, and for itself.
pub(super) fn has(table: Table, module: &str, name: &str) -> bool {
    let words = |names: &str| names.split_ascii_whitespace().any(|word| is(word, name));
    table.iter().any(|(known, names)| is_module(known, module) && words(names))
}

fn is_module(known: &str, module: &str) -> bool {
    match known.strip_suffix(".*") {
        Some(root) => module.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        None => known == module,
    }
}

fn is(word: &str, name: &str) -> bool {
    if word == "@" {
        return !name.contains('.') && super::is_class(name);
    }
    match (word.strip_prefix('*'), word.strip_suffix('*')) {
        // A star stands for no dot, which would be a walk.
        (Some(end), _) => name.ends_with(end) && !name.contains('.'),
        (None, Some(start)) => name.starts_with(start) && !name.contains('.'),
        (None, None) => word == name,
    }
}
