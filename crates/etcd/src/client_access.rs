//! What a client needs to reach a cluster, as etcdctl and curl are told.

use std::path::{Path, PathBuf};

use model::plan::{CLIENT_ROLE, MutualTls, ROOT_FILE};
use model::report::{shell_quoted, shell_quoted_path};

/// The name and the value of a variable.
type Setting = (&'static str, String);

/// A range request for the key `foo`, as the gateway takes it: keys are in base64 (`RangeRequest` in
/// `api/etcdserverpb/rpc.proto`).
const RANGE_OF_FOO: &str = r#"{"key":"Zm9v"}"#;

/// Endpoints, and how a client is known there.
#[derive(Clone, Debug)]
pub struct ClientAccess {
    endpoints: Vec<String>,
    /// None in a zone that verifies no certificates.
    files: Option<ClientFiles>,
}

/// The files of a client.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    /// The CA of the members.
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl ClientAccess {
    /// With the certificate of a generation.
    pub fn of_generation(endpoints: Vec<String>, generation: &Path) -> Self {
        let files = ClientFiles {
            authority: generation.join(ROOT_FILE),
            certificate: generation.join(CLIENT_ROLE.certificate_file()),
            key: generation.join(CLIENT_ROLE.key_file()),
        };
        Self { endpoints, files: Some(files) }
    }

    /// With a certificate of a member that was made elsewhere.
    pub fn of_member(endpoints: Vec<String>, mutual: &MutualTls) -> Self {
        let pair = mutual.dials_with();
        let files = ClientFiles {
            authority: mutual.authority.clone(),
            certificate: pair.certificate.clone(),
            key: pair.key.clone(),
        };
        Self { endpoints, files: Some(files) }
    }

    /// With these files.
    pub fn of_files(endpoints: Vec<String>, authority: PathBuf, certificate: PathBuf, key: PathBuf) -> Self {
        Self { endpoints, files: Some(ClientFiles { authority, certificate, key }) }
    }

    /// The files; none in a zone that verifies no certificates.
    pub fn files(&self) -> Option<&ClientFiles> {
        self.files.as_ref()
    }

    /// In a zone that verifies no certificates.
    pub fn unverified(endpoints: Vec<String>) -> Self {
        Self { endpoints, files: None }
    }

    /// The flags with which a member of another cluster asks this one as its discovery service (etcd 3.6 and
    /// later), one a line.
    pub fn discovery_flags(&self, token: &str) -> Vec<String> {
        let mut flags = vec![
            format!("--discovery-token={token}"),
            format!("--discovery-endpoints={}", self.endpoints.join(",")),
        ];
        if let Some(ClientFiles { authority, certificate, key }) = &self.files {
            let files = [("cacert", authority), ("cert", certificate), ("key", key)];
            let flag =
                |(name, file): (_, &PathBuf)| format!("--discovery-{name}={}", shell_quoted_path(file));
            flags.extend(files.map(flag));
        }
        flags
    }

    /// The variables that etcdctl reads.
    pub fn etcdctl_settings(&self) -> Vec<Setting> {
        let mut settings = vec![("ETCDCTL_ENDPOINTS", self.endpoints.join(","))];
        let Some(files) = &self.files else {
            settings.push(("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "true".to_owned()));
            return settings;
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        settings.extend([
            ("ETCDCTL_CACERT", text(&files.authority)),
            ("ETCDCTL_CERT", text(&files.certificate)),
            ("ETCDCTL_KEY", text(&files.key)),
        ]);
        settings
    }

    /// A command line of curl that reads a key from the first member through the gateway of the v3 API.
    pub fn curl_command(&self) -> String {
        let endpoint = self.endpoints.first().map_or("", String::as_str);
        let credentials = match &self.files {
            Some(files) => format!(
                "--cacert {} --cert {} --key {} ",
                shell_quoted_path(&files.authority),
                shell_quoted(&curl_certificate(&files.certificate)),
                shell_quoted_path(&files.key),
            ),
            None if endpoint.starts_with("https:") => "--insecure ".to_owned(),
            None => String::new(),
        };
        format!(
            "curl {credentials}{} --data {}",
            shell_quoted(&format!("{endpoint}/v3/kv/range")),
            shell_quoted(RANGE_OF_FOO),
        )
    }
}

/// curl takes what follows a bare colon for the passphrase of the key (`parse_cert_parameter` in
/// `src/tool_getparam.c`).
fn curl_certificate(file: &Path) -> String {
    file.to_string_lossy().replace('\\', "\\\\").replace(':', "\\:")
}
