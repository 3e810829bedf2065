//! The tools that zones are issued with otherwise, called the way their manuals do: a command a step.
//!
//! Neither synchronizes what it writes, neither verifies it; both get their input files written beforehand.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::zone_files::{ZONE_NAME, checked};

/// Something that issues one certificate after another into a directory.
pub trait Sample {
    /// Writes what the tool reads for certificate `number`; this is not measured.
    fn prepare(&self, directory: &Path, number: usize) -> Result<()>;
    /// Issues certificate `number`; this is.
    fn issue(&self, directory: &Path, number: usize) -> Result<()>;
}

/// `openssl`, from the system: key, request and certificate by a command each.
#[derive(Debug)]
pub struct Openssl {
    certificate: PathBuf,
    key: PathBuf,
}

impl Openssl {
    /// With the authority in `AUTHORITY.crt` and `AUTHORITY.key`.
    pub fn new(authority: &Path) -> Self {
        Self { certificate: authority.with_extension("crt"), key: authority.with_extension("key") }
    }
}

impl Sample for Openssl {
    fn prepare(&self, directory: &Path, number: usize) -> Result<()> {
        let text = format!(
            "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n\
             extendedKeyUsage = serverAuth, clientAuth\nsubjectKeyIdentifier = hash\n\
             authorityKeyIdentifier = keyid\n\
             subjectAltName = DNS:node{number}.{ZONE_NAME}, DNS:localhost, IP:10.0.0.{number}, IP:127.0.0.1\n"
        );
        Ok(std::fs::write(directory.join(format!("{number}.extensions")), text)?)
    }

