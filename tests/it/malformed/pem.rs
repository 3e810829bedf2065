//! Certificates and keys in a local config, each in forms that people have: as a file, and as a text in the
//! local config itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use super::{Expected, Refused, Taken, each};
use crate::harness::elsewhere::Elsewhere;
use crate::harness::{outcome, zone_etcd};
use crate::support::{Asked, Refusal, StandIn, Tree};

use Field::{Ca, Cert, Key};

/// What is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Ca,
    Cert,
    Key,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Ca => "ca",
            Cert => "cert",
            Key => "key",
        })
    }
}

/// One PEM text that is not as it should be.
pub struct PemRow {
    pub field: Field,
    pub name: &'static str,
    spoil: fn(&Made, &str) -> Vec<u8>,
    expected: Expected,
}

/// A sound node: `ca.crt`, `node.crt` and `node.key`, and certificates of others.
struct Made {
    elsewhere: Elsewhere,
}

impl Made {
    /// What openssl makes of the node's files.
    fn openssl(&self, arguments: &[&str]) -> Vec<u8> {
        let made = Command::new("openssl").args(arguments).current_dir(&self.elsewhere.directory).output();
        let made = made.expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        made.stdout
    }
}

type Spoil = fn(&Made, &str) -> Vec<u8>;

const NOT_ON_LINES: Expected = Refused(65, "its PEM block is not on lines of its own");
const MARK: Expected = Refused(65, "it begins with a byte order mark");
const RETURNS: Expected = Refused(65, "its lines end in a carriage return alone");
const DER: Expected = Refused(65, "it is in DER, and etcd reads PEM");
const DAMAGED: Expected = Refused(65, "truncated or damaged");
const BEHIND_END: Expected = Refused(65, "something follows an END line on the same line");
const ENCRYPTED: Expected =
    Refused(65, "the private key is encrypted: etcd reads no encrypted key: openssl pkey");

