//! Certificates byte by byte, signed by openssl: no library makes those that are wrong on purpose.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One element of DER.
pub fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut length: Vec<u8> =
        contents.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    match length.as_slice() {
        [] => length = vec![0],
        [short] if *short < 0x80 => {}
        long => length.insert(0, 0x80 | u8::try_from(long.len()).expect("a few bytes")),
    }
    [&[tag], length.as_slice(), contents].concat()
}

/// Elements in a SEQUENCE.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// Written with dots.
pub fn identifier(text: &str) -> Vec<u8> {
    let numbers: Vec<u32> = text.split('.').map(|part| part.parse().expect("a number")).collect();
    let mut bytes = Vec::new();
    for number in std::iter::once(numbers[0] * 40 + numbers[1]).chain(numbers[2..].iter().copied()) {
        let mut groups = vec![(number & 0x7f) as u8];
        let mut rest = number >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.extend(groups.iter().rev());
    }
    element(6, &bytes)
}

/// An extension of a certificate.
#[derive(Clone)]
pub struct Extension {
    pub number: &'static str,
    pub critical: Vec<u8>,
    pub value: Vec<u8>,
}

/// What is to be signed, and by what key.
#[derive(Clone)]
pub struct Certificate {
    /// What stands before the serial number.
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    /// The stem of its key, and of its issuer's.
    pub key: &'static str,
    pub signer: &'static str,
    /// How openssl names the hash; `pss` for RSA-PSS with SHA-256.
    pub hash: &'static str,
    pub extensions: Vec<Extension>,
    /// The signature algorithm outside, if it is another one than inside.
    pub outside: Option<Vec<u8>>,
    /// Instead of the signature's.
    pub unused_bits: u8,
}

/// A name of one attribute, a UTF8String.
pub fn name(common: &str) -> Vec<u8> {
    name_as(12, common.as_bytes())
}

/// The same as another kind of string.
pub fn name_as(tag: u8, bytes: &[u8]) -> Vec<u8> {
    sequence(&[element(0x31, &sequence(&[identifier("2.5.4.3"), element(tag, bytes)]))])
}

impl Certificate {
    pub fn new(subject: &str, issuer: &str, key: &'static str, signer: &'static str) -> Self {
        Self {
            version: element(0xa0, &element(2, &[2])),
            serial: element(2, &[1, subject.len() as u8, subject.as_bytes()[0]]),
            subject: name(subject),
            issuer: name(issuer),
            from: element(0x17, b"250101000000Z"),
            to: element(0x18, b"20990101000000Z"),
            key,
            signer,
            hash: "sha256",
            extensions: Vec::new(),
            outside: None,
            unused_bits: 0,
        }
    }

    /// Puts an extension in place of the one with its number.
    pub fn set(&mut self, number: &'static str, critical: bool, value: Vec<u8>) {
        self.drop(number);
        self.add(number, critical, value);
    }

    /// Adds an extension, whatever is there.
    pub fn add(&mut self, number: &'static str, critical: bool, value: Vec<u8>) {
        let critical = if critical { element(1, &[0xff]) } else { Vec::new() };
        self.extensions.push(Extension { number, critical, value });
    }

    pub fn drop(&mut self, number: &str) {
        self.extensions.retain(|extension| extension.number != number);
    }

    /// basicConstraints of a CA.
    pub fn authority(&mut self, path_length: Option<u8>) {
        let length = path_length.map(|length| element(2, &[length]));
        self.set(BASIC, true, sequence(&[element(1, &[0xff]), length.unwrap_or_default()]));
    }

    pub fn usages(&mut self, usages: &[&str]) {
        let usages: Vec<Vec<u8>> = usages.iter().map(|usage| identifier(usage)).collect();
        self.set(EXTENDED, false, sequence(&usages));
    }

    pub fn names(&mut self, names: &[(u8, &[u8])]) {
        let names: Vec<Vec<u8>> = names.iter().map(|(tag, bytes)| element(*tag, bytes)).collect();
        self.set(NAMES, false, sequence(&names));
    }

    /// nameConstraints: `0` for what is permitted, `1` for what is excluded.
    pub fn constraint(&mut self, which: u8, tag: u8, base: &[u8]) {
        let subtree = sequence(&[element(tag, base)]);
        self.set(CONSTRAINTS, true, sequence(&[element(0xa0 | which, &subtree)]));
    }
}

