//! Certificates as others make them, with openssl, and the examples with these in place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::outcome;

/// A directory in which certificates are made.
pub struct Elsewhere {
    /// The directory.
    pub directory: PathBuf,
    /// The curve of every key, as openssl names it.
    pub curve: &'static str,
}

impl Elsewhere {
    /// Makes certificates in `directory`.
    pub fn new(directory: &Path) -> Self {
        fs::create_dir_all(directory).expect("a directory");
        // As a start wants a node directory.
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).expect("its mode");
        Self { directory: directory.to_owned(), curve: "P-256" }
    }

    /// A CA: `STEM.crt` and `STEM.key`.
    #[track_caller]
    pub fn authority(&self, stem: &str) -> &Self {
        self.certificate(
            stem,
            stem,
            None,
            &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"],
        )
    }

    /// A CA below another.
    #[track_caller]
    pub fn intermediate(&self, stem: &str, issuer: &str) -> &Self {
        self.certificate(
            stem,
            stem,
            Some(issuer),
            &["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
        )
    }

    /// A certificate that `issuer` makes for these names, for both sides of a connection.
    #[track_caller]
    pub fn leaf(&self, stem: &str, issuer: &str, names: &str) -> &Self {
        let names = format!("subjectAltName={names}");
        self.certificate(stem, stem, Some(issuer), &[&names, "extendedKeyUsage=serverAuth,clientAuth"])
    }

    /// A certificate with these extensions.
    #[track_caller]
    pub fn certificate(
        &self,
        stem: &str,
        common_name: &str,
        issuer: Option<&str>,
        extensions: &[&str],
    ) -> &Self {
        let file = |stem: &str, end: &str| self.directory.join(format!("{stem}.{end}"));
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            &format!("ec_paramgen_curve:{}", self.curve),
            "-nodes",
            "-days",
            "30",
        ]);
        command.arg("-subj").arg(format!("/CN={common_name}"));
        command.arg("-keyout").arg(file(stem, "key")).arg("-out").arg(file(stem, "crt"));
        if let Some(issuer) = issuer {
            command.arg("-CA").arg(file(issuer, "crt")).arg("-CAkey").arg(file(issuer, "key"));
            if !extensions.iter().any(|extension| extension.starts_with("basicConstraints")) {
                command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
            }
        }
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        outcome(&mut command).expect_code(0);
        fs::set_permissions(file(stem, "key"), fs::Permissions::from_mode(0o600)).expect("the mode");
        self
    }

    /// The PEM of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).expect("a file")
    }
}

/// The examples that are zones, with their nodes.
pub const EXAMPLES: [(&str, &[(&str, &str)]); 6] = [
    ("plain", &INFRA),
    (
        "plain-hosts",
        &[("daffodil", "192.168.65.103"), ("orange", "192.168.65.101"), ("pink", "192.168.65.102")],
    ),
    ("automatic", &INFRA),
    ("separate-authorities", &INFRA),
    (
        "one-certificate",
        &[("camellia", "192.168.65.100"), ("orange", "192.168.65.101"), ("pink", "192.168.65.102")],
    ),
    ("parameters", &INFRA),
];

/// The members of most examples.
pub const INFRA: [(&str, &str); 3] =
    [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];

/// Directories that examples name, which a test has below its own.
pub const PREFIXES: [&str; 3] = ["/path/to", "/opt/etcd/certs", "/data/etcd"];

/// Puts an example into `directory`, with the directories that it names below that, and makes the
/// certificates.
#[track_caller]
pub fn lay_out(example: &str, nodes: &[(&str, &str)], directory: &Path) -> PathBuf {
    let zone = directory.join("zone");
    fs::create_dir_all(&zone).expect("a zone directory");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join("zone.toml");
    let mut text = fs::read_to_string(source).expect("the example");
    for prefix in PREFIXES {
        text = text.replace(prefix, &format!("{}{prefix}", directory.display()));
    }
    fs::write(zone.join("zone.toml"), text).expect("zone.toml");
    let at = |prefix: &str| Elsewhere::new(&directory.join(&prefix[1..]));
    let every: Vec<String> = nodes.iter().map(|(_, address)| format!("IP:{address}")).collect();
    let every = format!("{},IP:127.0.0.1,DNS:localhost", every.join(","));
    match example {
        "separate-authorities" => {
            let made = at("/path/to");
            made.authority("ca-client").authority("ca-peer");
            for (name, address) in nodes {
                made.leaf(&format!("{name}-client"), "ca-client", &format!("IP:{address},IP:127.0.0.1"));
                made.leaf(&format!("{name}-peer"), "ca-peer", &format!("IP:{address}"));
            }
            fs::copy(made.directory.join("ca-peer.crt"), zone.join("ca-peer.crt")).expect("the peer CA");
            made.client("client", "ca-client");
        }
        "one-certificate" => {
            let made = at("/opt/etcd/certs");
            let names: Vec<String> = nodes.iter().map(|(name, _)| format!("DNS:{name}.zyxasr.io")).collect();
            made.authority("ca")
                .leaf("server", "ca", &format!("{every},{}", names.join(",")))
                .client("client", "ca");
        }
        "parameters" => {
            let made = at("/path/to");
            let names: Vec<String> =
                nodes.iter().map(|(name, _)| format!("DNS:{name}.example.com")).collect();
            let names = format!("{every},{}", names.join(","));
            made.authority("ca")
                .leaf("server", "ca", &names)
                .leaf("peer", "ca", &names)
                .client("client", "ca");
        }
        _ => {}
    }
    zone
}

impl Elsewhere {
    /// A certificate of a client, without names.
    #[track_caller]
    pub fn client(&self, stem: &str, issuer: &str) -> &Self {
        self.certificate(stem, stem, Some(issuer), &["extendedKeyUsage=clientAuth"])
    }
}