    fn issue(&self, directory: &Path, number: usize) -> Result<()> {
        let file = |extension: &str| directory.join(format!("{number}.{extension}"));
        let openssl = |command: &str| {
            let mut openssl = Command::new("openssl");
            openssl.arg(command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            openssl
        };
        let mut key = openssl("genpkey");
        key.args(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"]).arg(file("key"));
        checked(&mut key)?;
        let mut request = openssl("req");
        request.args(["-new", "-subj", &format!("/O={ZONE_NAME}/CN=node{number}.{ZONE_NAME}"), "-key"]);
        request.arg(file("key")).arg("-out").arg(file("request"));
        checked(&mut request)?;
        let mut certificate = openssl("x509");
        certificate.args(["-req", "-sha256", "-days", "365", "-set_serial", &format!("{}", 1000 + number)]);
        certificate.arg("-CA").arg(&self.certificate).arg("-CAkey").arg(&self.key);
        certificate.arg("-in").arg(file("request")).arg("-extfile").arg(file("extensions"));
        certificate.arg("-out").arg(file("crt"));
        checked(&mut certificate).map(drop)
    }
}

/// `cfssl gencert`: key, request and certificate by one command, written as JSON; `cfssljson` makes files of
/// it.
#[derive(Debug)]
pub struct Cfssl {
    program: PathBuf,
    files: bool,
    certificate: PathBuf,
    key: PathBuf,
}

impl Cfssl {
    /// With the authority in `AUTHORITY.crt` and `AUTHORITY.key`; with `files`, `cfssljson` follows, from
    /// beside cfssl.
    pub fn new(tools: &Path, authority: &Path, files: bool) -> Self {
        let (certificate, key) = (authority.with_extension("crt"), authority.with_extension("key"));
        Self { program: tools.join("cfssl"), files, certificate, key }
    }
}

impl Sample for Cfssl {
    fn prepare(&self, directory: &Path, number: usize) -> Result<()> {
        let name = format!("node{number}.{ZONE_NAME}");
        let request = serde_json::json!({
            "CN": name,
            "hosts": [name, "localhost", format!("10.0.0.{number}"), "127.0.0.1"],
            "key": { "algo": "ecdsa", "size": 256 },
            "names": [{ "O": ZONE_NAME }],
        });
        let usages = ["digital signature", "server auth", "client auth"];
        let profile = serde_json::json!({ "expiry": "8760h", "usages": usages });
        let config = serde_json::json!({ "signing": { "default": profile } });
        std::fs::write(directory.join("config.json"), config.to_string())?;
        Ok(std::fs::write(directory.join(format!("{number}.request.json")), request.to_string())?)
    }

    fn issue(&self, directory: &Path, number: usize) -> Result<()> {
        let mut gencert = Command::new(&self.program);
        gencert.args(["gencert", "-loglevel", "3"]);
        gencert.arg("-ca").arg(&self.certificate).arg("-ca-key").arg(&self.key);
        gencert.arg("-config").arg(directory.join("config.json"));
        gencert.arg(directory.join(format!("{number}.request.json")));
        gencert.stdin(Stdio::null()).stderr(Stdio::null());
        if !self.files {
            gencert.stdout(File::create(directory.join(format!("{number}.json")))?);
            return checked(&mut gencert).map(drop);
        }
        let mut gencert = gencert.stdout(Stdio::piped()).spawn()?;
        let mut cfssljson = Command::new(self.program.with_file_name("cfssljson"));
        cfssljson.arg("-bare").arg(directory.join(number.to_string()));
        cfssljson.stdin(gencert.stdout.take().map_or_else(Stdio::null, Stdio::from));
        let written = checked(&mut cfssljson);
        let ended = gencert.wait()?;
        written?;
        if ended.success() { Ok(()) } else { Err(format!("cfssl gencert ended with {ended}").into()) }
    }
}

/// `mkcert`: key and certificate by one command.
#[derive(Debug)]
pub struct Mkcert {
    program: PathBuf,
    authority: PathBuf,
}

impl Mkcert {
    /// With the authority in `AUTHORITY.crt` and `AUTHORITY.key`, which it wants by other names in a
    /// directory.
    pub fn new(tools: &Path, authority: &Path, directory: &Path) -> Result<Self> {
        std::fs::copy(authority.with_extension("crt"), directory.join("rootCA.pem"))?;
        std::fs::copy(authority.with_extension("key"), directory.join("rootCA-key.pem"))?;
        Ok(Self { program: tools.join("mkcert"), authority: directory.to_owned() })
    }
}

impl Sample for Mkcert {
    fn prepare(&self, _: &Path, _: usize) -> Result<()> {
        Ok(())
    }

    fn issue(&self, directory: &Path, number: usize) -> Result<()> {
        let mut mkcert = Command::new(&self.program);
        mkcert.env("CAROOT", &self.authority).arg("-ecdsa").stdin(Stdio::null());
        mkcert.arg("-cert-file").arg(directory.join(format!("{number}.crt")));
        mkcert.arg("-key-file").arg(directory.join(format!("{number}.key")));
        mkcert.args(names(number));
        checked(&mut mkcert).map(drop)
    }
}

/// `step certificate create`: key and certificate by one command.
#[derive(Debug)]
pub struct Step {
    program: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Step {
    /// With the authority in `AUTHORITY.crt` and `AUTHORITY.key`.
    pub fn new(tools: &Path, authority: &Path) -> Self {
        let (certificate, key) = (authority.with_extension("crt"), authority.with_extension("key"));
        Self { program: tools.join("step"), certificate, key }
    }
}

impl Sample for Step {
    fn prepare(&self, _: &Path, _: usize) -> Result<()> {
        Ok(())
    }

    fn issue(&self, directory: &Path, number: usize) -> Result<()> {
        let mut step = Command::new(&self.program);
        step.env("STEPPATH", directory.join("step")).stdin(Stdio::null());
        step.args(["certificate", "create", &format!("node{number}.{ZONE_NAME}")]);
        step.args(["crt", "key"].map(|extension| directory.join(format!("{number}.{extension}"))));
        step.arg("--ca").arg(&self.certificate).arg("--ca-key").arg(&self.key);
        step.args(["--kty", "EC", "--curve", "P-256", "--no-password", "--insecure", "--not-after", "8760h"]);
        step.args(names(number).iter().flat_map(|name| ["--san", name]));
        checked(&mut step).map(drop)
    }
}

fn names(number: usize) -> [String; 4] {
    [
        format!("node{number}.{ZONE_NAME}"),
        "localhost".to_owned(),
        format!("10.0.0.{number}"),
        "127.0.0.1".to_owned(),
    ]
}
