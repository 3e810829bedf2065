//! What the tests share: an instant, specifications, and OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;

use time::{Duration, OffsetDateTime};
use zone_pki::{
    Authority, AuthoritySpec, Certificate, KeyAlgorithm, LeafSpec, PrivateKey, Subject, SubjectAltNames,
    Usages,
};

/// The present, in whole seconds: OpenSSL makes its certificates with this clock.
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).unwrap()
}

pub fn names(list: &[&str]) -> SubjectAltNames {
    list.iter().map(|name| name.parse().unwrap()).collect()
}

pub fn authority_spec(name: &str, path_length: u8, permitted: &[&str]) -> AuthoritySpec {
    AuthoritySpec {
        subject: Subject { organization: Some("example.zone".into()), ..Subject::with_common_name(name) },
        path_length,
        permitted_dns: permitted.iter().map(|name| (*name).to_owned()).collect(),
        validity: Duration::days(3650),
        key: KeyAlgorithm::P256,
    }
}

pub fn leaf_spec(usages: Usages, list: &[&str]) -> LeafSpec {
    LeafSpec {
        subject: Subject::with_common_name("node1.example.zone"),
        names: names(list),
        usages,
        validity: Duration::days(365),
        key: KeyAlgorithm::P256,
    }
}

/// A root and, under it, a plane that may issue for `example.zone` and `localhost`.
pub fn root_and_plane() -> (Authority, Authority) {
    let root = Authority::generate(&authority_spec("root", 1, &[]), now()).unwrap();
    let spec = authority_spec("peer plane", 0, &["example.zone", "localhost"]);
    let plane = root.issue_authority(&spec, now()).unwrap();
    (root, plane)
}

/// A directory that only we may enter: what a plain temporary one is depends on the umask.
pub fn private_directory() -> tempfile::TempDir {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().unwrap()
}

/// A directory with files that OpenSSL reads and writes.
pub struct Files(pub tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn write_certificate(&self, name: &str, certificate: &Certificate) -> PathBuf {
        self.write(name, certificate.pem())
    }

    pub fn write_key(&self, name: &str, key: &PrivateKey) -> PathBuf {
        self.write(name, key.to_pem().as_bytes())
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs OpenSSL in the directory: whether it succeeded, and all that it said.
    pub fn try_openssl(&self, arguments: &str) -> (bool, String) {
        self.try_openssl_with(arguments.split_whitespace())
    }

    pub fn try_openssl_with<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> (bool, String) {
        let output = Command::new("openssl").current_dir(self.0.path()).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Runs OpenSSL, which has to succeed.
    #[track_caller]
    pub fn openssl(&self, arguments: &str) -> String {
        let (success, said) = self.try_openssl(arguments);
        assert!(success, "openssl {arguments}: {said}");
        said
    }

    /// Makes a self-signed authority for the key in `key.pem`, in `ca.pem`, and loads the two.
    #[track_caller]
    pub fn authority_by_openssl(&self, subject: &str, more: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let mut arguments =
            vec!["req", "-x509", "-new", "-key", "key.pem", "-out", "ca.pem", "-days", "3650"];
        arguments.extend(["-subj", subject, "-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
        arguments.extend(more);
        let (success, said) = self.try_openssl_with(arguments);
        assert!(success, "{said}");
        (self.read("ca.pem"), self.read("key.pem"))
    }
}

/// Runs a test of this binary again as a process of its own, under a shell command that ends in `"$0" "$@"`.
/// The test sees by [`child_directory`] that it is the child.
#[track_caller]
pub fn run_child(shell: &str, test: &str, directory: &Path) {
    let status = Command::new("sh")
        .args(["-c", shell])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--quiet"])
        .env("ZONE_PKI_TEST_DIRECTORY", directory)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{test}: {status}");
}

/// Where a child of [`run_child`] works; none in the test itself.
pub fn child_directory() -> Option<PathBuf> {
    std::env::var_os("ZONE_PKI_TEST_DIRECTORY").map(PathBuf::from)
}
