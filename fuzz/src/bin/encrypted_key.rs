//! Private keys under a passphrase: a file as it is found, and a sound file with these bytes inside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::{EncryptedPrivateKeyInfoRef, der::Encode, der::asn1::OctetStringRef};
use zone_etcd_fuzz::pem;
use zone_pki::{DecryptError, KeyError, PrivateKey, encrypted_key};

const PASSPHRASE: &str = "fuzz";
const LABEL: &str = "ENCRYPTED PRIVATE KEY";

fuzz_target!(|input: &[u8]| {
    match input {
        [b'i', inside @ ..] => decrypts_to(inside),
        der if pem::is_der(der) => {
            if is_cheap(der) {
                let _ = encrypted_key::decrypt(pem::of(LABEL, der).as_bytes(), PASSPHRASE);
            }
        }
        // Text that is not made here asks for whatever it likes: only what comes before the derivation is of
        // interest.
        text => {
            let _ = encrypted_key::is_encrypted(text);
        }
    }
});

/// What the limits leave is some seconds, too long for a fuzzer. The limits themselves have tests.
fn is_cheap(der: &[u8]) -> bool {
    let Ok(document) = EncryptedPrivateKeyInfoRef::try_from(der) else { return true };
    match document.encryption_algorithm.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(parameters)) => {
            let limit = 10_000_000;
            parameters.iteration_count <= 64 || parameters.iteration_count > limit
        }
        Some(Kdf::Scrypt(parameters)) => {
            let memory = parameters.cost_parameter.saturating_mul(u64::from(parameters.block_size));
            memory.saturating_mul(u64::from(parameters.parallelization)) <= 64
        }
        _ => true,
    }
}

/// A sound file opens, and holds the key that these bytes are, if they are one.
fn decrypts_to(inside: &[u8]) {
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(1, &[7; 16], [7; 16]).expect("parameters");
    let sealed = parameters.encrypt(PASSPHRASE, inside).expect("a sealed key");
    let encrypted_data = OctetStringRef::new(&sealed).expect("an octet string");
    let document = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data };
    let text = pem::of(LABEL, &document.to_der().expect("DER"));
    let opened = encrypted_key::decrypt(text.as_bytes(), PASSPHRASE);
    match (PrivateKey::from_pem(pem::of("PRIVATE KEY", inside).as_bytes()), opened) {
        (Ok(key), Ok(opened)) => {
            assert_eq!(key.subject_public_key_info(), opened.subject_public_key_info());
        }
        (Err(KeyError::Damaged | KeyError::NoPem | KeyError::Empty), Err(_)) => {}
        (Err(expected), Err(DecryptError::Key(found))) => assert_eq!(expected, found),
        (Err(_), Err(DecryptError::Damaged { .. } | DecryptError::Passphrase)) => {}
        (expected, found) => panic!("{expected:?} in the clear, {found:?} under a passphrase"),
    }
}