/// Forms that are the same for each of the three.
const ANY: [(&str, Expected, Spoil); 21] = [
    ("line ends of Windows", Taken, |_, pem| pem.replace('\n', "\r\n").into()),
    ("no line end at the end", Taken, |_, pem| pem.trim_end().into()),
    ("text before it", Taken, |_, pem| format!("Subject: someone\n{pem}").into()),
    ("text behind it", Taken, |_, pem| format!("{pem}and that is all\n").into()),
    ("zeros behind it", Taken, |_, pem| format!("{pem}\0\0\0\0").into()),
    ("a byte order mark", MARK, |_, pem| format!("\u{feff}{pem}").into()),
    // etcd starts with such a CA, and takes no client's certificate.
    ("line ends of carriage returns alone", RETURNS, |_, pem| pem.replace('\n', "\r").into()),
    ("UTF-16", Refused(65, "it is in UTF-16, and PEM is ASCII"), |_, pem| {
        [vec![0xff, 0xfe], pem.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    }),
    ("blanks in the place of line ends", NOT_ON_LINES, |_, pem| pem.replace('\n', " ").into()),
    ("line ends that were escaped twice", NOT_ON_LINES, |_, pem| pem.replace('\n', "\\n").into()),
    ("indented", NOT_ON_LINES, |_, pem| {
        pem.lines().flat_map(|line| format!("  {line}\n").into_bytes()).collect()
    }),
    ("blanks behind it", Taken, |_, pem| format!("{} \t\r\n", pem.trim_end()).into()),
    // etcd starts with such a CA as well, and trusts nobody by it.
    ("twice, joined on one line", BEHIND_END, |_, pem| format!("{}{pem}", pem.trim_end()).into()),
    ("a remark behind it", BEHIND_END, |_, pem| format!("{} # old\n", pem.trim_end()).into()),
    ("a hyphen too many", BEHIND_END, |_, pem| format!("{}-\n", pem.trim_end()).into()),
    ("a form feed in the base64", Refused(65, "a form feed or a vertical tab"), |_, pem| {
        pem.replacen("\nM", "\nM\u{c}", 1).into()
    }),
    ("cut in half", DAMAGED, |_, pem| pem[..pem.len() / 2].into()),
    ("a character that is not base64", DAMAGED, |_, pem| pem.replacen("\nM", "\n*", 1).into()),
    ("a NUL in the base64", DAMAGED, |_, pem| pem.replacen("\nM", "\nM\0", 1).into()),
    ("another label at the end", DAMAGED, |_, pem| pem.replacen("-----END ", "-----END X", 1).into()),
    ("a line of base64 less", DAMAGED, |_, pem| {
        let mut lines: Vec<&str> = pem.lines().collect();
        lines.remove(2);
        lines.join("\n").into()
    }),
];

const CERTIFICATES: [(Field, &str, Expected, Spoil); 14] = [
    (Ca, "DER", DER, |made, _| made.openssl(&["x509", "-in", "ca.crt", "-outform", "DER"])),
    (Cert, "DER", DER, |made, _| made.openssl(&["x509", "-in", "node.crt", "-outform", "DER"])),
    (Ca, "PKCS#12", Refused(65, "openssl pkcs12 -in FILE -nokeys"), |made, _| pkcs12(made)),
    (Cert, "PKCS#7", Refused(65, "holds a \"PKCS7\" block"), |made, _| {
        made.openssl(&["crl2pkcs7", "-nocrl", "-certfile", "node.crt"])
    }),
    (Ca, "a certificate with trust settings", Refused(65, "a \"TRUSTED CERTIFICATE\" block"), |made, _| {
        made.openssl(&["x509", "-in", "ca.crt", "-trustout"])
    }),
    (Cert, "a request", Refused(65, "a \"CERTIFICATE REQUEST\" block"), |made, _| {
        made.openssl(&["x509", "-x509toreq", "-in", "node.crt", "-signkey", "node.key"])
    }),
    (Ca, "its own key", Refused(65, "holds a private key where a certificate should be"), |made, _| {
        made.elsewhere.read("ca.key").into()
    }),
    (
        Cert,
        "the key behind it",
        Refused(65, "holds a private key where a certificate should be"),
        |made, pem| (pem.to_owned() + &made.elsewhere.read("node.key")).into(),
    ),
    (Ca, "twice", Taken, |_, pem| pem.repeat(2).into()),
    (Cert, "twice", Taken, |_, pem| pem.repeat(2).into()),
    (Cert, "the CA before it", Refused(65, "put the node's own certificate first"), |made, pem| {
        (made.elsewhere.read("ca.crt") + pem).into()
    }),
    (Cert, "the certificate of another", Refused(65, "is not the key of `cert`"), |made, _| {
        made.elsewhere.read("other.crt").into()
    }),
    (Ca, "the certificate of a node", Refused(65, "which is no CA"), |made, _| {
        made.elsewhere.read("other.crt").into()
    }),
    (Ca, "a label that nobody knows", Refused(65, "holds a \"X509 CERTIFICATE\" block"), |_, pem| {
        pem.replace("CERTIFICATE", "X509 CERTIFICATE").into()
    }),
];

const KEYS: [(&str, Expected, Spoil); 14] = [
    ("DER", DER, |made, _| made.openssl(&["pkey", "-in", "node.key", "-outform", "DER"])),
    ("PKCS#12", Refused(65, "openssl pkcs12 -in FILE -nocerts -nodes"), |made, _| pkcs12(made)),
    ("SEC1", Taken, |made, _| made.openssl(&["ec", "-in", "node.key"])),
    ("SEC1, behind its parameters", Taken, |made, _| {
        let parameters = made.openssl(&["ecparam", "-name", "prime256v1"]);
        [parameters, made.openssl(&["ec", "-in", "node.key"])].concat()
    }),
    ("encrypted PKCS#8", ENCRYPTED, |made, _| {
        made.openssl(&["pkcs8", "-topk8", "-in", "node.key", "-passout", "pass:secret"])
    }),
    ("encrypted as openssl did of old", ENCRYPTED, |made, _| {
        made.openssl(&["ec", "-in", "node.key", "-aes256", "-passout", "pass:secret"])
    }),
    ("encrypted, with line ends of Windows", ENCRYPTED, |made, _| {
        let pem = made.openssl(&["ec", "-in", "node.key", "-aes256", "-passout", "pass:secret"]);
        String::from_utf8(pem).expect("PEM").replace('\n', "\r\n").into()
    }),
    ("twice", Refused(65, "holds more than one private key"), |_, pem| pem.repeat(2).into()),
    ("the certificate before it", Taken, |made, pem| (made.elsewhere.read("node.crt") + pem).into()),
    ("the certificate alone", Refused(65, "holds a certificate where a private key should be"), |made, _| {
        made.elsewhere.read("node.crt").into()
    }),
    ("the public key", Refused(65, "holds a \"PUBLIC KEY\" block and no private key"), |made, _| {
        made.openssl(&["pkey", "-in", "node.key", "-pubout"])
    }),
    ("the key of another", Refused(65, "is not the key of `cert`"), |made, _| {
        made.elsewhere.read("other.key").into()
    }),
    ("a key of OpenSSH", Refused(65, "keys of the kind OPENSSH are not supported"), |_, pem| {
        pem.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY").into()
    }),
    ("P-224", Refused(65, "keys of the kind ECDSA P-224 are not supported"), |made, _| {
        made.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"])
    }),
];

pub fn rows() -> Vec<PemRow> {
    let any = [Ca, Cert, Key]
        .into_iter()
        .flat_map(|field| ANY.map(|(name, expected, spoil)| (field, name, expected, spoil)));
    let keys = KEYS.map(|(name, expected, spoil)| (Key, name, expected, spoil));
    let all = any.chain(CERTIFICATES).chain(keys);
    all.map(|(field, name, expected, spoil)| PemRow { field, name, spoil, expected }).collect()
}

fn pkcs12(made: &Made) -> Vec<u8> {
    made.openssl(&["pkcs12", "-export", "-in", "node.crt", "-inkey", "node.key", "-passout", "pass:secret"])
}

#[test]
fn certificates_and_keys_in_other_forms() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let made = Made { elsewhere: Elsewhere::new(directory.path()) };
    let names = "DNS:node1.example.zone,IP:192.0.2.1,IP:127.0.0.1";
    made.elsewhere.authority("ca").leaf("node", "ca", names).leaf("other", "ca", names);
    each(&rows(), |row| row.name, |row| row.check(&made));
}

