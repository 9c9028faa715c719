//! An empty registry for each case, and short ways to fill it.

use reproof_digest::{Digest, Kind, blob};
use reproof_registry::{At, By, MoveAlias, NewModel, NewVersion, Options, Pushed, Registry};
use reproof_testing::Postgres;
use tempfile::TempDir;

/// Where a case has its registry.
pub(crate) struct Place {
    pub(crate) url: String,
    /// What lies there until the case ends.
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("registry.db").display());
        Self { url, _folder: Some(folder) }
    }

    pub(crate) fn postgres(server: &Postgres) -> Self {
        Self { url: server.database(), _folder: None }
    }

    /// A new registry.
    pub(crate) fn registry(&self) -> Registry {
        Registry::create(&self.url).unwrap()
    }

    /// A new registry with the model `team/model`.
    pub(crate) fn with_model(&self) -> Registry {
        let registry = self.registry();
        registry.create_model(by("anna", 1), &model("team/model")).unwrap();
        registry
    }

    /// A new registry with `team/model` and the versions 1.0.0, 2.0.0 and so on.
    pub(crate) fn with_versions(&self, count: u32) -> Registry {
        let registry = self.with_model();
        for number in 1..=count {
            push(&registry, number);
        }
        registry
    }

    /// A copy of the registry, which nobody may have open, after `sql` was run in it past the registry; with the copy's place.
    pub(crate) fn touched(&self, sql: &str) -> (Registry, Self) {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let copy = Self::sqlite();
            let to = copy.url.strip_prefix("sqlite:").unwrap();
            std::fs::copy(path, to).unwrap();
            let connection = rusqlite::Connection::open(to).unwrap();
            connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            drop(connection);
            return (Registry::open(&copy.url).unwrap(), copy);
        }
        let (server, name) = self.url.rsplit_once('/').unwrap();
        let connect = |url: &str| postgres::Client::connect(url, postgres::NoTls).unwrap();
        let url = format!("{server}/{name}_copy");
        let again = format!("DROP DATABASE IF EXISTS {name}_copy");
        let mut client = connect(&format!("{server}/postgres"));
        client.batch_execute(&again).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}_copy TEMPLATE {name}")).unwrap();
        let touch = format!("SET search_path TO reproof; {sql}");
        connect(&url).batch_execute(&touch).unwrap_or_else(|error| panic!("{sql}: {error}"));
        (Registry::open(&url).unwrap(), Self { url, _folder: None })
    }

    /// Opens what is there once more, with options.
    pub(crate) fn again(&self, options: &Options) -> Registry {
        Registry::open_with(&self.url, options).unwrap()
    }
}

pub(crate) fn at(seconds: u64) -> At {
    At::from_seconds(1_700_000_000 + seconds).unwrap()
}

pub(crate) fn by(who: &str, seconds: u64) -> By<'_> {
    By { who, at: at(seconds) }
}

pub(crate) fn model(name: &str) -> NewModel<'_> {
    NewModel { name, owner: "team", description: "A model.", classification: "internal" }
}

/// A digest of a kind that depends on a number only.
pub(crate) fn digest(kind: Kind, number: u32) -> Digest {
    Digest::new(kind, *blob(format!("{kind} {number}").as_bytes()).as_bytes())
}

pub(crate) fn artifact(number: u32) -> Digest {
    digest(Kind::Artifact, number)
}

pub(crate) fn new(version: &str, number: u32) -> NewVersion<'_> {
    NewVersion {
        model: "team/model",
        version,
        artifact: artifact(number),
        manifest: digest(Kind::Blob, number),
        weights: digest(Kind::Weights, number),
        contract: Some(digest(Kind::Contract, number)),
        size: 1000 + u64::from(number),
        upload: None,
    }
}

/// Pushes the version `number.0.0` of `team/model`, whose digests depend on the number.
pub(crate) fn push(registry: &Registry, number: u32) -> Pushed {
    let version = format!("{number}.0.0");
    registry.add_version(by("anna", 10 + u64::from(number)), &new(&version, number)).unwrap()
}

/// The alias `production` of `team/model`, believed to point to `expected`.
pub(crate) fn production(expected: Option<&str>) -> MoveAlias<'_> {
    MoveAlias {
        model: "team/model",
        alias: "production",
        expected,
        reason: "it is good",
        evidence: &[],
        as_of: None,
    }
}
