//! Requests for certificates: ours are read by OpenSSL, OpenSSL's by us, and none is certified whose maker
//! lacks the key.

use zone_pki::{
    Authority, CertificateRequest, IssueError, KeyAlgorithm, KeyError, PrivateKey, RequestError, Subject,
    SubjectAltNames, Usages, verify,
};

use crate::support::{Files, authority_spec, leaf_spec, names, now, root_and_plane};

const NAMES: [&str; 3] = ["node1.example.zone", "10.0.0.1", "fd00::1"];

fn leaf_request(key: &PrivateKey) -> CertificateRequest {
    let subject = Subject { organization: Some("zone".into()), ..Subject::with_common_name("node1") };
    CertificateRequest::make_leaf(key, &subject, &names(&NAMES), Usages::BOTH).unwrap()
}

#[test]
fn openssl_reads_what_is_asked_for_and_accepts_the_proof_of_every_kind_of_key() {
    for algorithm in KeyAlgorithm::ALL {
        let files = Files::new();
        let key = PrivateKey::generate(algorithm).unwrap();
        files.write("leaf.csr", leaf_request(&key).pem());
        let text = files.openssl("req -in leaf.csr -noout -verify -text");
        for part in
            ["self-signature verify OK", "CN = node1", "DNS:node1.example.zone", "IP Address:10.0.0.1"]
        {
            assert!(text.contains(part), "{algorithm}: {part} in {text}");
        }
        assert!(text.contains("TLS Web Server Authentication, TLS Web Client Authentication"), "{text}");
    }
}

