//! `init`: makes a registry.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::{InitOptions, Registry, S3Settings};
use serde_json::json;

use super::{actor, connections, publish};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder that the registry serves.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Keep records in PostgreSQL, as `postgres://HOST/DATABASE`; user and password come from PGUSER and PGPASSWORD.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Keep bytes in a bucket, as `s3://BUCKET/PREFIX`; keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Where the S3-compatible service answers, if it is not AWS.
    #[arg(long, value_name = "URL", requires = "store")]
    s3_endpoint: Option<String>,
    /// The region of the bucket.
    #[arg(long, value_name = "NAME", requires = "store")]
    s3_region: Option<String>,
    /// The name of the log, best an address of yours without `https://`.
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let s3 = arguments.store.is_some().then(|| S3Settings {
        endpoint: arguments.s3_endpoint.clone(),
        region: arguments.s3_region.clone(),
        allow_http: arguments.s3_endpoint.as_ref().is_some_and(|address| address.starts_with("http://")),
    });
    let options = InitOptions {
        database: arguments.database.clone(),
        store: arguments.store.clone(),
        s3,
        log: arguments.log.clone(),
    };
    let registry = Registry::init(&arguments.folder, &options, &connections(), actor())?;
    publish(&registry);
    let settings = registry.settings();
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.init/v0",
            "registry": registry.place(),
            "database": settings.database,
            "store": settings.store,
            "log": settings.log,
            "log_key": settings.log_key,
        }))?;
    } else {
        output::data(&format!(
            "made a registry in {}\n  records  {}\n  bytes    {}\n  log      {}\n\n\
             next: reproof push PATH MODEL@1.0.0\n\
             keep elsewhere what proves that nobody rewrote the log: reproof audit checkpoint > FILE\n",
            output::shown(registry.place()),
            settings.database,
            settings.store,
            settings.log
        ))?;
    }
    Ok(Exit::Reached)
}