pub const BASIC: &str = "2.5.29.19";
pub const USAGE: &str = "2.5.29.15";
pub const EXTENDED: &str = "2.5.29.37";
pub const NAMES: &str = "2.5.29.17";
pub const CONSTRAINTS: &str = "2.5.29.30";
pub const SERVER: &str = "1.3.6.1.5.5.7.3.1";
pub const CLIENT: &str = "1.3.6.1.5.5.7.3.2";

/// The keys of all sets, each made once.
pub struct Keys {
    directory: tempfile::TempDir,
    /// The signatures that were made, by the options of openssl and what was signed.
    signatures: RefCell<HashMap<Signed, Vec<u8>>>,
}

type Signed = (String, Vec<u8>);

/// What openssl is told for each stem.
const KINDS: &[(&str, &str)] = &[
    ("root", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("middle", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("leaf", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("other", "EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p224", "EC -pkeyopt ec_paramgen_curve:P-224"),
    ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
    ("p521", "EC -pkeyopt ec_paramgen_curve:P-521"),
    ("p521-ca", "EC -pkeyopt ec_paramgen_curve:P-521"),
    ("secp256k1", "EC -pkeyopt ec_paramgen_curve:secp256k1"),
    ("ed25519", "ED25519"),
    ("ed448", "ED448"),
    ("rsa512", "RSA -pkeyopt rsa_keygen_bits:512"),
    ("rsa1024", "RSA -pkeyopt rsa_keygen_bits:1024"),
    ("rsa2048", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa2048-ca", "RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsapss", "RSA-PSS -pkeyopt rsa_keygen_bits:2048"),
];

impl Keys {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let keys = Self { directory, signatures: RefCell::default() };
        for (stem, kind) in KINDS {
            keys.openssl(&format!("genpkey -out {stem}.key -algorithm {kind}"));
            keys.openssl(&format!("pkey -in {stem}.key -pubout -outform DER -out {stem}.pub"));
        }
        keys
    }

    pub fn path(&self, stem: &str) -> PathBuf {
        self.directory.path().join(format!("{stem}.key"))
    }

    fn openssl(&self, arguments: &str) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(self.directory.path()).stdin(Stdio::null());
        let output = command.output().expect("openssl runs");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The certificate in PEM.
    pub fn sign(&self, certificate: &Certificate) -> String {
        let algorithm = algorithm(certificate.signer, certificate.hash);
        let public =
            fs::read(self.directory.path().join(format!("{}.pub", certificate.key))).expect("a public key");
        let extensions: Vec<Vec<u8>> = certificate
            .extensions
            .iter()
            .map(|extension| {
                let value = element(4, &extension.value);
                sequence(&[identifier(extension.number), extension.critical.clone(), value])
            })
            .collect();
        let extensions = match extensions.is_empty() {
            true => Vec::new(),
            false => element(0xa3, &sequence(&extensions)),
        };
        let body = sequence(&[
            certificate.version.clone(),
            certificate.serial.clone(),
            algorithm.clone(),
            certificate.issuer.clone(),
            sequence(&[certificate.from.clone(), certificate.to.clone()]),
            certificate.subject.clone(),
            public,
            extensions,
        ]);
        let signature = self.signature(certificate, &body);
        let outside = certificate.outside.clone().unwrap_or(algorithm);
        let signature = element(3, &[&[certificate.unused_bits], signature.as_slice()].concat());
        format!(
            "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
            base64(&sequence(&[body, outside, signature]))
        )
    }

    /// The same bytes are signed once: a set that trusts what it presents needs the same certificate twice.
    fn signature(&self, certificate: &Certificate, body: &[u8]) -> Vec<u8> {
        let options = match (certificate.signer, certificate.hash) {
            ("ed25519", _) => "pkeyutl -sign -rawin -in body -inkey ed25519.key".to_owned(),
            (signer, "pss") => {
                format!(
                    "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign {signer}.key \
                     body"
                )
            }
            (signer, hash) => format!("dgst -{hash} -sign {signer}.key body"),
        };
        let make = || {
            fs::write(self.directory.path().join("body"), body).expect("the body");
            self.openssl(&options)
        };
        self.signatures.borrow_mut().entry((options.clone(), body.to_vec())).or_insert_with(make).clone()
    }
}

/// Lines of base64, as PEM has them (RFC 7468).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for line in bytes.chunks(48) {
        for three in line.chunks(3) {
            let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or_default());
            let number = byte(0) << 16 | byte(1) << 8 | byte(2);
            for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
                let digit = char::from(DIGITS[(number >> shift & 0x3f) as usize]);
                text.push(if index > three.len() { '=' } else { digit });
            }
        }
        text.push('\n');
    }
    text
}

