//! Documents that an authority signs.

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, DocumentError, KeyAlgorithm, Subject};

fn authority(key: KeyAlgorithm) -> Authority {
    let spec = AuthoritySpec {
        subject: Subject::with_common_name("root"),
        path_length: 1,
        permitted_dns: vec!["example.zone".to_owned()],
        validity: Duration::days(1),
        key,
    };
    Authority::generate(&spec, OffsetDateTime::now_utc()).unwrap()
}

#[test]
fn every_kind_of_key_signs_and_verifies() {
    for key in KeyAlgorithm::ALL {
        let root = authority(key);
        let signature = root.sign_document("a context", b"document").unwrap();
        let verify = |context, document: &[u8], signature: &[u8]| {
            root.certificate().verify_document(context, document, signature)
        };
        assert_eq!(verify("a context", b"document", &signature), Ok(()), "{key}");
        assert_eq!(verify("another", b"document", &signature), Err(DocumentError), "{key}");
        assert_eq!(verify("a context", b"Document", &signature), Err(DocumentError), "{key}");
        assert_eq!(verify("a context", b"", &signature), Err(DocumentError), "{key}");
        assert_eq!(verify("a context", b"document", b""), Err(DocumentError), "{key}");
        for at in 0..signature.len() {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert_eq!(verify("a context", b"document", &changed), Err(DocumentError), "{key}, byte {at}");
        }
        // The end of the context is signed, so what follows cannot be moved into it.
        assert_eq!(verify("a context\ndocu", b"ment", &signature), Err(DocumentError), "{key}");
    }
}

#[test]
fn another_key_of_the_same_kind_does_not_verify() {
    for key in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let signature = authority(key).sign_document("a context", b"document").unwrap();
        let other = authority(key);
        assert_eq!(
            other.certificate().verify_document("a context", b"document", &signature),
            Err(DocumentError)
        );
    }
}
