//! Signatures that hold, and every way not to.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use model::plan::{DocumentRefusal, DocumentSigners, SignersFault};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use zone_pki::{DetachedJws, JwsError, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages, jws};

use super::{EXP, IAT, THREE, authority, forged, parsed, refused, signed, verified, with_sign};

/// `SubjectPublicKeyInfo` of a P-256 key, before its point.
const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// RFC 7515, A.3: the key, the header, the payload and the signature.
const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const A3_HEADER: &str = "eyJhbGciOiJFUzI1NiJ9";
const A3_PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A3_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 7638, 3.1: the modulus of the key, whose exponent is 65537.
const RFC_7638: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7\
    aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXA\
    rwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7\
    d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lF\
    d2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn header(alg: &str) -> String {
    format!(r#"{{"alg":"{alg}","typ":"zone+jws","iat":{IAT},"exp":{EXP}}}"#)
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).expect("a length").to_be_bytes();
    [&[tag, 0x82][..], &length, contents].concat()
}

#[test]
fn rfc_7515_a3_verifies_as_detached() {
    let key = [&P256[..], &decoded(A3_X), &decoded(A3_Y)].concat();
    let jws = DetachedJws::parse(&format!("{A3_HEADER}..{A3_SIGNATURE}")).expect("a detached JWS");
    assert_eq!(jws.verify(&decoded(A3_PAYLOAD), &key), Ok(()));
    assert_eq!(jws.verify(b"another", &key), Err(JwsError::Signature));
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    let modulus = element(0x02, &[&[0][..], &decoded(RFC_7638)].concat());
    let key = element(0x30, &[modulus, vec![0x02, 3, 1, 0, 1]].concat());
    let rsa = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let info = element(0x30, &[&rsa[..], &element(0x03, &[&[0][..], &key].concat())].concat());
    assert_eq!(jws::thumbprint(&info).as_deref(), Ok("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
}

#[test]
fn each_kind_of_key_signs_by_its_algorithm() {
    let kinds = [
        (KeyAlgorithm::P256, "ES256", 64),
        (KeyAlgorithm::P384, "ES384", 96),
        (KeyAlgorithm::Ed25519, "EdDSA", 64),
        (KeyAlgorithm::Rsa2048, "RS256", 256),
    ];
    let authorities: Vec<_> = kinds.iter().map(|(key, ..)| authority("a CA", *key)).collect();
    for ((_, alg, length), authority) in kinds.iter().zip(&authorities) {
        let text = signed(authority, THREE, IAT, EXP);
        let sign = parsed(&text).sign.expect("a signature");
        assert_eq!(DetachedJws::parse(&sign).expect("a JWS").header().alg, *alg);
        assert_eq!(decoded(sign.rsplit('.').next().expect("a part")).len(), *length);
        let found = verified(&text, &authorities.iter().collect::<Vec<_>>()).expect("signed");
        assert_eq!(found.signer(), authority.certificate());
        let others: Vec<_> = authorities.iter().filter(|other| !std::ptr::eq(*other, authority)).collect();
        assert_eq!(refused(&text, &others), DocumentRefusal::OtherKey { tried: 3 });
    }
}

/// A number of an ECDSA signature begins with a zero byte once in 256 times, and has its length all the same.
#[test]
fn numbers_with_leading_zeros_keep_their_length() {
    let authority = authority("a CA", KeyAlgorithm::P256);
    let begins_with_zero = |number: i64| {
        let jws = DetachedJws::sign(&authority, "zone+jws", (number, EXP), b"{}").expect("a signature");
        assert_eq!(jws.verify(b"{}", authority.certificate().subject_public_key_info()), Ok(()));
        let signature = decoded(jws.to_string().rsplit('.').next().expect("a part"));
        assert_eq!(signature.len(), 64);
        signature[0] == 0 || signature[32] == 0
    };
    assert!((0..20_000).any(begins_with_zero), "no number began with a zero");
}

#[test]
fn order_and_white_space_are_free() {
    let authority = authority("a CA", KeyAlgorithm::P256);
    let text = signed(&authority, THREE, IAT, EXP);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    verified(&value.to_string(), &[&authority]).expect("the same in another order");
    verified(&text.replace("example.zone\"", "ex\\u0061mple.zone\""), &[&authority])
        .expect("the same, escaped");
}

#[test]
fn any_change_is_seen() {
    let authority = authority("a CA", KeyAlgorithm::P256);
    let text = signed(&authority, THREE, IAT, EXP);
    for (from, to) in [
        ("2380", "2381"),
        ("10.0.0.2", "10.0.0.4"),
        ("\"cyfs\"", "\"https\""),
        ("{", "{ \"more\": null,"),
        ("192.168.1.1", "192.168.1.2"),
    ] {
        assert_eq!(
            refused(&text.replacen(from, to, 1), &[&authority]),
            DocumentRefusal::OtherKey { tried: 1 }
        );
    }
    // Later times in the header.
    let later = URL_SAFE_NO_PAD.encode(header("ES256").replace(&EXP.to_string(), "1999999999"));
    let sign = parsed(&text).sign.expect("a signature");
    let signature = sign.rsplit('.').next().expect("a part");
    let changed = with_sign(THREE, &format!("{later}..{signature}"));
    assert_eq!(refused(&changed, &[&authority]), DocumentRefusal::OtherKey { tried: 1 });
}

/// Each of these is signed by the right key over the right bytes.
#[test]
fn a_header_may_say_nothing_else() {
    let authority = authority("a CA", KeyAlgorithm::P256);
    let payload = parsed(THREE).canonical().to_vec();
    let sign = |header: &str| with_sign(THREE, &forged(&authority, header, &payload));
    verified(&sign(&header("ES256")), &[&authority]).expect("a header without a kid");
    let other_kid = header("ES256").replace('{', "{\"kid\":\"of another key\",");
    verified(&sign(&other_kid), &[&authority]).expect("a kid is a hint");
    for parameter in [
        r#""crit":["exp"]"#,
        r#""crit":null"#,
        r#""x5c":["MIIB"]"#,
        r#""x5u":"https://example.org""#,
        r#""jwk":{}"#,
        r#""jku":"https://example.org""#,
        r#""b64":false"#,
        r#""alg":"ES256""#,
    ] {
        let text = sign(&header("ES256").replace('{', &format!("{{{parameter},")));
        let refusal = refused(&text, &[&authority]);
        assert!(
            matches!(refusal, DocumentRefusal::Signature(JwsError::Header { .. })),
            "{parameter}: {refusal:?}"
        );
    }
    for alg in ["none", "None", "HS256", "PS256", "ES512", "es256", ""] {
        let refusal = refused(&sign(&header(alg)), &[&authority]);
        let expected = JwsError::Algorithm { found: alg.to_owned() };
        assert_eq!(refusal, DocumentRefusal::Signature(expected));
    }
    for alg in ["ES384", "EdDSA", "RS256"] {
        assert_eq!(refused(&sign(&header(alg)), &[&authority]), DocumentRefusal::OtherKey { tried: 1 });
    }
    for (from, to) in [
        (",\"typ\":\"zone+jws\"".to_owned(), String::new()),
        ("zone+jws".to_owned(), "JWT".to_owned()),
        (format!(",\"iat\":{IAT}"), String::new()),
        (format!(",\"exp\":{EXP}"), String::new()),
        (EXP.to_string(), i64::MAX.to_string()),
        (EXP.to_string(), IAT.to_string()),
        (IAT.to_string(), "-1".to_owned()),
    ] {
        let refusal = refused(&sign(&header("ES256").replace(&from, &to)), &[&authority]);
        assert!(matches!(refusal, DocumentRefusal::Header { .. }), "{from}: {refusal:?}");
    }
    // Its values in the order of their names, without these.
    let text = sign(&format!("[\"ES256\",null,\"zone+jws\",{IAT},{EXP}]"));
    assert!(matches!(refused(&text, &[&authority]), DocumentRefusal::Signature(JwsError::Header { .. })));
    let text = sign(&header("ES256").replace(&EXP.to_string(), "1.5"));
    assert!(matches!(refused(&text, &[&authority]), DocumentRefusal::Signature(JwsError::Header { .. })));
}

#[test]
fn the_form_of_a_signature_is_one() {
    let authority = authority("a CA", KeyAlgorithm::P256);
    let payload = parsed(THREE).canonical().to_vec();
    let good = forged(&authority, &header("ES256"), &payload);
    let (head, signature) = good.split_once("..").expect("two parts");
    let bytes = decoded(signature);
    let is_form = |sign: &str| {
        let refusal = refused(&with_sign(THREE, sign), &[&authority]);
        assert!(matches!(refusal, DocumentRefusal::Signature(JwsError::Form { .. })), "{sign}: {refusal:?}");
    };
    is_form("");
    is_form(head);
    is_form(&format!("{head}.{signature}"));
    is_form(&format!("{good}.{signature}"));
    is_form(&format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(&payload)));
    is_form(&format!("{head}..{}", URL_SAFE.encode(&bytes)));
    is_form(&format!("{head}.. {signature}"));
    is_form(&format!("{head}..{}", signature.replace(['-', '_'], "+") + "+"));
    let is_signature = |bytes: &[u8]| {
        let sign = format!("{head}..{}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(refused(&with_sign(THREE, &sign), &[&authority]), DocumentRefusal::OtherKey { tried: 1 });
    };
    is_signature(&bytes[..63]);
    is_signature(&[&bytes[..], &[0]].concat());
    is_signature(&[]);
    is_signature(&[0; 64]);
    is_signature(&[&[0][..], &bytes[..32], &[0], &bytes[32..]].concat());
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, authority.key().pkcs8_der());
    let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&payload));
    let der = key.expect("a key").sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    is_signature(der.as_ref());
    // The form for several signatures (RFC 7515, 7.2.1) is an object.
    let object = json!({ "signatures": [{ "protected": head, "signature": signature }] });
    let text = with_sign(THREE, "X").replace("\"X\"", &object.to_string());
    assert!(matches!(refused(&text, &[&authority]), DocumentRefusal::Shape(_)));
    let twice = with_sign(&with_sign(THREE, &good), &good);
    assert!(matches!(refused(&twice, &[&authority]), DocumentRefusal::Shape(_)));
    assert_eq!(refused(THREE, &[&authority]), DocumentRefusal::Unsigned);
}

