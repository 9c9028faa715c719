//! Acts on a registry that a team shares, killed before what they send to the database and the bucket: what was published
//! stays whole, nothing is half visible, and the same command done again ends as if nothing had happened.
#![cfg(target_os = "linux")]

use reproof_testing::{BUCKET, BucketServer, Finished, Postgres, Sandbox};

use crate::fixtures::sandbox;
use crate::killed::ending;
use crate::registry::{array, words};

/// Messages that no command here reaches.
const ENDLESS: usize = 2000;

/// Kills at one in so many of them: each kind is met.
const STEP: usize = 5;

/// A registry on PostgreSQL and a bucket.
struct Team {
    postgres: Postgres,
    bucket: BucketServer,
    sandbox: Sandbox,
}

impl Team {
    fn new() -> Self {
        let postgres = Postgres::start().unwrap_or_else(|error| panic!("{error}"));
        let team = Self { postgres, bucket: BucketServer::start(), sandbox: sandbox() };
        let (database, endpoint) = (team.postgres.database(), team.bucket.endpoint());
        let line =
            format!("init . --database {database} --store s3://{BUCKET}/models --s3-endpoint {endpoint}");
        team.run(&line).exits(0);
        team
    }

    /// Runs a command line to its end.
    fn run(&self, line: &str) -> Finished {
        self.up_to(0, line)
    }

    /// Runs a command line up to so many messages.
    fn up_to(&self, at: usize, line: &str) -> Finished {
        let mut command = self.sandbox.command(words(line)).variable("REPROOF_USER", "ada");
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command = command.variable(name, "test");
        }
        ending().run(command, at)
    }

    /// An artifact of its own, and where it lies.
    fn artifact(&self, number: usize) -> String {
        let name = format!("values-{number}.npy");
        self.sandbox.write(&name, array(50_000 + number));
        name
    }

    /// What was pulled is what was pushed.
    fn kept(&self, version: &str, source: &str) {
        self.run(&format!("pull {version} pulled-{source}")).exits(0);
        let bytes = |name: &str| std::fs::read(self.sandbox.path(name)).unwrap();
        assert_eq!(bytes(&format!("pulled-{source}")), bytes(source));
    }

    /// Whether a version is there.
    fn has(&self, version: &str) -> bool {
        self.run(&format!("show {version}")).code() == Some(0)
    }

    /// Where the alias points.
    fn production(&self) -> String {
        let history = self.run("alias team/values production --json").exits(0).json();
        let moves = history["moves"].as_array().unwrap();
        let newest = moves.iter().max_by_key(|event| event["moved"]["sequence"].as_u64()).unwrap();
        newest["version"].as_str().unwrap().to_owned()
    }

    /// The registry holds together.
    fn whole(&self) {
        self.run("fsck").exits(0).says("everything is there");
    }
}

#[test]
fn a_push_and_a_promotion() {
    let team = Team::new();
    let mut killed = 0;
    for at in (1..ENDLESS).step_by(STEP) {
        let (artifact, version) = (team.artifact(at), format!("team/values@1.0.{at}"));
        let line = format!("push {artifact} {version}");
        let ended = team.up_to(at, &line).code().is_some();
        if !ended {
            team.whole();
            if team.has(&version) {
                team.kept(&version, &artifact);
                std::fs::remove_file(team.sandbox.path(format!("pulled-{artifact}"))).unwrap();
            }
            team.run(&line).exits(0);
        }
        team.kept(&version, &artifact);
        if ended {
            break;
        }
        killed += 1;
    }
    assert!(killed * STEP > 30, "a push has more messages than {killed}");

    let mut killed = 0;
    let mut before = "1.0.1".to_owned();
    team.run(&format!("promote team/values@{before} production")).exits(0);
    for at in (1..ENDLESS).step_by(STEP) {
        let version =
            if (at / STEP).is_multiple_of(2) { format!("1.0.{}", 1 + STEP) } else { "1.0.1".to_owned() };
        let line = format!("promote team/values@{version} production");
        let run = team.up_to(at, &line);
        let now = team.production();
        assert!(now == version || run.code().is_none() && now == before, "{now} of {before} and {version}");
        team.run(&line).exits(0);
        assert_eq!(team.production(), version);
        before = version;
        if run.code().is_some() {
            break;
        }
        killed += 1;
    }
    assert!(killed * STEP > 5, "a promotion has more messages than {killed}");
    team.whole();
    team.run("audit checkpoint").exits(0);
    team.run("audit verify").exits(0);
}
