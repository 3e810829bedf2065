//! The zone document: its shape, its signature, whether it is accepted, `nameservice sign` and `verify`.

mod acceptance;
mod commands;
mod shape;
mod signature;
mod verified_elsewhere;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::config::ZoneDocument;
use model::plan::{DocumentRefusal, DocumentSigners, SignedZoneDocument};
use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, DetachedJws, KeyAlgorithm, Subject};

/// The document of the activation format, with addresses, unsigned.
pub(crate) const THREE: &str = r#"{
    "name": "example.zone",
    "type": "zone",
    "addr_info": [{ "protocol": "https", "address": "192.168.1.1", "port": 3456 }],
    "api_version": "v1",
    "extend": {
        "etcd": [
            { "node_name": "node1.example.zone",
              "protocol": "https", "address": "", "peer_port": 2380, "client_port": 2379 },
            { "node_name": "node2.example.zone",
              "protocol": "https", "address": "10.0.0.2" },
            { "node_name": "node3.example.zone",
              "protocol": "cyfs", "address": "10.0.0.3" }
        ]
    }
}"#;

pub(crate) const IAT: i64 = 1_800_000_000;
pub(crate) const EXP: i64 = IAT + 86_400;

pub(crate) fn authority(name: &str, key: KeyAlgorithm) -> Authority {
    let spec = AuthoritySpec {
        subject: Subject::with_common_name(name),
        path_length: 1,
        permitted_dns: Vec::new(),
        validity: Duration::days(3650),
        key,
    };
    Authority::generate(&spec, OffsetDateTime::now_utc()).expect("an authority")
}

fn parsed(text: &str) -> ZoneDocument {
    ZoneDocument::parse(text.as_bytes()).expect("a zone document").0
}

/// The text with `sign` as its last member.
fn with_sign(text: &str, sign: &str) -> String {
    let end = text.rfind('}').expect("an object");
    format!("{},\n  \"sign\": \"{sign}\"\n}}\n", text[..end].trim_end())
}

/// The text, signed as the program signs it.
pub(crate) fn signed(authority: &Authority, text: &str, iat: i64, exp: i64) -> String {
    let document = parsed(text);
    let jws = DetachedJws::sign(authority, "zone+jws", (iat, exp), document.canonical());
    with_sign(text, &jws.expect("a signature").to_string())
}

/// A signature with any header, by a P-256 key.
fn forged(authority: &Authority, header: &str, payload: &[u8]) -> String {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, authority.key().pkcs8_der());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.expect("a P-256 key").sign(&SystemRandom::new(), message.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(signature.expect("a signature"));
    format!("{}..{signature}", URL_SAFE_NO_PAD.encode(header))
}

fn verified(text: &str, authorities: &[&Authority]) -> Result<SignedZoneDocument, DocumentRefusal> {
    let (document, _) = ZoneDocument::parse(text.as_bytes())?;
    let certificates = authorities.iter().map(|authority| authority.certificate().clone()).collect();
    DocumentSigners::new(certificates).expect("signers").verify(document)
}

#[track_caller]
fn refused(text: &str, authorities: &[&Authority]) -> DocumentRefusal {
    verified(text, authorities).expect_err("a document that is refused")
}
