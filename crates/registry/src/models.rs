//! Models: the names under which versions are kept.

use crate::Error;
use crate::database::Row;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_TEXT};
use crate::transaction::{Entry, Transaction, stamp};

/// A model to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewModel<'a> {
    /// `team/model`: parts of `[a-z0-9._-]` joined by `/`, at most 200 characters.
    pub name: &'a str,
    /// Who answers for it: a principal or a team.
    pub owner: &'a str,
    /// What it is, in a few sentences; may be empty.
    pub description: &'a str,
    /// How it is classified, such as `internal` or `high-risk`; retention may depend on it.
    pub classification: &'a str,
}

/// What to change of a model; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelChange<'a> {
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// What it is.
    pub description: Option<&'a str>,
    /// How it is classified.
    pub classification: Option<&'a str>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What it is.
    pub description: String,
    /// How it is classified.
    pub classification: String,
    /// Who made it, and when.
    pub created: Stamp,
}

/// The columns of a [`Model`] after its key, and where they come from.
macro_rules! model_sql {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.name, m.owner, m.description, m.classification, l.sequence, w.text, l.at ",
            "FROM model m JOIN log l ON l.sequence = m.sequence JOIN label w ON w.id = l.who ",
            $rest
        )
    };
}

fn read(row: &mut Row) -> Result<Model, Error> {
    Ok(Model {
        name: row.text()?,
        owner: row.text()?,
        description: row.text()?,
        classification: row.text()?,
        created: stamp(row)?,
    })
}

/// The key of a model.
pub(crate) fn find(tx: &mut Transaction<'_>, name: &str) -> Result<i64, Error> {
    text::model(name)?;
    tx.one("SELECT id FROM model WHERE name = ?1", &[name.into()])?
        .ok_or_else(|| Error::Unknown { what: "model", name: name.to_owned() })?
        .integer()
}

pub(crate) fn get(tx: &mut Transaction<'_>, name: &str) -> Result<(i64, Model), Error> {
    text::model(name)?;
    let mut row = tx
        .one(model_sql!("WHERE m.name = ?1"), &[name.into()])?
        .ok_or_else(|| Error::Unknown { what: "model", name: name.to_owned() })?;
    Ok((row.integer()?, read(&mut row)?))
}

fn check(model: &NewModel<'_>) -> Result<(), Error> {
    text::short("owner", model.owner)?;
    text::text("description", model.description, MAX_TEXT)?;
    text::short("classification", model.classification)
}

/// Makes a model.
pub(crate) fn create(tx: &mut Transaction<'_>, by: By<'_>, model: &NewModel<'_>) -> Result<Model, Error> {
    text::model(model.name)?;
    check(model)?;
    if tx.one("SELECT id FROM model WHERE name = ?1", &[model.name.into()])?.is_some() {
        return Err(Error::Exists { what: "model", name: model.name.to_owned() });
    }
    let entry = Entry::new("model.create")
        .subject("model", model.name)
        .detail("owner", model.owner)
        .detail("classification", model.classification)
        .detail("description", model.description);
    let recorded = tx.record(by, &entry)?;
    let id = tx.insert(
        "INSERT INTO model (name, owner, description, classification, sequence) \
         VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        &[
            model.name.into(),
            model.owner.into(),
            model.description.into(),
            model.classification.into(),
            recorded.sequence.into(),
        ],
    )?;
    tx.run("UPDATE log SET model = ?1 WHERE sequence = ?2", &[id.into(), recorded.sequence.into()])?;
    Ok(get(tx, model.name)?.1)
}

impl Registry {
    /// Makes a model. A name that is taken is [`Error::Exists`].
    pub fn create_model(&self, by: By<'_>, model: &NewModel<'_>) -> Result<Model, Error> {
        self.act(|tx| create(tx, by, model))
    }

    /// Changes what is said of a model. Its name stays.
    pub fn change_model(&self, by: By<'_>, name: &str, change: &ModelChange<'_>) -> Result<Model, Error> {
        self.act(|tx| {
            let (id, before) = get(tx, name)?;
            let after = NewModel {
                name,
                owner: change.owner.unwrap_or(&before.owner),
                description: change.description.unwrap_or(&before.description),
                classification: change.classification.unwrap_or(&before.classification),
            };
            check(&after)?;
            let entry = Entry::new("model.change")
                .of_model(id, name)
                .detail("owner", after.owner)
                .detail("classification", after.classification)
                .detail("description", after.description);
            tx.record(by, &entry)?;
            tx.run(
                "UPDATE model SET owner = ?1, description = ?2, classification = ?3 WHERE id = ?4",
                &[after.owner.into(), after.description.into(), after.classification.into(), id.into()],
            )?;
            Ok(get(tx, name)?.1)
        })
    }

    /// A model by its name.
    pub fn model(&self, name: &str) -> Result<Model, Error> {
        self.read(|tx| Ok(get(tx, name)?.1))
    }

    /// The models whose names begin with `prefix` (empty for all), by name.
    pub fn models(&self, prefix: &str, request: &PageRequest) -> Result<Page<Model>, Error> {
        const LIST: &str = "models";
        text::text("prefix", prefix, text::MAX_NAME)?;
        let after = request.after_text(LIST)?.unwrap_or("");
        // Names are ASCII up to `z`, so this comes after every name that begins with the prefix.
        let end = format!("{prefix}~");
        let rows = self.read(|tx| {
            tx.all(
                model_sql!("WHERE m.name >= ?1 AND m.name > ?2 AND m.name < ?3 ORDER BY m.name LIMIT ?4"),
                &[prefix.into(), after.into(), end.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            row.integer()?;
            let model = read(row)?;
            Ok((model.name.clone(), model))
        })
    }
}
