//! Whatever a file may hold: an error that says what it is, never a panic.

use proptest::prelude::*;
use zone_pki::{
    Authority, Certificate, CertificateError, Fault, KeyError, LoadError, PrivateKey, RevocationList,
    RevocationListError, Usages,
};

use crate::support::{Files, leaf_spec, now, root_and_plane};

#[test]
fn what_is_not_a_certificate_is_named() {
    let (root, _) = root_and_plane();
    let certificate = root.certificate().pem();
    let key = root.key().to_pem();
    let read = |text: &str| Certificate::from_pem(text.as_bytes()).map(|_| ());
    assert_eq!(read(&certificate), Ok(()));
    assert_eq!(read(&format!("some text\r\n\n{}", certificate.replace('\n', "\r\n"))), Ok(()));
    assert_eq!(read(""), Err(CertificateError::Empty));
    assert_eq!(read(" \n\t\n"), Err(CertificateError::Empty));
    assert_eq!(read("hello"), Err(CertificateError::NoPem));
    assert_eq!(read(&key), Err(CertificateError::PrivateKey));
    assert_eq!(read(&format!("{certificate}{}", key.as_str())), Err(CertificateError::PrivateKey));
    let request = certificate.replace("CERTIFICATE", "CERTIFICATE REQUEST");
    let label = "CERTIFICATE REQUEST".to_owned();
    assert_eq!(read(&request), Err(CertificateError::OtherBlock { label }));
    let second_damaged = format!("{certificate}{}", certificate.replace("MII", "MIA"));
    assert!(matches!(read(&second_damaged), Err(CertificateError::Damaged { .. })));
    let mut followed = root.certificate().der().to_vec();
    followed.push(0);
    assert!(matches!(Certificate::from_der(&followed), Err(CertificateError::Damaged { .. })));
}

/// Of another class than a sequence: openssl and etcd refuse it, and x509-parser does not look.
#[test]
fn a_tag_of_another_class_is_no_sequence() {
    let (root, _) = root_and_plane();
    let mut certificate = root.certificate().der().to_vec();
    let mut list = root.revocation_list(&[], 1, now(), now() + time::Duration::days(1)).unwrap();
    for der in [&mut certificate, &mut list] {
        assert_eq!(der[0], 0x30);
        der[0] = 0xf0;
    }
    assert!(matches!(Certificate::from_der(&certificate), Err(CertificateError::Damaged { .. })));
    assert!(matches!(RevocationList::from_der(&list), Err(RevocationListError::Damaged(_))));
}

/// etcd compares serial numbers alone, so it would take the list of anybody.
#[test]
fn a_list_is_of_the_authority_that_signed_it() {
    let ((root, plane), (other, _)) = (root_and_plane(), root_and_plane());
    let list = |by: &zone_pki::Authority| {
        RevocationList::from_der(&by.revocation_list(&[], 1, now(), now() + time::Duration::days(1)).unwrap())
            .unwrap()
    };
    let (own, foreign) = (list(&root), list(&other));
    assert_eq!(own.verify([root.certificate()]), Ok(()));
    assert_eq!(own.verify([plane.certificate(), root.certificate()]), Ok(()));
    assert!(matches!(own.verify([plane.certificate()]), Err(RevocationListError::OtherIssuer { .. })));
    assert!(matches!(foreign.verify([root.certificate()]), Err(RevocationListError::BadSignature { .. })));
    assert_eq!(foreign.verify([root.certificate(), other.certificate()]), Ok(()));
}

#[test]
fn what_is_not_a_key_is_named() {
    let (root, plane) = root_and_plane();
    let files = Files::new();
    files.write_key("key.pem", root.key());
    let key = root.key().to_pem();
    let read = |text: &[u8]| PrivateKey::from_pem(text).map(|_| ());
    assert_eq!(read(key.as_bytes()), Ok(()));
    assert_eq!(read(format!("{}{}", root.certificate().pem(), key.as_str()).as_bytes()), Ok(()));
    assert_eq!(read(b""), Err(KeyError::Empty));
    assert_eq!(read(b"hello"), Err(KeyError::NoPem));
    assert_eq!(read(root.certificate().pem().as_bytes()), Err(KeyError::Certificate));
    let two = format!("{}{}", key.as_str(), plane.key().to_pem().as_str());
    assert_eq!(read(two.as_bytes()), Err(KeyError::Several));
    files.openssl("pkey -in key.pem -pubout -out public.pem");
    assert!(
        matches!(read(&files.read("public.pem")), Err(KeyError::NoKey { label }) if label == "PUBLIC KEY")
    );
    files.openssl("pkcs8 -topk8 -in key.pem -passout pass:secret -out encrypted.pem");
    assert_eq!(read(&files.read("encrypted.pem")), Err(KeyError::Encrypted));
    files.openssl("ec -in key.pem -aes256 -passout pass:secret -out encrypted.pem");
    assert_eq!(read(&files.read("encrypted.pem")), Err(KeyError::Encrypted));
}

