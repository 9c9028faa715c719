//! How serious a call is.

use super::place::Place;
use super::policy::{self, Standing};
use super::record;
use crate::Severity;
use crate::pickle::{Call, Object, Pickle, Value};

/// A judgement: how serious, and why.
type Judgement = (Severity, &'static str);

pub(super) const UNKNOWN_CLASS: &str = "nothing here knows this class; its module would be imported";
const UNKNOWN_CALL: &str = "nothing here knows what it does";

/// How serious it is to call something of this standing; `None` where it only makes data.
pub(super) fn called(
    place: &Place,
    pickle: &Pickle,
    object: &Object,
    standing: Standing,
    module: &str,
) -> Option<Judgement> {
    // `BUILD` on a class or function itself looks like an old instance without arguments.
    let changes = object.call == Call::Instance && !object.states.is_empty();
    let ordinary = record::is_ordinary(pickle, object);
    let root = module.split('.').next().unwrap_or_default();
    Some(match standing {
        Standing::Dangerous(why) => (Severity::Dangerous, why),
        Standing::Class if changes => (Severity::Warning, UNKNOWN_CLASS),
        _ if changes => (Severity::Dangerous, "its attributes would be changed for the whole program"),
        Standing::Data if record::encodes_oddly(pickle, object) => {
            (Severity::Warning, "with a codec that no pickle needs; its module would be imported")
        }
        // What is unpickled is looked at by itself.
        Standing::Data | Standing::Unpickler => return None,
        Standing::Caller => return first_argument(place, pickle, object, module),
        Standing::Partial => partial(place, pickle, object),
        Standing::Attribute => return attribute(pickle, object),
        Standing::Familiar | Standing::Function if object.call == Call::New => {
            (Severity::Info, "a class of a known library")
        }
        Standing::Familiar if policy::makes_estimators(module) || ordinary => {
            (Severity::Info, "a class of a known library")
        }
        Standing::Familiar if matches!(root, "torch" | "numpy") => {
            (Severity::Dangerous, "a class that no checkpoint is known to call with arguments")
        }
        Standing::Familiar => (Severity::Warning, "a class of a known library, called with arguments"),
        Standing::Function => (Severity::Dangerous, "a function that no checkpoint is known to call"),
        Standing::Rebuilds if policy::standing(root, "Any") == Standing::Familiar => {
            (Severity::Info, "a function of a known library that makes objects")
        }
        Standing::Rebuilds => (Severity::Warning, UNKNOWN_CALL),
        Standing::Class | Standing::Unlisted if object.call == Call::New => {
            (Severity::Warning, UNKNOWN_CLASS)
        }
        Standing::Class if ordinary => (Severity::Warning, UNKNOWN_CLASS),
        Standing::Class | Standing::Unlisted => (Severity::Dangerous, UNKNOWN_CALL),
    })
}

/// The first argument of something that calls it.
fn first_argument(place: &Place, pickle: &Pickle, object: &Object, module: &str) -> Option<Judgement> {
    let first = pickle.arguments(object).and_then(|arguments| arguments.first().copied());
    // `defaultdict()` has nothing to call.
    let first = first?;
    let Some((target, name)) = pickle.global(first) else {
        let harmless = match pickle.get(first) {
            // No factory, or a class of a legacy file.
            Value::None | Value::Persistent(_) => true,
            // A partial is judged itself.
            Value::Object(inner) => pickle
                .global(inner.callable)
                .is_some_and(|(module, name)| standing(place, module, name) == Standing::Partial),
            _ => false,
        };
        return (!harmless).then_some((Severity::Dangerous, "calls something that another call made"));
    };
    // Only a class can be made this way, however it is written.
    let class = module == "copyreg";
    match standing(place, target, name) {
        Standing::Function | Standing::Unlisted if !class => {
            Some((Severity::Dangerous, "calls a function that nothing here knows"))
        }
        Standing::Partial | Standing::Attribute | Standing::Unpickler => {
            Some((Severity::Dangerous, "calls what it is given"))
        }
        // Reported where the name is.
        _ => None,
    }
}

/// What a partial keeps for later.
fn partial(place: &Place, pickle: &Pickle, object: &Object) -> Judgement {
    let first = pickle.arguments(object).and_then(|arguments| arguments.first().copied());
    let target = first.and_then(|first| pickle.global(first));
    let standing = target.map(|(module, name)| standing(place, module, name));
    match standing {
        Some(Standing::Data | Standing::Familiar) => {
            (Severity::Info, "keeps a call of a known class for later")
        }
        Some(Standing::Class | Standing::Function | Standing::Rebuilds) => {
            (Severity::Warning, "keeps a call for later")
        }
        // Python itself copies a partial by calling it with its own class.
        _ => (Severity::Dangerous, "keeps a call for later"),
    }
}

/// What `getattr` reaches.
fn attribute(pickle: &Pickle, object: &Object) -> Option<Judgement> {
    const ANYTHING: Judgement = (Severity::Dangerous, "reaches an attribute that may be anything");
    let Some([target, name]) = pickle.arguments(object) else { return Some(ANYTHING) };
    let Some(name) = pickle.text(*name) else { return Some(ANYTHING) };
    if name.contains('.') || policy::is_dangerous_attribute(name) || name.starts_with("__") {
        return Some(ANYTHING);
    }
    match pickle.get(*target) {
        Value::Global { .. } => nested_class(pickle, object).map_or(Some(ANYTHING), |severity| {
            (severity > Severity::Info).then_some((severity, "reaches a class or member of a class"))
        }),
        Value::Object(inner) => {
            let (module, class) = pickle.global(inner.callable)?;
            match policy::standing(module, class) {
                Standing::Data | Standing::Familiar | Standing::Class if inner.call == Call::New => {
                    Some((Severity::Warning, "takes a method of an object"))
                }
                _ => Some(ANYTHING),
            }
        }
        _ => Some(ANYTHING),
    }
}

/// How serious `getattr(class, name)` is where it reaches a class in a class or a member of an enum.
pub(super) fn nested_class(pickle: &Pickle, object: &Object) -> Option<Severity> {
    let (module, name) = pickle.global(object.callable)?;
    if policy::standing(module, name) != Standing::Attribute {
        return None;
    }
    let [target, name] = pickle.arguments(object)? else { return None };
    let name = pickle.text(*name)?;
    let (module, class) = pickle.global(*target)?;
    if !policy::is_class(name) || !policy::is_class(class) || policy::is_dangerous_attribute(name) {
        return None;
    }
    match policy::standing(module, class) {
        Standing::Data | Standing::Familiar => Some(Severity::Info),
        Standing::Class => Some(Severity::Warning),
        _ => None,
    }
}

/// What is known about a name, where it stands.
pub(super) fn standing(place: &Place, module: &str, name: &str) -> Standing {
    // The loader of TorchScript makes these classes from the archive's own code.
    if place.scripted && (module == "__torch__" || module.starts_with("__torch__.")) {
        return Standing::Data;
    }
    policy::standing(module, name)
}