impl PemRow {
    fn check(&self, made: &Made) {
        let directory = &made.elsewhere.directory;
        let sound = match self.field {
            Ca => "ca.crt",
            Cert => "node.crt",
            Key => "node.key",
        };
        let spoilt = (self.spoil)(made, &made.elsewhere.read(sound));
        let mut config = json!({
            "name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key",
            "etcd": [{"node_name": "node1.example.zone", "address": "192.0.2.1"}],
        });
        let field = self.field.to_string();
        let file = directory.join("spoilt");
        fs::write(&file, &spoilt).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its mode");
        config[&field] = "spoilt".into();
        planned(made, &config, self.expected);
        // What is no text cannot stand in JSON.
        if let Ok(text) = String::from_utf8(spoilt) {
            config[&field] = text.into();
            planned(made, &config, self.expected);
        }
    }
}

fn planned(made: &Made, config: &Value, expected: Expected) {
    let directory = &made.elsewhere.directory;
    fs::write(directory.join("node.json"), config.to_string()).expect("node.json");
    let before = Tree::of(directory);
    let plan = outcome(zone_etcd(["plan", "--format", "argv", "--config"]).arg(directory.join("node.json")));
    let shown = |line: &str| !line.contains('-') && plan.stderr.contains(line);
    assert!(!made.elsewhere.read("node.key").lines().any(shown), "the key is shown:\n{}", plan.stderr);
    match expected {
        Taken => drop(plan.expect_code(0)),
        Refused(code, phrase) => drop(plan.expect_refusal(code, &[phrase])),
    }
    Tree::of(directory).assert_same_as(&before, "a plan");
    if let Refused(code, phrase) = expected {
        let place = tempfile::tempdir().expect("a temporary directory");
        let etcd = StandIn::new(place.path(), "3.7.3");
        Asked::config(&directory.join("node.json"), &etcd).one_verdict().expect_refusal(code, &[phrase]);
        // Some are refused before the lock is taken.
        let _ = fs::remove_file(directory.join("lock"));
    }
}