#[test]
fn keys_that_are_not_supported_are_told_from_damaged_ones() {
    let files = Files::new();
    let kinds = [
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224 -out key.pem", "ECDSA P-224"),
        ("ecparam -name secp224r1 -genkey -out key.pem", "ECDSA P-224"),
        ("ecparam -name secp256k1 -genkey -out key.pem", "ECDSA secp256k1"),
        ("genpkey -algorithm ED448 -out key.pem", "Ed448"),
        ("genpkey -algorithm X25519 -out key.pem", "X25519"),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key.pem", "RSA below 2048 bits"),
        ("genrsa -traditional -out key.pem 1024", "RSA below 2048 bits"),
        ("ecparam -name brainpoolP256r1 -genkey -out key.pem", "1.3.36.3.3.2.8.1.1.7"),
    ];
    for (command, name) in kinds {
        files.openssl(command);
        let unsupported = KeyError::Unsupported { algorithm: name.to_owned() };
        assert_eq!(PrivateKey::from_pem(&files.read("key.pem")).unwrap_err(), unsupported, "{command}");
    }
}

#[test]
fn truncated_input_is_an_error_and_never_a_panic() {
    let (_, plane) = root_and_plane();
    let issued = plane.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone", "10.0.0.1"]), now()).unwrap();
    let certificate = issued.certificate().pem();
    let files = Files::new();
    files.write_key("key.pem", issued.key());
    files.openssl("ec -in key.pem -out sec1.pem");
    files.openssl("genrsa -traditional -out pkcs1.pem 2048");
    let end = certificate.find("-----END").unwrap();
    for cut in (0..end).step_by(7) {
        assert!(Certificate::from_pem(&certificate.as_bytes()[..cut]).is_err(), "{cut}");
    }
    for cut in (0..issued.certificate().der().len()).step_by(7) {
        assert!(Certificate::from_der(&issued.certificate().der()[..cut]).is_err(), "{cut}");
    }
    for name in ["key.pem", "sec1.pem", "pkcs1.pem"] {
        let key = files.read(name);
        let end = String::from_utf8_lossy(&key).find("-----END").unwrap();
        for cut in (0..end).step_by(7) {
            assert!(PrivateKey::from_pem(&key[..cut]).is_err(), "{name} {cut}");
        }
        // The same, with the last line in its place: what an interrupted copy and a repair by hand leave.
        for cut in (40..end - 2).step_by(7) {
            let patched = [&key[..cut], b"\n", &key[end..]].concat();
            assert_eq!(PrivateKey::from_pem(&patched).unwrap_err(), KeyError::Damaged, "{name} {cut}");
        }
    }
}

#[test]
fn swapped_and_empty_files_of_an_authority_are_named() {
    let (root, _) = root_and_plane();
    let certificate = root.certificate().pem();
    let key = root.key().to_pem();
    let load = |certificate: &str, key: &str| {
        Authority::load(certificate.as_bytes(), key.as_bytes(), now()).map(|_| ()).unwrap_err()
    };
    assert_eq!(load(&key, &certificate), LoadError::Certificate(CertificateError::PrivateKey));
    assert_eq!(load(&certificate, &certificate), LoadError::Key(KeyError::Certificate));
    assert_eq!(load("", &key), LoadError::Certificate(CertificateError::Empty));
    assert_eq!(load(&certificate, ""), LoadError::Key(KeyError::Empty));
    assert_eq!(load(&certificate, "hello"), LoadError::Key(KeyError::NoPem));
}

#[test]
fn weak_authorities_are_refused() {
    let files = Files::new();
    files.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key.pem");
    let (certificate, key) = files.authority_by_openssl("/CN=short", &[]);
    let loaded = Authority::load(&certificate, &key, now()).map(|_| ());
    assert_eq!(loaded, Err(LoadError::Unfit(Fault::WeakKey(1024))));
    for (command, algorithm) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem", "RSA with SHA-1"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem", "ECDSA with SHA-1"),
    ] {
        files.openssl(command);
        let (root, key) = files.authority_by_openssl("/CN=old", &["-sha1"]);
        // Nobody verifies the signature of a root.
        assert!(Authority::load(&root, &key, now()).is_ok(), "{algorithm}");
        files.openssl(
            "req -new -key key.pem -out its.csr -subj /CN=below -addext basicConstraints=critical,CA:TRUE",
        );
        files.openssl(
            "x509 -req -in its.csr -CA ca.pem -CAkey key.pem -sha1 -copy_extensions copyall -out below.pem",
        );
        let loaded = Authority::load(&files.read("below.pem"), &key, now()).map(|_| ());
        assert_eq!(loaded, Err(LoadError::Unfit(Fault::WeakSignature(algorithm))));
    }
}