/// The identifier of the algorithm with which a key signs.
pub fn algorithm(signer: &str, hash: &str) -> Vec<u8> {
    let null = element(5, &[]);
    match (signer, hash) {
        ("ed25519", _) => sequence(&[identifier("1.3.101.112")]),
        (_, "pss") => {
            let sha256 = sequence(&[identifier("2.16.840.1.101.3.4.2.1"), null]);
            let generator = sequence(&[identifier("1.2.840.113549.1.1.8"), sha256.clone()]);
            let parameters =
                [element(0xa0, &sha256), element(0xa1, &generator), element(0xa2, &element(2, &[32]))];
            sequence(&[identifier("1.2.840.113549.1.1.10"), sequence(&parameters)])
        }
        (signer, hash) if signer.starts_with("rsa") => {
            let number = match hash {
                "md5" => 4,
                "sha1" => 5,
                "sha256" => 11,
                "sha384" => 12,
                _ => 13,
            };
            sequence(&[identifier(&format!("1.2.840.113549.1.1.{number}")), null])
        }
        (_, "sha1") => sequence(&[identifier("1.2.840.10045.4.1")]),
        (_, hash) => {
            let number = match hash {
                "sha256" => 2,
                "sha384" => 3,
                _ => 4,
            };
            sequence(&[identifier(&format!("1.2.840.10045.4.3.{number}"))])
        }
    }
}

/// A root, a CA below it, and the certificate of a member below that.
pub struct Set {
    pub root: Certificate,
    pub middle: Certificate,
    pub leaf: Certificate,
    /// A further certificate, where one is needed.
    pub other: Certificate,
    /// What is in `ca.crt` and in `node.crt`: `r`, `m`, `l` or `o` for each.
    pub trusted: &'static str,
    pub presented: &'static str,
    /// How the text of either file is changed in the end.
    pub trusted_as: fn(String) -> String,
    pub presented_as: fn(String) -> String,
}

impl Set {
    /// One that is sound.
    pub fn new() -> Self {
        let mut root = Certificate::new("root", "root", "root", "root");
        root.authority(None);
        root.set(USAGE, true, element(3, &[1, 0x06]));
        let mut middle = Certificate::new("middle", "root", "middle", "root");
        middle.authority(None);
        middle.set(USAGE, true, element(3, &[1, 0x06]));
        let mut leaf = Certificate::new("node1.example.zone", "middle", "leaf", "middle");
        leaf.set(BASIC, true, sequence(&[]));
        leaf.set(USAGE, true, element(3, &[7, 0x80]));
        leaf.usages(&[SERVER, CLIENT]);
        leaf.names(OWN);
        let mut other = Certificate::new("other", "root", "other", "root");
        other.authority(None);
        Self {
            root,
            middle,
            leaf,
            other,
            trusted: "r",
            presented: "lm",
            trusted_as: |text| text,
            presented_as: |text| text,
        }
    }

    /// Writes the three files, and a local config that names them.
    pub fn write(&self, keys: &Keys, directory: &Path) {
        fs::create_dir_all(directory).expect("a directory");
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).expect("its mode");
        let text = |which: &str| -> String {
            let one = |which| match which {
                'r' => &self.root,
                'm' => &self.middle,
                'l' => &self.leaf,
                _ => &self.other,
            };
            which.chars().map(|which| keys.sign(one(which))).collect()
        };
        fs::write(directory.join("ca.crt"), (self.trusted_as)(text(self.trusted))).expect("the CAs");
        fs::write(directory.join("node.crt"), (self.presented_as)(text(self.presented)))
            .expect("the certificate");
        let key = directory.join("node.key");
        fs::copy(keys.path(self.leaf.key), &key).expect("the key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
        let config = r#"{"name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key",
            "etcd": [{"node_name": "node1.example.zone", "address": "192.0.2.1"}]}"#;
        fs::write(directory.join("node.json"), config).expect("the local config");
    }
}

/// The names of the member.
pub const OWN: &[(u8, &[u8])] =
    &[(0x82, b"node1.example.zone"), (0x87, &[192, 0, 2, 1]), (0x87, &[127, 0, 0, 1])];
