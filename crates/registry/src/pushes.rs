//! A version with all that is said of it when it comes: one act, which happens whole or not at all.

use crate::registry::{By, Registry};
use crate::{Error, NewModel, NewVersion, Pushed, Relation, Target, lineage, models, notes, versions};

/// A version, and what is said of it.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// The version.
    pub version: NewVersion<'a>,
    /// Its model, where that is to be made if it is not there.
    pub model: Option<NewModel<'a>>,
    /// Where it comes from.
    pub lineage: &'a [(Relation, Target<'a>)],
    /// Tags that are set where the version is new.
    pub found: &'a [(&'a str, &'a str)],
    /// Tags that are set in any case, after the others.
    pub told: &'a [(&'a str, &'a str)],
}

impl Registry {
    /// Adds a version as [`Self::add_version`] does, with its model, its lineage and its tags; whether the model is new.
    /// Done again it changes nothing but what is told anew.
    pub fn push(&self, by: By<'_>, push: &Push<'_>) -> Result<(Pushed, bool), Error> {
        self.act(|tx| {
            let name = push.version.model;
            let mut new_model = false;
            if let (Some(model), Err(Error::Unknown { .. })) = (&push.model, models::find(tx, name)) {
                models::create(tx, by, model)?;
                new_model = true;
            }
            let pushed = versions::add(tx, by, &push.version)?;
            let found = versions::find(tx, name, push.version.version)?;
            for (relation, target) in push.lineage {
                lineage::add(tx, by, &found, *relation, *target)?;
            }
            let before = notes::tags(tx, found.id)?;
            let tags = push.found.iter().filter(|_| matches!(pushed, Pushed::New(_))).chain(push.told);
            for (key, value) in tags {
                if !before.iter().any(|(known, is)| known == key && is == value) {
                    notes::check_tag(key, Some(value))?;
                    notes::tag(tx, by, &found, key, value)?;
                }
            }
            Ok((pushed, new_model))
        })
    }
}