#[test]
fn an_authority_that_may_not_sign_is_refused() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    for (usage, good) in [("keyCertSign", true), ("cRLSign,digitalSignature", false)] {
        files.openssl(&format!(
            "req -x509 -new -key key.pem -subj /CN=ca -out ca.pem -addext keyUsage=critical,{usage}"
        ));
        let loaded = Authority::load(&files.read("ca.pem"), &files.read("key.pem"), now());
        match loaded {
            Ok(authority) => {
                assert!(good);
                let list = authority.revocation_list(&[], 1, now(), now() + time::Duration::days(1));
                assert_eq!(list.unwrap_err(), zone_pki::IssueError::NoRevocationSigning);
            }
            Err(error) => {
                assert!(!good && error == LoadError::Unfit(Fault::NoCertificateSigning), "{error}")
            }
        }
    }
    files.openssl("req -x509 -new -key key.pem -subj /CN=ca -out ca.pem");
    Authority::load(&files.read("ca.pem"), &files.read("key.pem"), now()).unwrap();
}

#[test]
fn a_subject_that_would_make_the_encoder_panic_is_refused() {
    let (root, _) = root_and_plane();
    let der = root.certificate().der();
    // 2.5.4.3, the common name, in the subject: its first byte, and its last.
    let subject = root.certificate().subject_der();
    let start = der.windows(subject.len()).rposition(|window| window == subject).unwrap();
    let common_name = subject.windows(5).position(|window| window == [0x06, 0x03, 0x55, 0x04, 0x03]).unwrap();
    for (offset, value) in [(2, 0xe2), (2, 0x78), (2, 0x80), (4, 0x83)] {
        let mut changed = der.to_vec();
        changed[start + common_name + offset] = value;
        let Ok(changed) = Certificate::from_der(&changed) else { continue };
        let loaded = Authority::load(changed.pem().as_bytes(), root.key().to_pem().as_bytes(), now());
        assert!(matches!(loaded, Err(LoadError::SubjectEncoding { .. })), "{offset} {value:x}: {loaded:?}");
    }
}

#[test]
fn a_question_mark_that_would_make_the_encoder_panic_is_refused() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    files.write(
        "openssl.cnf",
        "[req]\ndistinguished_name=dn\nstring_mask=default\n[dn]\n[v3]\nbasicConstraints=critical,CA:true\n",
    );
    let more = ["-config", "openssl.cnf", "-extensions", "v3"];
    let (certificate, key) = files.authority_by_openssl("/CN=whose", &more);
    Authority::load(&certificate, &key, now()).unwrap();
    let (certificate, key) = files.authority_by_openssl("/CN=whose?", &more);
    assert!(files.openssl("asn1parse -in ca.pem").contains("PRINTABLESTRING   :whose?"));
    let loaded = Authority::load(&certificate, &key, now());
    assert!(matches!(loaded, Err(LoadError::SubjectEncoding { .. })), "{loaded:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Certificate::from_pem(&bytes).is_err());
        prop_assert!(Certificate::from_der(&bytes).is_err());
        prop_assert!(PrivateKey::from_pem(&bytes).is_err());
        for label in ["CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            let mut text = format!("-----BEGIN {label}-----\n").into_bytes();
            text.extend(&bytes);
            text.extend(format!("\n-----END {label}-----\n").bytes());
            prop_assert!(Certificate::from_pem(&text).is_err());
            prop_assert!(PrivateKey::from_pem(&text).is_err());
        }
    }

    #[test]
    fn any_change_is_read_without_a_panic(
        changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let (root, _) = root_and_plane();
        let mut der = root.certificate().der().to_vec();
        let mut key = root.key().to_pem().as_bytes().to_vec();
        for (position, value) in changes {
            let length = der.len();
            der[usize::from(position) % length] = value;
            let length = key.len();
            key[usize::from(position) % length] = value;
        }
        if let Ok(changed) = Certificate::from_der(&der) {
            let loaded = Authority::load(changed.pem().as_bytes(), root.key().to_pem().as_bytes(), now());
            if let Ok(authority) = loaded {
                let issued = authority.issue(&leaf_spec(Usages::BOTH, &["a.example.zone"]), now()).unwrap();
                prop_assert_eq!(issued.certificate().issuer_der(), changed.subject_der());
            }
        }
        let _ = PrivateKey::from_pem(&key);
    }
}
