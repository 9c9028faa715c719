//! Who may act: people, services, groups, and what they were granted. What a role allows is not the registry's matter.

use crate::database::Row;
use crate::page::{Page, PageRequest};
use crate::registry::{By, Registry, Stamp};
use crate::text::{self, MAX_FEW};
use crate::transaction::{Entry, Transaction, numbered, stamp};
use crate::{At, Error, Secret, tokens};

numbered! {
    /// What a principal is.
    pub enum PrincipalKind {
        /// A person.
        Person = 0, "person";
        /// A program.
        Service = 1, "service";
        /// Several of them.
        Group = 2, "group";
    }
}

/// Somebody, or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name, unique among principals of all kinds.
    pub name: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// Who added it, and when.
    pub added: Stamp,
}

/// A role that a principal has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its number.
    pub id: u64,
    /// Who has it: the principal that was asked for, or a group that it is in.
    pub principal: String,
    /// The role's name.
    pub role: String,
    /// The models: a name in which `*` stands for any characters.
    pub pattern: String,
    /// The alias; `None` for all, and for what has no alias.
    pub alias: Option<String>,
    /// Who granted it, and when.
    pub granted: Stamp,
}

impl Grant {
    /// Whether it is for a model, and for an alias of it where one is named.
    pub fn covers(&self, model: &str, alias: Option<&str>) -> bool {
        text::fits(&self.pattern, model) && self.alias.as_deref().is_none_or(|guarded| alias == Some(guarded))
    }
}

/// A principal with its key.
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) kind: PrincipalKind,
}

pub(crate) fn find(tx: &mut Transaction<'_>, name: &str) -> Result<Found, Error> {
    text::short("principal", name)?;
    let row = tx.one("SELECT id, kind FROM principal WHERE name = ?1", &[name.into()])?;
    let mut row =
        row.ok_or_else(|| Error::Unknown { what: "principal", name: name.chars().take(80).collect() })?;
    Ok(Found { id: row.integer()?, kind: PrincipalKind::from_number(row.integer()?)? })
}

fn read(row: &mut Row) -> Result<Principal, Error> {
    Ok(Principal { name: row.text()?, kind: PrincipalKind::from_number(row.integer()?)?, added: stamp(row)? })
}

fn names(rows: Vec<Row>) -> Result<Vec<String>, Error> {
    rows.into_iter().map(|mut row| row.text()).collect()
}

/// The grants of a principal and of its groups.
pub(crate) fn grants(tx: &mut Transaction<'_>, principal: i64) -> Result<Vec<Grant>, Error> {
    let rows = tx.all(
        "SELECT g.id, p.name, g.role, g.pattern, g.alias, l.sequence, w.text, l.at FROM permit g \
         JOIN principal p ON p.id = g.principal JOIN log l ON l.sequence = g.sequence JOIN label w ON w.id = l.who \
         WHERE g.revoked IS NULL AND (g.principal = ?1 OR g.principal IN (SELECT team FROM membership WHERE member = ?1)) \
         ORDER BY g.id",
        &[principal.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Grant {
                id: row.count()?,
                principal: row.text()?,
                role: row.text()?,
                pattern: row.text()?,
                alias: row.optional_text()?,
                granted: stamp(&mut row)?,
            })
        })
        .collect()
}

/// Makes a principal known.
pub(crate) fn add(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    name: &str,
    kind: PrincipalKind,
) -> Result<Principal, Error> {
    if tx.one("SELECT id FROM principal WHERE name = ?1", &[name.into()])?.is_some() {
        return Err(Error::Exists { what: "principal", name: name.to_owned() });
    }
    let entry = Entry::new("principal.add").subject("principal", name).detail("kind", kind.name());
    let recorded = tx.record(by, &entry)?;
    tx.run(
        "INSERT INTO principal (name, kind, sequence) VALUES (?1, ?2, ?3)",
        &[name.into(), kind.number().into(), recorded.sequence.into()],
    )?;
    let added = recorded.stamp(by);
    Ok(Principal { name: name.to_owned(), kind, added })
}

