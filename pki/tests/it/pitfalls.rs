//! Each thing that the encoder gets wrong by default, and what is done about it.

use time::Duration;
use x509_parser::prelude::{CertificateRevocationList, FromDer, ParsedExtension};
use zone_pki::{Authority, Fault, KeyAlgorithm, LoadError, PrivateKey, Usages};

use crate::support::{Files, authority_spec, leaf_spec, now, root_and_plane};

#[test]
fn pitfall_1_an_authority_with_repeated_subject_attributes_is_refused() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    for subject in ["/DC=com/DC=example/CN=ca", "/O=zone/OU=one/OU=two/CN=ca", "/O=zone/CN=ca+OU=both"] {
        let (certificate, key) = files.authority_by_openssl(subject, &[]);
        let loaded = Authority::load(&certificate, &key, now());
        assert!(matches!(loaded, Err(LoadError::RepeatedAttribute { .. })), "{subject}: {loaded:?}");
    }
    let (certificate, key) = files.authority_by_openssl("/DC=com/O=example/OU=one/CN=ca", &[]);
    let authority = Authority::load(&certificate, &key, now()).unwrap();
    let issued = authority.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    assert_eq!(issued.certificate().issuer_der(), authority.certificate().subject_der());
}

#[test]
fn pitfall_1_a_subject_in_an_encoding_that_does_not_come_out_again_is_refused_or_kept() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    for (mask, subject) in
        [("nombstr", "/CN=caf\u{e9}"), ("MASK:0x0800", "/CN=caf\u{e9}"), ("utf8only", "/CN=caf\u{e9}")]
    {
        let configuration = format!(
            "[req]\ndistinguished_name=dn\nstring_mask={mask}\nutf8=yes\n[dn]\n[v3]\n\
             basicConstraints=critical,CA:true\n"
        );
        files.write("openssl.cnf", configuration);
        let (certificate, key) =
            files.authority_by_openssl(subject, &["-utf8", "-config", "openssl.cnf", "-extensions", "v3"]);
        match Authority::load(&certificate, &key, now()) {
            Err(LoadError::SubjectEncoding { .. }) => {}
            Err(other) => panic!("{mask}: {other}"),
            Ok(authority) => {
                let issued = authority.issue(&leaf_spec(Usages::BOTH, &["a.example.zone"]), now()).unwrap();
                assert_eq!(
                    issued.certificate().issuer_der(),
                    authority.certificate().subject_der(),
                    "{mask}"
                );
            }
        }
    }
}

#[test]
fn pitfall_2_a_key_that_does_not_match_is_refused() {
    let (root, plane) = root_and_plane();
    let loaded = Authority::load(root.certificate().pem().as_bytes(), plane.key().to_pem().as_bytes(), now());
    assert_eq!(loaded.unwrap_err(), LoadError::KeyMismatch);
}

#[test]
fn pitfall_2_a_leaf_as_an_authority_is_refused() {
    let (_, plane) = root_and_plane();
    let issued = plane.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    let loaded =
        Authority::load(issued.certificate().pem().as_bytes(), issued.key().to_pem().as_bytes(), now());
    assert!(matches!(loaded, Err(LoadError::Unfit(Fault::NotAnAuthority))), "{loaded:?}");
}

#[test]
fn pitfall_3_serial_numbers_are_random_and_20_bytes_with_the_top_bit_clear() {
    let (_, plane) = root_and_plane();
    let spec = leaf_spec(Usages::BOTH, &["node1.example.zone"]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let issued = plane.issue(&spec, now()).unwrap();
        let serial = issued.certificate().serial();
        assert_eq!(serial.len(), 20);
        assert!(serial[0] != 0 && serial[0] < 0x80);
        assert!(seen.insert(serial.to_vec()));
        assert_eq!(issued.certificate().serial_hex().len(), 40);
    }
    // Bits that never change would show a generator that fills only part of the number.
    for byte in 1..20 {
        let values: std::collections::BTreeSet<u8> = seen.iter().map(|serial| serial[byte]).collect();
        assert!(values.len() > 100, "byte {byte}");
    }
}

#[test]
fn pitfall_4_a_revocation_list_names_the_key_of_the_authority_as_its_certificate_does() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    let (certificate, key) = files.authority_by_openssl("/CN=from elsewhere", &[]);
    let authority = Authority::load(&certificate, &key, now()).unwrap();
    let list = authority.revocation_list(&[], 7, now(), now() + Duration::days(30)).unwrap();
    let (rest, list) = CertificateRevocationList::from_der(&list).unwrap();
    assert!(rest.is_empty());
    let identifier = list.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.clone(),
        _ => None,
    });
    assert_eq!(identifier.unwrap().0, authority.certificate().subject_key_identifier().unwrap());
    assert_eq!(list.crl_number().map(ToString::to_string).as_deref(), Some("7"));
}

#[test]
fn pitfall_5_the_validity_is_the_one_asked_for() {
    let root = Authority::generate(&authority_spec("root", 1, &[]), now()).unwrap();
    let begin = root.certificate().not_before();
    assert!((now() - begin - Duration::minutes(5)).abs() < Duration::minutes(1));
    assert_eq!(root.certificate().not_after() - begin, Duration::days(3650) + Duration::minutes(5));
}

#[test]
fn pitfall_6_a_leaf_has_key_identifiers_and_basic_constraints() {
    let (_, plane) = root_and_plane();
    let issued = plane.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    let certificate = issued.certificate();
    assert!(certificate.subject_key_identifier().is_some_and(|identifier| identifier.len() == 20));
    assert_eq!(certificate.authority_key_identifier(), plane.certificate().subject_key_identifier());
    let files = Files::new();
    files.write_certificate("leaf.pem", certificate);
    let text = files.openssl("x509 -in leaf.pem -noout -text");
    assert!(text.contains("X509v3 Basic Constraints: critical\n                CA:FALSE"), "{text}");
    assert!(text.contains("X509v3 Key Usage: critical\n                Digital Signature\n"), "{text}");
    assert!(text.contains("TLS Web Server Authentication, TLS Web Client Authentication\n"), "{text}");
}

#[test]
fn pitfall_7_ed25519_keys_are_readable_by_openssl() {
    let files = Files::new();
    files.write_key("key.pem", &PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
    assert!(files.openssl("pkey -in key.pem -noout -text").contains("ED25519 Private-Key"));
}
