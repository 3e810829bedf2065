//! How a key is encrypted: read from the file, bounded, and the key of the cipher derived.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode, ErrorKind};
use pkcs8::pkcs5::pbes2::{Kdf, PBES2_OID, Parameters, Pbkdf2Params, Pbkdf2Prf, ScryptParams};
use pkcs8::pkcs5::scrypt::{self, scrypt};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::DecryptError;

/// Some seconds on any machine. OpenSSL writes 2,048, we write 600,000.
const MOST_ITERATIONS: u32 = 10_000_000;
/// What scrypt may use at once. OpenSSL asks for 16 MiB.
const MOST_MEMORY: u64 = 128 << 20;
/// What scrypt may go through in all: some seconds.
const MOST_WORK: u64 = 8 * MOST_MEMORY;

/// Names of what OpenSSL can write and we do not read. Others are named by their identifier.
const NAMES: [(&str, &str); 9] = [
    ("1.2.840.113549.3.7", "DES-EDE3-CBC"),
    ("1.3.14.3.2.7", "DES-CBC"),
    ("1.2.840.113549.3.2", "RC2-CBC"),
    ("2.16.840.1.101.3.4.1.6", "AES-128-GCM"),
    ("2.16.840.1.101.3.4.1.46", "AES-256-GCM"),
    ("1.2.392.200011.61.1.1.1.4", "CAMELLIA-256-CBC"),
    ("1.2.840.113549.1.12.1.3", "PBE-SHA1-3DES"),
    ("1.2.840.113549.1.5.3", "PBE-MD5-DES"),
    ("1.2.840.113549.1.5.10", "PBE-SHA1-DES"),
];

/// The parameters, and what they encrypt.
pub(super) fn read(der: &[u8]) -> Result<(Parameters, &[u8]), DecryptError> {
    let document = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(oid),
        _ => match outer_algorithm(der) {
            Ok(oid) if oid != PBES2_OID => unsupported(oid),
            _ => DecryptError::Damaged { reason: "its structure is not that of PKCS#8" },
        },
    })?;
    let scheme = &document.encryption_algorithm;
    let parameters = scheme.pbes2().ok_or_else(|| unsupported(scheme.oid()))?;
    Ok((parameters.clone(), document.encrypted_data.as_bytes()))
}

/// What a file says that it is encrypted with, whatever the parameters of that are.
fn outer_algorithm(der: &[u8]) -> pkcs8::der::Result<ObjectIdentifier> {
    AnyRef::from_der(der)?.sequence(|reader| {
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        <&OctetStringRef>::decode(reader)?;
        Ok(algorithm.oid)
    })
}

/// The key of the cipher.
pub(super) fn derive(parameters: &Parameters, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let length = parameters.encryption.key_size();
    if parameters.kdf.key_length().is_some_and(|stated| usize::from(stated) != length) {
        return Err(DecryptError::Damaged { reason: "it states another key length than its cipher has" });
    }
    let mut key = Zeroizing::new(vec![0; length]);
    match &parameters.kdf {
        Kdf::Pbkdf2(parameters) => hash_repeatedly(parameters, passphrase, &mut key)?,
        Kdf::Scrypt(parameters) => hash_in_memory(parameters, passphrase, &mut key)?,
        other => return Err(unsupported(other.oid())),
    }
    Ok(key)
}

fn hash_repeatedly(parameters: &Pbkdf2Params, passphrase: &str, key: &mut [u8]) -> Result<(), DecryptError> {
    let iterations = NonZeroU32::new(parameters.iteration_count)
        .ok_or(DecryptError::Damaged { reason: "it states no iterations" })?;
    if iterations.get() > MOST_ITERATIONS {
        return Err(DecryptError::Cost {
            cost: format!("{iterations} iterations of PBKDF2"),
            limit: MOST_ITERATIONS.to_string(),
        });
    }
    let algorithm = match parameters.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(unsupported(other.oid())),
    };
    pbkdf2::derive(algorithm, iterations, parameters.salt.as_bytes(), passphrase.as_bytes(), key);
    Ok(())
}

fn hash_in_memory(parameters: &ScryptParams, passphrase: &str, key: &mut [u8]) -> Result<(), DecryptError> {
    let damaged = DecryptError::Damaged { reason: "its scrypt parameters contradict each other" };
    let cost = parameters.cost_parameter;
    // RFC 7914, section 6: N is a power of two above 1.
    if cost < 2 || !cost.is_power_of_two() {
        return Err(damaged);
    }
    let memory = cost.saturating_mul(128 * u64::from(parameters.block_size));
    let work = memory.saturating_mul(u64::from(parameters.parallelization));
    for (asked, limit, what) in
        [(memory, MOST_MEMORY, "of memory"), (work, MOST_WORK, "gone through by scrypt")]
    {
        if asked > limit {
            return Err(DecryptError::Cost {
                cost: format!("{} MiB {what}", asked >> 20),
                limit: format!("{} MiB", limit >> 20),
            });
        }
    }
    let checked = scrypt::Params::try_from(parameters).map_err(|_| damaged.clone())?;
    scrypt(passphrase.as_bytes(), parameters.salt.as_bytes(), &checked, key).map_err(|_| damaged)
}

pub(super) fn unsupported(identifier: ObjectIdentifier) -> DecryptError {
    let dotted = identifier.to_string();
    let name = NAMES.into_iter().find(|(known, _)| *known == dotted).map(|(_, name)| name.to_owned());
    DecryptError::Unsupported { algorithm: name.unwrap_or(dotted) }
}