/// Gives a role.
pub(crate) fn give(
    tx: &mut Transaction<'_>,
    by: By<'_>,
    principal: &str,
    role: &str,
    pattern: &str,
    alias: Option<&str>,
) -> Result<Grant, Error> {
    let found = find(tx, principal)?;
    let count = "SELECT count(*) FROM permit WHERE principal = ?1 AND revoked IS NULL";
    tx.room("grants of a principal", MAX_FEW, count, &[found.id.into()])?;
    let mut entry = Entry::new("grant.give")
        .subject("principal", principal)
        .subject("pattern", pattern)
        .detail("role", role);
    if let Some(alias) = alias {
        entry = entry.subject("alias", alias);
    }
    let recorded = tx.record(by, &entry)?;
    let id = tx.insert(
        "INSERT INTO permit (principal, role, pattern, alias, sequence) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
        &[found.id.into(), role.into(), pattern.into(), alias.into(), recorded.sequence.into()],
    )?;
    Ok(Grant {
        id: id as u64,
        principal: principal.to_owned(),
        role: role.to_owned(),
        pattern: pattern.to_owned(),
        alias: alias.map(ToOwned::to_owned),
        granted: recorded.stamp(by),
    })
}

impl Registry {
    /// Adds a principal. A name that is taken is [`Error::Exists`].
    pub fn add_principal(&self, by: By<'_>, name: &str, kind: PrincipalKind) -> Result<Principal, Error> {
        text::short("principal", name)?;
        self.act(|tx| add(tx, by, name, kind))
    }

    /// Makes the first principal known, a person, with `role` over everything and a token: from then on a registry asks
    /// everybody for theirs, so that none of the three may be there alone.
    pub fn add_administrator(
        &self,
        by: By<'_>,
        name: &str,
        role: &str,
        expires: Option<At>,
    ) -> Result<Secret, Error> {
        text::short("principal", name)?;
        text::short("role", role)?;
        self.act(|tx| {
            add(tx, by, name, PrincipalKind::Person)?;
            give(tx, by, name, role, "**", None)?;
            Ok(tokens::issue(tx, by, name, "first", expires)?.0)
        })
    }

    /// A principal by its name.
    pub fn principal(&self, name: &str) -> Result<Principal, Error> {
        text::short("principal", name)?;
        let row = self.read(|tx| {
            tx.one(
                "SELECT p.name, p.kind, l.sequence, w.text, l.at FROM principal p JOIN log l ON l.sequence = p.sequence \
                 JOIN label w ON w.id = l.who WHERE p.name = ?1",
                &[name.into()],
            )
        })?;
        let mut row =
            row.ok_or_else(|| Error::Unknown { what: "principal", name: name.chars().take(80).collect() })?;
        read(&mut row)
    }