#[test]
fn openssl_reads_an_authority_s_request_and_signs_it_with_all_that_it_asks_for() {
    let files = Files::new();
    let permitted = ["example.zone".to_owned(), format!("{}example", "long.".repeat(40))];
    let permitted: Vec<&str> = permitted.iter().map(String::as_str).collect();
    let spec = authority_spec("peer CA", 0, &permitted);
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let request = CertificateRequest::make_authority(&key, &spec).unwrap();
    assert!(request.asks_for_authority());
    files.write("peer.csr", request.pem());

    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    files.authority_by_openssl("/O=Company/CN=root", &[]);
    files.openssl(
        "x509 -req -in peer.csr -CA ca.pem -CAkey key.pem -copy_extensions copyall -days 90 -out peer.pem",
    );
    let signed = Authority::load(&files.read("peer.pem"), key.to_pem().as_bytes(), now()).unwrap();
    assert_eq!(signed.certificate().path_length(), Some(0));
    assert_eq!(signed.certificate().permitted_dns(), spec.permitted_dns);
    let text = files.openssl("x509 -in peer.pem -noout -text");
    for part in ["Name Constraints: critical", "Certificate Sign, CRL Sign", "CA:TRUE, pathlen:0"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // The constraints hold: OpenSSL refuses a leaf outside them, and takes one inside.
    for (name, accepted) in [("node1.example.zone", true), ("node1.elsewhere.zone", false)] {
        let issued = signed.issue(&leaf_spec(Usages::SERVER, &[name]), now()).unwrap();
        files.write_certificate("leaf.pem", issued.certificate());
        let (success, said) =
            files.try_openssl("verify -x509_strict -CAfile ca.pem -untrusted peer.pem leaf.pem");
        assert_eq!(success, accepted, "{name}: {said}");
    }
}

#[test]
fn a_request_by_openssl_is_certified_with_what_the_specification_says() {
    let (root, plane) = root_and_plane();
    let kinds = [
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256", "ECDSA P-256"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha256", "ECDSA P-384"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-521 -sha512", "ECDSA P-521"),
        ("-newkey rsa:2048 -sha512", "RSA 2048"),
        ("-newkey ed25519", "Ed25519"),
    ];
    for (kind, description) in kinds {
        let files = Files::new();
        files.openssl(&format!(
            "req -new {kind} -nodes -keyout key.pem -out its.csr -subj /CN=root -addext \
             subjectAltName=DNS:evil.example"
        ));
        let request = CertificateRequest::from_pem(&files.read("its.csr")).unwrap();
        request.verify().unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!((request.key_description(), request.subject()), (description, "CN=root"));
        assert_eq!(request.names(), &names(&["evil.example"]));

        let spec = leaf_spec(Usages::BOTH, &NAMES);
        let certificate = plane.issue_for(&spec, &request, now()).unwrap();
        assert_eq!(certificate.subject(), "CN=node1.example.zone");
        assert_eq!(certificate.subject_public_key_sha256(), request.subject_public_key_sha256());
        let key = PrivateKey::from_pem(&files.read("key.pem")).unwrap();
        assert!(zone_pki::key_matches(&certificate, &key));
        verify(&certificate, &[plane.certificate()], root.certificate(), Usages::BOTH, &names(&NAMES), now())
            .unwrap();
    }
}

#[test]
fn a_request_without_the_key_is_not_certified() {
    let (_, plane) = root_and_plane();
    let ours = leaf_request(&PrivateKey::generate(KeyAlgorithm::P256).unwrap());
    let theirs = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    // Somebody else's public key, which is as long as ours, under our signature.
    let mut forged = ours.der().to_vec();
    let place = forged.windows(91).position(|part| part == ours.subject_public_key_info()).unwrap();
    forged[place..place + 91].copy_from_slice(theirs.subject_public_key_info());
    let forged = CertificateRequest::from_der(&forged).unwrap();
    assert_eq!(forged.verify(), Err(RequestError::BadSignature));
    let refused = plane.issue_for(&leaf_spec(Usages::BOTH, &NAMES), &forged, now());
    assert_eq!(refused, Err(IssueError::Request(RequestError::BadSignature)));
}

#[test]
fn weak_and_foreign_kinds_are_told() {
    let files = Files::new();
    let read = |arguments: &str| {
        files.openssl(&format!("req -new {arguments} -nodes -keyout key.pem -out its.csr -subj /CN=x"));
        CertificateRequest::from_pem(&files.read("its.csr"))
    };
    let unsupported =
        |algorithm: &str| Err(RequestError::Key(KeyError::Unsupported { algorithm: algorithm.to_owned() }));
    assert_eq!(read("-newkey rsa:1024"), unsupported("RSA below 2048 bits"));
    assert_eq!(read("-newkey ec -pkeyopt ec_paramgen_curve:P-224"), unsupported("ECDSA P-224"));
    assert_eq!(read("-newkey ed448"), unsupported("Ed448"));
    let by_sha1 = read("-newkey rsa:2048 -sha1").unwrap();
    assert_eq!(by_sha1.verify(), Err(RequestError::SignatureAlgorithm));
}

#[test]
fn a_file_that_is_not_one_request_is_told() {
    let (root, _) = root_and_plane();
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let pem = leaf_request(&key).pem();
    let told = |text: &[u8]| CertificateRequest::from_pem(text).unwrap_err();
    assert_eq!(told(b" \n"), RequestError::Empty);
    assert_eq!(told(b"hello"), RequestError::NoPem);
    assert_eq!(told(key.to_pem().as_bytes()), RequestError::PrivateKey);
    let label = "CERTIFICATE".to_owned();
    assert_eq!(told(root.certificate().pem().as_bytes()), RequestError::OtherBlock { label });
    assert_eq!(told((pem.clone() + &pem).as_bytes()), RequestError::Several);
    assert_eq!(CertificateRequest::all_from_pem((pem.clone() + &pem).as_bytes()).unwrap().len(), 2);
    assert!(CertificateRequest::from_pem(pem.replace('\n', "\r\n").as_bytes()).is_ok());
    assert!(matches!(
        CertificateRequest::make_leaf(&key, &Subject::default(), &SubjectAltNames::new(), Usages::BOTH),
        Err(IssueError::Subject(_))
    ));
}

#[test]
fn no_cut_and_no_flipped_bit_makes_a_panic_or_a_proof() {
    let request = leaf_request(&PrivateKey::generate(KeyAlgorithm::P256).unwrap());
    for length in 0..request.der().len() {
        assert!(CertificateRequest::from_der(&request.der()[..length]).is_err(), "cut to {length}");
    }
    for index in 0..request.der().len() {
        for bit in 0..8 {
            let mut flipped = request.der().to_vec();
            flipped[index] ^= 1 << bit;
            if let Ok(flipped) = CertificateRequest::from_der(&flipped) {
                assert!(flipped.verify().is_err(), "bit {bit} of byte {index}");
            }
        }
    }
}
