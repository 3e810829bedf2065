//! CAs made by openssl and cfssl, in a directory of their own.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use zone_pki::Certificate;

use super::{Outcome, TestZone, outcome};

/// What openssl has to be told for the certificate of a CA.
pub const CA: &str = "basicConstraints=critical,CA:TRUE";
/// That of one with which no CA may stand below.
pub const CA_OF_LEAVES: &str = "basicConstraints=critical,CA:TRUE,pathlen:0";
const SIGNS: &str = "keyUsage=critical,keyCertSign,cRLSign";

/// The place of somebody else's CAs.
pub struct AuthoritiesElsewhere(TempDir);

impl AuthoritiesElsewhere {
    /// An empty place.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A file there.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same, as an argument.
    pub fn text(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }

    /// Runs openssl there; the arguments are told apart by white space.
    #[track_caller]
    pub fn openssl(&self, arguments: &str) -> Outcome {
        self.openssl_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    #[track_caller]
    fn openssl_with(&self, arguments: &[&str]) -> Outcome {
        outcome(Command::new("openssl").args(arguments).current_dir(self.0.path())).expect_code(0)
    }

    /// `NAME.key` of a kind as `openssl genpkey` names it, with its options.
    #[track_caller]
    pub fn key(&self, name: &str, kind: &str) {
        self.openssl(&format!("genpkey {kind} -out {name}.key"));
    }

    /// `NAME.crt` and `NAME.key`: a self-signed CA on P-256 with these extensions.
    #[track_caller]
    pub fn root(&self, name: &str, extensions: &[&str]) {
        self.root_for(name, &[], &[&[SIGNS], extensions].concat());
    }

    /// The same with nothing but `extensions`, and for `NAME.key` if it is there.
    #[track_caller]
    pub fn root_for(&self, name: &str, options: &[&str], extensions: &[&str]) {
        self.key_unless_there(name);
        let (key, file, subject) = names(name);
        let mut arguments = vec!["req", "-x509", "-new", "-key", &key, "-out", &file, "-subj", &subject];
        if !options.contains(&"-days") {
            arguments.extend(["-days", "3650"]);
        }
        arguments.extend(options);
        arguments.extend(extensions.iter().flat_map(|extension| ["-addext", *extension]));
        self.openssl_with(&arguments);
    }

    /// `NAME.crt` and `NAME.key`: issued by the CA `issuer`, a CA itself if the extensions say so.
    #[track_caller]
    pub fn below(&self, issuer: &str, name: &str, extensions: &[&str]) {
        self.below_for(issuer, name, &[], &[&[SIGNS], extensions].concat());
    }

    /// The same with nothing but `extensions`, and for `NAME.key` if it is there.
    #[track_caller]
    pub fn below_for(&self, issuer: &str, name: &str, options: &[&str], extensions: &[&str]) {
        self.key_unless_there(name);
        let (key, file, subject) = names(name);
        let mut arguments = vec!["req", "-new", "-key", &key, "-out", "its.csr", "-subj", &subject];
        arguments.extend(extensions.iter().flat_map(|extension| ["-addext", *extension]));
        self.openssl_with(&arguments);
        self.sign(issuer, &self.file("its.csr"), &file, options);
    }

    /// Signs a request as it stands.
    #[track_caller]
    pub fn sign(&self, issuer: &str, request: &Path, file: &str, options: &[&str]) {
        let (key, certificate, _) = names(issuer);
        let request = request.display().to_string();
        let mut arguments =
            vec!["x509", "-req", "-in", &request, "-CA", &certificate, "-CAkey", &key, "-out", file];
        arguments.extend(["-copy_extensions", "copyall"]);
        if !options.contains(&"-days") {
            arguments.extend(["-days", "3000"]);
        }
        arguments.extend(options);
        self.openssl_with(&arguments);
    }

    /// Writes files of the place one after the other into `name`.
    pub fn join(&self, name: &str, parts: &[&str]) {
        let text: Vec<u8> =
            parts.iter().flat_map(|part| std::fs::read(self.file(part)).expect("a part")).collect();
        std::fs::write(self.file(name), text).expect("the whole");
    }

    /// The program that `scripts/cfssl` has built.
    #[track_caller]
    pub fn cfssl_program() -> PathBuf {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/cfssl-1.6.5/cfssl");
        assert!(program.is_file(), "run scripts/cfssl first");
        program
    }

    /// Runs cfssl there, and puts the certificate into `NAME.crt` and the key, if it made one, into
    /// `NAME.key`.
    #[track_caller]
    pub fn cfssl(&self, arguments: &str, name: &str) {
        let mut command = Command::new(Self::cfssl_program());
        let result =
            outcome(command.args(arguments.split_whitespace()).current_dir(self.0.path())).expect_code(0);
        let made: serde_json::Value = serde_json::from_str(&result.stdout).expect("cfssl prints JSON");
        std::fs::write(self.file(&format!("{name}.crt")), made["cert"].as_str().expect("a certificate"))
            .expect("the certificate");
        if let Some(key) = made["key"].as_str() {
            self.write_private(&format!("{name}.key"), key.as_bytes());
        }
    }

    /// Writes a file that only its owner can read, as CAs keep their keys.
    pub fn write_private(&self, name: &str, bytes: &[u8]) {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.file(name))
            .expect("a file");
        std::io::Write::write_all(&mut file, bytes).expect("its content");
    }

    /// `init` for a new zone of one node on loopback with these options; a word that is the name of a file
    /// here stands for it.
    #[track_caller]
    pub fn init(&self, zone: &TestZone, options: &[&str]) -> Outcome {
        let mut command = zone.command(&["init"]);
        if !zone.file("zone.toml").exists() {
            command.args(["--name", "example.zone", "--node", "node1=127.0.0.1"]);
        }
        for option in options {
            let file = self.file(option);
            if file.exists() {
                command.arg(file)
            } else {
                command.arg(option)
            };
        }
        outcome(&mut command)
    }

    fn key_unless_there(&self, name: &str) {
        if !self.file(&format!("{name}.key")).exists() {
            self.key(name, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        }
    }
}

/// The key, the certificate and the subject of a CA.
fn names(name: &str) -> (String, String, String) {
    let own = name.rsplit('/').next().unwrap_or(name);
    (format!("{name}.key"), format!("{name}.crt"), format!("/O=Corporation/CN={own}"))
}

/// The first certificate in a file.
#[track_caller]
pub fn certificate(path: &Path) -> Certificate {
    Certificate::from_pem(&std::fs::read(path).expect("a file")).expect("a certificate")
}

/// The subjects of all certificates in a file.
#[track_caller]
pub fn subjects(path: &Path) -> Vec<String> {
    let text = std::fs::read(path).expect("a file");
    let chain = Certificate::chain_from_pem(&text).expect("certificates");
    chain.iter().map(|certificate| certificate.common_name().unwrap_or_default().to_owned()).collect()
}