/// A leaf of the CA signs nothing, whatever its kid; nor does the root of another zone.
#[test]
fn only_the_keys_of_trusted_cas_count() {
    let (ca, other) = (authority("a CA", KeyAlgorithm::P256), authority("a CA", KeyAlgorithm::P256));
    let spec = LeafSpec {
        subject: Subject::with_common_name("leaf"),
        names: SubjectAltNames::default(),
        usages: Usages::CLIENT,
        validity: Duration::days(30),
        key: KeyAlgorithm::P256,
    };
    let leaf = ca.issue(&spec, OffsetDateTime::now_utc()).expect("a leaf");
    let payload = parsed(THREE).canonical().to_vec();
    let kid = jws::thumbprint(ca.certificate().subject_public_key_info()).expect("a thumbprint");
    let header = header("ES256").replace('{', &format!("{{\"kid\":\"{kid}\","));
    let key = EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        leaf.key().pkcs8_der(),
    );
    let head = URL_SAFE_NO_PAD.encode(&header);
    let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&payload));
    let signature = key.expect("a key").sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
    let text = with_sign(THREE, &format!("{head}..{}", URL_SAFE_NO_PAD.encode(signature)));
    assert_eq!(refused(&text, &[&ca]), DocumentRefusal::OtherKey { tried: 1 });
    assert_eq!(refused(&signed(&other, THREE, IAT, EXP), &[&ca]), DocumentRefusal::OtherKey { tried: 1 });
    let fault = DocumentSigners::new(vec![ca.certificate().clone(), leaf.certificate().clone()]);
    assert_eq!(fault.err(), Some(SignersFault::Leaf("CN=leaf".to_owned())));
    let copies = |count: usize| DocumentSigners::new(vec![ca.certificate().clone(); count]);
    assert_eq!(copies(0).err(), Some(SignersFault::None));
    assert_eq!(copies(9).err(), Some(SignersFault::TooMany(9)));
    let last_of_eight = [&other, &other, &other, &other, &other, &other, &other, &ca];
    verified(&signed(&ca, THREE, IAT, EXP), &last_of_eight).expect("the eighth key");
}
