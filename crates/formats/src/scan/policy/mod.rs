//! What is known about names that a pickle imports.
//!
//! The rule is an allow-list: what is known to make nothing but data is no finding, classes of known libraries are
//! information, and everything else is at least a warning. The tables say which is which; [`standing`] reads them.

mod dangerous;
mod libraries;
mod safe;
mod standard;
mod table;

/// What importing and calling a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It makes nothing but data.
    Data,
    /// It makes data, and calls the first thing that it is given.
    Caller,
    /// `functools.partial`: calls the first thing that it is given, later.
    Partial,
    /// `getattr`: what it reaches decides.
    Attribute,
    /// It unpickles the bytes that it is given.
    Unpickler,
    /// A class of a library that checkpoints and pipelines are known to hold.
    Familiar,
    /// A function of such a library.
    Function,
    /// A class that nothing here knows.
    Class,
    /// A function that nothing here knows.
    Unlisted,
    /// It is named like what a class pickles itself with: nothing here knows it, and it probably makes an object.
    Rebuilds,
    /// It runs code, starts programs, opens files or connections, or is a way to something that does.
    Dangerous(&'static str),
}

/// What is known about `name` of `module`, both in the words of Python 3.
pub(super) fn standing(module: &str, name: &str) -> Standing {
    if let Some(reason) = odd(module, name) {
        return Standing::Dangerous(reason);
    }
    if let Some(standing) = safe::standing(module, name) {
        return standing;
    }
    if let Some(reason) = dangerous::reason(module, name) {
        return Standing::Dangerous(reason);
    }
    let root = module.split('.').next().unwrap_or_default();
    if standard::is_module(root) {
        return Standing::Dangerous("is part of Python itself and not known to make only data");
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    // A walk through attributes may end anywhere; only nested classes are named like that by honest pickles.
    if name.contains('.') && !name.split('.').all(is_class) {
        return Standing::Dangerous("walks through attributes to something that is not a class");
    }
    let familiar = libraries::is_familiar(module, root);
    match (is_class(last), familiar) {
        (true, true) => Standing::Familiar,
        (true, false) => Standing::Class,
        (false, _) if rebuilds(last) => Standing::Rebuilds,
        (false, true) => Standing::Function,
        (false, false) => Standing::Unlisted,
    }
}

/// Whether a name unpickles the bytes that it is given.
pub(super) fn unpickles(module: &str, name: &str) -> bool {
    safe::unpickles(module, name)
}

/// Whether a class of this module, called with arguments, makes an object like any other of its library.
pub(super) fn makes_estimators(module: &str) -> bool {
    libraries::makes_estimators(module.split('.').next().unwrap_or_default())
}

/// Whether a name is one that dangerous things have, wherever it is found.
pub(super) fn is_dangerous_attribute(name: &str) -> bool {
    dangerous::attribute(name).is_some()
}

/// Whether a name is written as classes are.
pub(super) fn is_class(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|first: char| first.is_uppercase())
}

/// Whether a function is named as those are that pickled objects name to be made again.
fn rebuilds(name: &str) -> bool {
    const STARTS: [&str; 8] = [
        "_rebuild",
        "_reconstruct",
        "_unpickle",
        "__pyx_unpickle",
        "_restore",
        "_recreate",
        "_from_pickle",
        "rebuild_",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

/// Why no honest pickle has such a name.
fn odd(module: &str, name: &str) -> Option<&'static str> {
    let look_alike = |c: char| matches!(c, '\u{ff00}'..='\u{ffef}' | '\u{1d400}'..='\u{1d7ff}');
    if module == "?" || name == "?" {
        return Some("has a name that is only known when it is loaded");
    }
    if [module, name].iter().any(|part| part.split('.').any(str::is_empty)) {
        return Some("has an empty name");
    }
    let ordinary = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    if [module, name].iter().any(|part| part.chars().any(|c| !ordinary(c) || look_alike(c))) {
        return Some("has a name with characters that names do not have");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_standing_that_their_use_in_real_files_asks_for() {
        for (name, expected) in [
            ("torch._utils _rebuild_tensor_v2", Standing::Data),
            ("torch BFloat16Storage", Standing::Data),
            ("torch.storage _load_from_bytes", Standing::Unpickler),
            ("torch.nn.modules.conv Conv2d", Standing::Familiar),
            ("transformers.training_args TrainingArguments", Standing::Familiar),
            ("sklearn.tree._tree Tree", Standing::Familiar),
            ("sklearn._loss._loss __pyx_unpickle_CyHalfBinomialLoss", Standing::Rebuilds),
            ("my.package Net", Standing::Class),
            ("my.package Outer.Inner", Standing::Class),
            ("my.package run", Standing::Unlisted),
            ("torch.functional einsum", Standing::Function),
        ] {
            let (module, name) = name.split_once(' ').unwrap();
            assert_eq!(standing(module, name), expected, "{module} {name}");
        }
        for name in [
            "os system",
            "posix system",
            "builtins eval",
            "builtins map",
            "functools reduce",
            "numpy load",
            "torch.hub load",
            "torch hub.load",
            "torch.serialization os",
            "sklearn.utils os.system",
            "? system",
            " os system",
            "uuid _get_command_stdout",
            "collections _sys.modules.get",
            "my.package system",
        ] {
            let (module, name) = name.rsplit_once(' ').unwrap();
            assert!(matches!(standing(module, name), Standing::Dangerous(_)), "{module} {name}");
        }
    }
}
