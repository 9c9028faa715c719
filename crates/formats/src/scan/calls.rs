//! What a pickle would import, make and call.

use std::collections::HashSet;

use super::place::Place;
use super::policy::{self, Standing};
use super::record::{self, Persistent};
use super::session::{Report, Session};
use crate::Severity;
use crate::pickle::{Call, Id, Object, Pickle, Value};

/// A judgement: how serious, and why.
type Judgement = (Severity, &'static str);

const UNKNOWN_CLASS: &str = "nothing here knows this class; its module would be imported";
const UNKNOWN_CALL: &str = "nothing here knows what it does";

impl Session {
    /// Judges every name, call and state of a pickle, also those that its result does not hold.
    pub(super) fn judge(&mut self, place: &Place, pickle: &Pickle) {
        self.pickles += 1;
        let mut called = HashSet::new();
        for (id, value) in pickle.iter() {
            match value {
                Value::Object(object) => {
                    called.insert(object.callable);
                    self.object(place, pickle, id, object);
                }
                Value::Persistent(name) => self.persistent(place, pickle, id, *name),
                Value::Extension(code) => {
                    let message = format!("class {code} of a registry outside of the file");
                    let report = Report::new("pickle.extension", Severity::Warning, message);
                    self.report(place, report.would("use a registered class").at(pickle.offset(id)));
                }
                Value::Buffer => {
                    let report =
                        Report::new("pickle.buffer", Severity::Info, "a buffer that the file does not hold");
                    self.report(place, report.at(pickle.offset(id)));
                }
                _ => {}
            }
        }
        let referred = record::referred(pickle);
        for (id, value) in pickle.iter() {
            if matches!(value, Value::Global { .. }) && (!called.contains(&id) || referred.contains(&id)) {
                self.reference(place, pickle, id);
            }
        }
    }

    /// A name that is imported and handed on.
    fn reference(&mut self, place: &Place, pickle: &Pickle, id: Id) {
        let Some((module, name)) = pickle.global(id) else { return };
        let (severity, why) = match self.standing(place, module, name) {
            Standing::Data => return,
            // A factory of factories.
            Standing::Caller if name == "defaultdict" => return,
            Standing::Caller | Standing::Partial => {
                (Severity::Warning, "is handed on and calls what it is given")
            }
            Standing::Unpickler => (Severity::Dangerous, "is handed on and unpickles what it is given"),
            // What `getattr` is handed to decides, and is judged there; alone it is a part of a chain.
            Standing::Attribute => (Severity::Dangerous, "is handed on and may reach anything"),
            Standing::Familiar => (Severity::Info, "a class of a known library"),
            Standing::Function => (Severity::Warning, "a function of a known library, handed on"),
            Standing::Rebuilds => (Severity::Warning, "a function that makes objects, handed on"),
            Standing::Class => (Severity::Warning, UNKNOWN_CLASS),
            Standing::Unlisted => (Severity::Warning, "a function that nothing here knows, handed on"),
            Standing::Dangerous(why) => (Severity::Dangerous, why),
        };
        let report = Report::new("pickle.import", severity, why);
        self.report(place, report.would(format!("import {module}.{name}")).at(pickle.offset(id)));
    }

    fn standing(&self, place: &Place, module: &str, name: &str) -> Standing {
        // The loader of TorchScript makes these classes from the archive's own code.
        if place.scripted && (module == "__torch__" || module.starts_with("__torch__.")) {
            return Standing::Data;
        }
        policy::standing(module, name)
    }

    /// A call.
    fn object(&mut self, place: &Place, pickle: &Pickle, id: Id, object: &Object) {
        self.special_attributes(place, pickle, id, object);
        let offset = pickle.offset(id);
        let Some((module, name)) = pickle.global(object.callable) else {
            self.indirect(place, pickle, id, object);
            return;
        };
        let standing = self.standing(place, module, name);
        let Some((severity, why)) = self.called(place, pickle, object, standing, module) else { return };
        let verb = if object.call == Call::New { "make a" } else { "call" };
        let arguments = record::shown_arguments(pickle, object);
        let message = format!("{why}{arguments}");
        let report = Report::new("pickle.call", severity, message);
        self.report(place, report.would(format!("{verb} {module}.{name}")).at(offset));
    }

    fn called(
        &mut self,
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
            Standing::Data => return None,
            Standing::Caller => return self.first_argument(place, pickle, object, module),
            Standing::Partial => return self.partial(place, pickle, object),
            Standing::Attribute => return attribute(pickle, object),
            Standing::Unpickler => return None,
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
    fn first_argument(
        &mut self,
        place: &Place,
        pickle: &Pickle,
        object: &Object,
        module: &str,
    ) -> Option<Judgement> {
        let first = pickle.arguments(object).and_then(|arguments| arguments.first().copied());
        // `defaultdict()` has nothing to call.
        let first = first?;
        let Some((target, name)) = pickle.global(first) else {
            let harmless = match pickle.get(first) {
                Value::None => true,
                // A partial is judged itself.
                Value::Object(inner) => pickle
                    .global(inner.callable)
                    .is_some_and(|(module, name)| self.standing(place, module, name) == Standing::Partial),
                // A class of a legacy file.
                Value::Persistent(_) => true,
                _ => false,
            };
            return (!harmless).then_some((Severity::Dangerous, "calls something that another call made"));
        };
        // Only a class can be made this way, however it is written.
        let class = module == "copyreg";
        match self.standing(place, target, name) {
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

    fn partial(&mut self, place: &Place, pickle: &Pickle, object: &Object) -> Option<Judgement> {
        let first = pickle.arguments(object).and_then(|arguments| arguments.first().copied());
        let target = first.and_then(|first| pickle.global(first));
        let standing = target.map(|(module, name)| self.standing(place, module, name));
        Some(match standing {
            Some(Standing::Data | Standing::Familiar) => {
                (Severity::Info, "keeps a call of a known class for later")
            }
            Some(Standing::Class | Standing::Function | Standing::Rebuilds) => {
                (Severity::Warning, "keeps a call for later")
            }
            // Python itself copies a partial by calling it with its own class.
            _ => (Severity::Dangerous, "keeps a call for later"),
        })
    }

    /// A call of something that is no name.
    fn indirect(&mut self, place: &Place, pickle: &Pickle, id: Id, object: &Object) {
        let (severity, what) = match pickle.get(object.callable) {
            Value::Object(inner) => match nested_class(pickle, inner) {
                Some(severity) if object.call == Call::New => (severity, "a class inside a class"),
                _ => (Severity::Dangerous, "what another call made"),
            },
            Value::Extension(_) => (Severity::Dangerous, "a class of a registry outside of the file"),
            Value::Persistent(name) => match record::persistent(pickle, *name) {
                Persistent::Module { class: Some(_) } => return,
                _ => (Severity::Dangerous, "something that the loader finds by a key"),
            },
            // A state for something that takes none: an error in Python.
            _ if object.call == Call::Instance => return,
            other => (Severity::Warning, other.kind()),
        };
        let message = "only loading would show what that is";
        let report = Report::new("pickle.indirect-call", severity, message);
        self.report(place, report.would(format!("call {what}")).at(pickle.offset(id)));
    }

    fn persistent(&mut self, place: &Place, pickle: &Pickle, id: Id, name: Id) {
        let (severity, message) = match record::persistent(pickle, name) {
            Persistent::Module { class: Some(_) } => {
                (Severity::Info, "the source code of a class, which loaders compare and do not run")
            }
            Persistent::Module { class: None } => {
                (Severity::Dangerous, "source code for something that is not a class")
            }
            Persistent::Package => (Severity::Warning, "a call that loaders of torch.package make"),
            Persistent::Other => return,
        };
        self.report(place, Report::new("pickle.persistent", severity, message).at(pickle.offset(id)));
    }

    /// States that give an object the methods by which Python works.
    fn special_attributes(&mut self, place: &Place, pickle: &Pickle, id: Id, object: &Object) {
        if object.states.is_empty() {
            return;
        }
        for (key, value) in pickle.attributes(id) {
            let Some(key) = pickle.text(key).filter(|key| record::is_special_attribute(key)) else {
                continue;
            };
            if !matches!(pickle.get(value), Value::Global { .. } | Value::Object(_)) {
                continue;
            }
            let message = format!("a state replaces `{key}`, which Python calls by itself");
            let report = Report::new("pickle.special-attribute", Severity::Warning, message);
            self.report(place, report.would(format!("replace {key}")).at(pickle.offset(value)));
        }
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
fn nested_class(pickle: &Pickle, object: &Object) -> Option<Severity> {
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
