//! PKCS#12 (RFC 7292) for Java, Windows and browsers: AES-256 and HMAC-SHA256, as OpenSSL 3 and Java 17 write
//! it.

use p12_keystore::{
    Certificate as Pkcs12Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm,
    PrivateKey as Pkcs12Key, PrivateKeyChain,
};
use zeroize::Zeroizing;
use zone_pki::{Certificate, PrivateKey};

use super::{ExportFile, Identity};
use host::passphrase::Passphrase;
use model::error::{Exit, Failure, Result};

/// How often the passphrase is hashed, for the key and for the check of the whole: ten times what Java and
/// OpenSSL do.
const ITERATIONS: u32 = 100_000;
/// keytool takes no shorter passphrase.
const SHORTEST: usize = 6;

/// `truststore.p12` with the root, and for each certificate `STEM.p12` with the key and the chain up to the
/// root.
pub fn pkcs12(root: &[u8], identities: &[Identity], passphrase: &Passphrase) -> Result<Vec<ExportFile>> {
    check(passphrase)?;
    let root = certificates(root)?;
    let mut files = Vec::new();
    for identity in identities {
        let mut store = KeyStore::new();
        store.add_entry(&identity.stem, key_chain(identity, &root)?);
        files.push(file(&identity.stem, &store, passphrase)?);
    }
    // Such an entry is written with the attribute trustedKeyUsage, 2.16.840.1.113894.746875.1.1, without
    // which Java sees no trusted certificate in the file.
    let mut store = KeyStore::new();
    for certificate in root {
        store.add_entry("ca", KeyStoreEntry::Certificate(certificate));
    }
    files.push(file("truststore", &store, passphrase)?);
    Ok(files)
}

/// Java takes printable ASCII alone for the cipher, and other software disagrees on how the rest is written.
fn check(passphrase: &Passphrase) -> Result<()> {
    let text = passphrase.as_str();
    let why = if text.len() < SHORTEST {
        format!("it has fewer than {SHORTEST} characters, and Java's keytool takes no shorter one")
    } else if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        "it has characters beyond printable ASCII, which Java does not take".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::new(Exit::BadInput, "this passphrase will not do for PKCS#12")
        .because(why)
        .next("choose another: openssl rand -base64 18"))
}

fn key_chain(identity: &Identity, root: &[Pkcs12Certificate]) -> Result<KeyStoreEntry> {
    let key = PrivateKey::from_pem(&identity.key).map_err(|error| unreadable(&error))?;
    let mut chain = certificates(&identity.chain)?;
    chain.extend_from_slice(root);
    let id = key.subject_public_key_sha256().to_vec();
    let key = Pkcs12Key::from_der(key.pkcs8_der()).map_err(|error| unreadable(&error))?;
    Ok(KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(id, key, chain)))
}

fn certificates(pem: &[u8]) -> Result<Vec<Pkcs12Certificate>> {
    let chain = Certificate::chain_from_pem(pem).map_err(|error| unreadable(&error))?;
    let certificates = chain.iter().map(|certificate| Pkcs12Certificate::from_der(certificate.der()));
    certificates.collect::<std::result::Result<_, _>>().map_err(|error| unreadable(&error))
}

fn file(stem: &str, store: &KeyStore, passphrase: &Passphrase) -> Result<ExportFile> {
    let writer = store
        .writer(passphrase.as_str())
        .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
        .encryption_iterations(ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha256)
        .mac_iterations(ITERATIONS);
    let bytes = writer.write().map_err(|error| Failure::internal("cannot make PKCS#12").because(&error))?;
    Ok(ExportFile { path: format!("{stem}.p12").into(), bytes: Zeroizing::new(bytes) })
}

/// Everything was read and checked before.
fn unreadable(error: &(impl std::error::Error + 'static)) -> Failure {
    Failure::internal("cannot put a certificate or key of the zone into PKCS#12").because(error)
}
