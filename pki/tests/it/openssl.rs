//! Keys and authorities by OpenSSL are taken; what is issued passes OpenSSL, and fails it where it should.

use time::Duration;
use zone_pki::{
    Authority, Certificate, KeyAlgorithm, PrivateKey, RevocationReason, Revoked, Usages, key_matches, verify,
};

use crate::support::{Files, authority_spec, leaf_spec, names, now, root_and_plane};

const NAMES: [&str; 4] = ["node1.example.zone", "*.svc.example.zone", "10.0.0.1", "fd00::1"];

/// How OpenSSL makes a key, and what the certificate then says it is.
const KEYS: [(&str, &str); 11] = [
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem", "ECDSA P-256"),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key.pem", "ECDSA P-384"),
    ("ecparam -name prime256v1 -genkey -out key.pem", "ECDSA P-256"),
    ("ecparam -name secp384r1 -genkey -out key.pem", "ECDSA P-384"),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key.pem", "ECDSA P-521"),
    ("ecparam -name secp521r1 -genkey -noout -out key.pem", "ECDSA P-521"),
    ("ecparam -name prime256v1 -genkey -noout -out key.pem", "ECDSA P-256"),
    ("genpkey -algorithm ED25519 -out key.pem", "Ed25519"),
    ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem", "RSA 2048"),
    ("genrsa -traditional -out key.pem 2048", "RSA 2048"),
    ("genrsa -traditional -out key.pem 3072", "RSA 3072"),
];

#[test]
fn authorities_by_openssl_issue_what_openssl_accepts_and_refuses() {
    for (command, description) in KEYS {
        let files = Files::new();
        files.openssl(command);
        let (certificate, key) = files.authority_by_openssl("/C=CH/O=example.zone/CN=elsewhere", &[]);
        let authority =
            Authority::load(&certificate, &key, now()).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert_eq!(authority.certificate().key_description(), description, "{command}");
        assert_eq!(authority.certificate().subject(), "CN=elsewhere, O=example.zone, C=CH");

        let issued = authority.issue(&leaf_spec(Usages::BOTH, &NAMES), now()).unwrap();
        let wanted = names(&NAMES);
        verify(issued.certificate(), &[], authority.certificate(), Usages::BOTH, &wanted, now()).unwrap();
        files.write_certificate("leaf.pem", issued.certificate());
        for host in
            ["hostname node1.example.zone", "hostname a.svc.example.zone", "ip 10.0.0.1", "ip fd00::1"]
        {
            for purpose in ["sslserver", "sslclient"] {
                files.openssl(&format!(
                    "verify -x509_strict -CAfile ca.pem -purpose {purpose} -verify_{host} leaf.pem"
                ));
            }
        }
        for host in ["hostname node2.example.zone", "hostname a.b.svc.example.zone", "ip 10.0.0.2"] {
            let (accepted, said) =
                files.try_openssl(&format!("verify -x509_strict -CAfile ca.pem -verify_{host} leaf.pem"));
            assert!(!accepted && said.contains("mismatch"), "{command}, {host}: {said}");
        }
    }
}

#[test]
fn openssl_refuses_the_wrong_purpose_and_another_authority() {
    let files = Files::new();
    let (root, plane) = root_and_plane();
    let (other, _) = root_and_plane();
    files.write_certificate("root.pem", root.certificate());
    files.write_certificate("other.pem", other.certificate());
    files.write_certificate("plane.pem", plane.certificate());
    for (usages, good, bad) in
        [(Usages::SERVER, "sslserver", "sslclient"), (Usages::CLIENT, "sslclient", "sslserver")]
    {
        let issued = plane.issue(&leaf_spec(usages, &["node1.example.zone"]), now()).unwrap();
        files.write_certificate("leaf.pem", issued.certificate());
        let chain = "verify -x509_strict -CAfile root.pem -untrusted plane.pem";
        files.openssl(&format!("{chain} -purpose {good} leaf.pem"));
        files.openssl(&format!("verify -partial_chain -CAfile plane.pem -purpose {good} leaf.pem"));
        let (accepted, said) = files.try_openssl(&format!("{chain} -purpose {bad} leaf.pem"));
        assert!(!accepted && said.contains("urpose"), "{said}");
        let (accepted, said) = files
            .try_openssl(&format!("verify -CAfile other.pem -untrusted plane.pem -purpose {good} leaf.pem"));
        assert!(!accepted, "{said}");
    }
}

