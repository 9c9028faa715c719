//! A server with the interface of S3, started for a test and ended with it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A server in memory with one bucket. It answers one request at a time, so that it decides conditional writes atomically:
/// moto by itself looks first and writes later, and under load two of eight writers were told that they had won. It checks no
/// checksums, and signatures only where it was started so.
#[derive(Debug)]
pub struct BucketServer {
    process: Child,
    endpoint: String,
    keys: (String, String),
}

/// The bucket that is there from the start.
pub const BUCKET: &str = "history";

/// Starts the server that the program says is ready, and makes the bucket.
const PROGRAM: &str = r#"
import sys, threading
import boto3, moto.settings
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
application, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()
def one_at_a_time(environment, start_response):
    if "overwriting" in sys.argv:
        for condition in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
            environment.pop(condition, None)
    with turn:
        return list(application(environment, start_response))
server = make_server("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{sys.argv[1]}"
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                      aws_access_key_id="test", aws_secret_access_key="test")
client.create_bucket(Bucket=sys.argv[2])
key = secret = "test"
if "signed" in sys.argv:
    people = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    people.create_user(UserName="team")
    everything = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    people.put_user_policy(UserName="team", PolicyName="all", PolicyDocument=everything)
    made = people.create_access_key(UserName="team")["AccessKey"]
    key, secret = made["AccessKeyId"], made["SecretAccessKey"]
    moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print("ready", key, secret, flush=True)
sys.stdin.read()
"#;

impl BucketServer {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// If it cannot be started: a test that needs it has failed.
    pub fn start() -> Self {
        Self::of_kind("plain")
    }

    /// Starts one that accepts conditions of a write and overwrites all the same, as some services do.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn overwriting() -> Self {
        Self::of_kind("overwriting")
    }

    /// Starts one that answers only requests that are signed with [`Self::keys`].
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn signed() -> Self {
        Self::of_kind("signed")
    }

    fn of_kind(kind: &str) -> Self {
        let python =
            crate::python::environment("storage").expect("the packages of the server can be installed");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a port is free").port();
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM, &port.to_string(), BUCKET, kind]).stdin(Stdio::piped());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        let ready = output.lines().map_while(Result::ok).find(|line| line.starts_with("ready"));
        let Some(ready) = ready else { panic!("the server ended before it was ready: {:?}", process.wait()) };
        let mut words = ready.split_whitespace().skip(1).map(str::to_owned);
        let keys = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Self { process, endpoint: format!("http://127.0.0.1:{port}"), keys }
    }

    /// The name of a key that it takes, and the secret.
    pub fn keys(&self) -> (&str, &str) {
        (&self.keys.0, &self.keys.1)
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        // It ends by itself when its standard input does; this does not wait for that.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
