//! What a pickle would import, make and call.

use std::collections::HashSet;

use super::judgement::{UNKNOWN_CLASS, called, nested_class, standing};
use super::place::Place;
use super::policy::Standing;
use super::record::{self, Persistent};
use super::session::{Report, Session};
use crate::Severity;
use crate::pickle::{Call, Id, Object, Pickle, Value};

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
        let (severity, why) = match standing(place, module, name) {
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

    /// A call.
    fn object(&mut self, place: &Place, pickle: &Pickle, id: Id, object: &Object) {
        self.special_attributes(place, pickle, id, object);
        let offset = pickle.offset(id);
        let Some((module, name)) = pickle.global(object.callable) else {
            self.indirect(place, pickle, id, object);
            return;
        };
        let standing = standing(place, module, name);
        let Some((severity, why)) = called(place, pickle, object, standing, module) else { return };
        let verb = if object.call == Call::New { "make a" } else { "call" };
        let arguments = record::shown_arguments(pickle, object);
        let message = format!("{why}{arguments}");
        let report = Report::new("pickle.call", severity, message);
        self.report(place, report.would(format!("{verb} {module}.{name}")).at(offset));
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