    /// All principals by name.
    pub fn principals(&self, request: &PageRequest) -> Result<Page<Principal>, Error> {
        const LIST: &str = "principals";
        let after = request.after_text(LIST)?.unwrap_or("");
        let rows = self.read(|tx| {
            tx.all(
                "SELECT p.name, p.kind, l.sequence, w.text, l.at FROM principal p JOIN log l ON l.sequence = p.sequence \
                 JOIN label w ON w.id = l.who WHERE p.name > ?1 ORDER BY p.name LIMIT ?2",
                &[after.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let principal = read(row)?;
            Ok((principal.name.clone(), principal))
        })
    }

    /// Puts a person or a service into a group, or takes it out. `false` if that was so already. Groups have no groups.
    pub fn set_member(&self, by: By<'_>, group: &str, member: &str, inside: bool) -> Result<bool, Error> {
        self.act(|tx| {
            let (team, one) = (find(tx, group)?, find(tx, member)?);
            let wrong = |problem| Error::WrongMembership {
                member: member.to_owned(),
                group: group.to_owned(),
                problem,
            };
            if team.kind != PrincipalKind::Group {
                return Err(wrong("it is not a group"));
            }
            if one.kind == PrincipalKind::Group {
                return Err(wrong("a group cannot be in a group"));
            }
            let keys = [one.id.into(), team.id.into()];
            let is =
                tx.one("SELECT sequence FROM membership WHERE member = ?1 AND team = ?2", &keys)?.is_some();
            if is == inside {
                return Ok(false);
            }
            let entry = Entry::new(if inside { "group.add" } else { "group.remove" })
                .subject("group", group)
                .subject("member", member);
            let recorded = tx.record(by, &entry)?;
            if inside {
                let groups =
                    tx.count("SELECT count(*) FROM membership WHERE member = ?1", &[one.id.into()])?;
                if groups >= MAX_FEW {
                    return Err(Error::TooMuch {
                        what: "groups of a member",
                        limit: MAX_FEW,
                        got: groups + 1,
                    });
                }
                tx.run(
                    "INSERT INTO membership (member, team, sequence) VALUES (?1, ?2, ?3)",
                    &[one.id.into(), team.id.into(), recorded.sequence.into()],
                )?;
            } else {
                tx.run("DELETE FROM membership WHERE member = ?1 AND team = ?2", &keys)?;
            }
            Ok(true)
        })
    }

    /// The groups of a principal by name, at most [`MAX_FEW`].
    pub fn groups_of(&self, member: &str) -> Result<Vec<String>, Error> {
        self.read(|tx| {
            let member = find(tx, member)?;
            names(tx.all(
                "SELECT p.name FROM membership s JOIN principal p ON p.id = s.team WHERE s.member = ?1 ORDER BY p.name",
                &[member.id.into()],
            )?)
        })
    }

    /// The members of a group by name.
    pub fn members(&self, group: &str, request: &PageRequest) -> Result<Page<String>, Error> {
        const LIST: &str = "members";
        let after = request.after_text(LIST)?.unwrap_or("");
        let rows = self.read(|tx| {
            let group = find(tx, group)?;
            tx.all(
                "SELECT p.name FROM membership s JOIN principal p ON p.id = s.member \
                 WHERE s.team = ?1 AND p.name > ?2 ORDER BY p.name LIMIT ?3",
                &[group.id.into(), after.into(), request.rows().into()],
            )
        })?;
        request.page(LIST, rows, |row| {
            let name = row.text()?;
            Ok((name.clone(), name))
        })
    }

    /// Grants a role for models and, where one is named, an alias. At most [`MAX_FEW`] are in force for one principal.
    pub fn grant(
        &self,
        by: By<'_>,
        principal: &str,
        role: &str,
        pattern: &str,
        alias: Option<&str>,
    ) -> Result<Grant, Error> {
        text::short("role", role)?;
        text::pattern(pattern)?;
        alias.map_or(Ok(()), text::alias)?;
        self.act(|tx| give(tx, by, principal, role, pattern, alias))
    }

    /// Takes a grant back.
    pub fn revoke_grant(&self, by: By<'_>, grant: u64) -> Result<(), Error> {
        let id = text::count("number of a grant", grant)?;
        self.act(|tx| {
            let row = tx.one(
                "SELECT p.name, g.revoked FROM permit g JOIN principal p ON p.id = g.principal WHERE g.id = ?1",
                &[id.into()],
            )?;
            let mut row = row.ok_or_else(|| Error::Unknown { what: "grant", name: grant.to_string() })?;
            let principal = row.text()?;
            if row.optional_integer()?.is_some() {
                return Err(Error::AlreadyDone { what: "grant", name: grant.to_string(), done: "revoked" });
            }
            let entry =
                Entry::new("grant.revoke").subject("principal", principal).subject("grant", grant.to_string());
            let recorded = tx.record(by, &entry)?;
            tx.run("UPDATE permit SET revoked = ?1 WHERE id = ?2", &[recorded.sequence.into(), id.into()])?;
            Ok(())
        })
    }

    /// The grants in force of a principal and of its groups, in the order in which they were given.
    pub fn grants(&self, principal: &str) -> Result<Vec<Grant>, Error> {
        self.read(|tx| {
            let found = find(tx, principal)?;
            grants(tx, found.id)
        })
    }
}