#[test]
fn openssl_refuses_a_name_outside_the_constraints() {
    let files = Files::new();
    let (root, plane) = root_and_plane();
    files.write_certificate("root.pem", root.certificate());
    files.write_certificate("plane.pem", plane.certificate());
    for (name, inside) in [("node1.example.zone", true), ("localhost", true), ("node1.other.zone", false)] {
        let mut spec = leaf_spec(Usages::BOTH, &[name, "10.0.0.1"]);
        spec.subject.common_name = Some("node".into());
        let issued = plane.issue(&spec, now()).unwrap();
        files.write_certificate("leaf.pem", issued.certificate());
        let (accepted, said) =
            files.try_openssl("verify -x509_strict -CAfile root.pem -untrusted plane.pem leaf.pem");
        assert_eq!(accepted, inside, "{name}: {said}");
        assert_eq!(said.contains("permitted subtree violation"), !inside, "{said}");
    }
}

#[test]
fn openssl_reads_keys_of_every_algorithm_and_we_read_what_it_writes() {
    let files = Files::new();
    for algorithm in KeyAlgorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        files.write_key("key.pem", &key);
        files.openssl("pkey -in key.pem -noout -check");
        files.openssl("pkey -in key.pem -pubout -outform DER -out public.der");
        assert_eq!(files.read("public.der"), key.subject_public_key_info(), "{algorithm}");
        files.openssl("pkey -in key.pem -out again.pem");
        let again = PrivateKey::from_pem(&files.read("again.pem")).unwrap();
        assert_eq!(again.subject_public_key_sha256(), key.subject_public_key_sha256());
        assert_eq!(again.algorithm(), algorithm);
        files.openssl("req -x509 -new -key key.pem -subj /CN=self -out self.pem");
        assert!(key_matches(&Certificate::from_pem(&files.read("self.pem")).unwrap(), &key));
    }
}

#[test]
fn leaves_of_every_algorithm_hold() {
    let files = Files::new();
    for algorithm in [KeyAlgorithm::P384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048] {
        let mut spec = authority_spec("root", 0, &[]);
        spec.key = algorithm;
        let root = Authority::generate(&spec, now()).unwrap();
        let mut spec = leaf_spec(Usages::BOTH, &["node1.example.zone"]);
        spec.key = algorithm;
        let issued = root.issue(&spec, now()).unwrap();
        verify(issued.certificate(), &[], root.certificate(), Usages::BOTH, &spec.names, now()).unwrap();
        files.write_certificate("root.pem", root.certificate());
        files.write_certificate("leaf.pem", issued.certificate());
        files.openssl("verify -x509_strict -CAfile root.pem -purpose sslserver leaf.pem");
    }
}

#[test]
fn openssl_reads_our_revocation_lists_and_applies_them() {
    let files = Files::new();
    let root = Authority::generate(&authority_spec("root", 0, &[]), now()).unwrap();
    let other = Authority::generate(&authority_spec("root", 0, &[]), now()).unwrap();
    let revoked = root.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    let good = root.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    files.write_certificate("root.pem", root.certificate());
    files.write_certificate("other.pem", other.certificate());
    files.write_certificate("revoked.pem", revoked.certificate());
    files.write_certificate("good.pem", good.certificate());
    let entry = Revoked {
        serial: revoked.certificate().serial().to_vec(),
        at: now(),
        reason: RevocationReason::KeyCompromise,
    };
    for (number, entries) in [(1, vec![]), (u64::MAX, vec![entry])] {
        let list = root.revocation_list(&entries, number, now(), now() + Duration::days(7)).unwrap();
        files.write("list.der", &list);
        let text = files.openssl("crl -inform DER -in list.der -CAfile root.pem -text -noout");
        assert!(text.contains("verify OK") && text.contains("Version 2"), "{text}");
        assert_eq!(text.contains("Key Compromise"), !entries.is_empty(), "{text}");
        assert!(
            files.openssl("crl -inform DER -in list.der -noout -crlnumber").contains(&format!("{number:X}"))
        );
        assert!(
            files
                .try_openssl("crl -inform DER -in list.der -CAfile other.pem -noout")
                .1
                .contains("verify failure")
        );
        files.openssl("crl -inform DER -in list.der -out list.pem");
        files.openssl("verify -crl_check -CRLfile list.pem -CAfile root.pem good.pem");
        let (accepted, said) =
            files.try_openssl("verify -crl_check -CRLfile list.pem -CAfile root.pem revoked.pem");
        assert_eq!(accepted, entries.is_empty(), "{said}");
        assert_eq!(said.contains("certificate revoked"), !entries.is_empty(), "{said}");
    }
}
