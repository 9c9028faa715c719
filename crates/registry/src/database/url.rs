//! Where a registry is.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::Error;

/// A registry's place, parsed.
#[derive(Clone)]
pub(crate) enum Url {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<Server>),
}

/// A PostgreSQL database.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) configuration: postgres::Config,
    /// `sslrootcert`: the certificates to trust instead of the system's.
    pub(crate) certificates: Option<PathBuf>,
    /// Host, port and database, without user and password.
    pub(crate) shown: String,
}

impl Url {
    /// Parses `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(Error::BadUrl {
                    url: text.to_owned(),
                    problem: "no path after `sqlite:`".to_owned(),
                });
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(Server::parse(text)?)));
        }
        // What is not understood may still hold a password.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(Error::BadUrl {
            url: format!("{}…", scheme.chars().take(16).collect::<String>()),
            problem: "expected `sqlite:PATH` or `postgres://USER@HOST:PORT/DATABASE`".to_owned(),
        })
    }

    /// The place for messages: never a user or a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(server) => server.shown.clone(),
        }
    }
}

impl Server {
    fn parse(text: &str) -> Result<Self, Error> {
        let shown = redact(text);
        // The library knows neither `sslrootcert` nor modes that verify, which all do here.
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut certificates = None;
        let kept: Vec<&str> = query
            .split('&')
            .filter_map(|part| match part.split_once('=') {
                Some(("sslrootcert", path)) => {
                    certificates = Some(PathBuf::from(&*percent_decode_str(path).decode_utf8_lossy()));
                    None
                }
                Some(("sslmode", "verify-ca" | "verify-full")) => Some("sslmode=require"),
                _ => (!part.is_empty()).then_some(part),
            })
            .collect();
        let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        // The library's message may quote what it could not read, so it is not passed on.
        let mut configuration: postgres::Config = url.parse().map_err(|_| Error::BadUrl {
            url: shown.clone(),
            problem: "expected `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require`; write special \
                      characters of a password as %XX"
                .to_owned(),
        })?;
        if configuration.get_connect_timeout().is_none() {
            configuration.connect_timeout(std::time::Duration::from_secs(10));
        }
        configuration.application_name("reproof");
        Ok(Self { configuration, certificates, shown })
    }
}

/// The host, port and path of a URL.
fn redact(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('?').next().unwrap_or_default();
    // A password may hold an `@` by mistake: the last one counts.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("postgres://{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        match Url::parse(text) {
            Ok(url) => panic!("{} was taken", url.shown()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        for (text, path) in [
            ("sqlite:registry.db", "registry.db"),
            ("sqlite:/a b/r?.db", "/a b/r?.db"),
            ("sqlite:///absolute/r.db", "/absolute/r.db"),
        ] {
            assert_eq!(Url::parse(text).unwrap().shown(), path, "{text}");
        }
    }

    #[test]
    fn a_server_is_shown_without_user_and_password() {
        let url = Url::parse("postgres://anna:s3cret@db.example:5433/models?sslmode=require").unwrap();
        assert_eq!(url.shown(), "postgres://db.example:5433/models");
    }

    #[test]
    fn a_root_certificate_is_taken_out_of_the_query() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let url =
                Url::parse(&format!("postgres://h/d?sslrootcert=/etc/our%20ca.pem&sslmode={mode}")).unwrap();
            let Url::Postgres(server) = url else { panic!("not a server") };
            assert_eq!(server.certificates, Some(PathBuf::from("/etc/our ca.pem")));
            assert_eq!(server.configuration.get_ssl_mode(), postgres::config::SslMode::Require);
        }
    }

    #[test]
    fn no_message_holds_a_password() {
        for text in [
            "postgres://anna:s3cret@host:notaport/models",
            "postgres://anna:s3cr@et@host/models?sslmode=s3cret",
            "postgres://host/models?password=s3cret&unknown=s3cret",
            "mysql://anna:s3cret@host/models",
            "anna:s3cret@host",
        ] {
            assert!(!problem(text).contains("s3cr"), "{}", problem(text));
        }
        assert!(problem("sqlite:").contains("no path"));
    }
}
