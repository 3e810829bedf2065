//! The certificates of one plane, read.

use zone_pki::{Certificate, CertificateError, KeyError, PrivateKey, RevocationList, key_matches};

use super::not_pem::NotPem;
use super::{Fault, PlaneSources, Source};
use etcd::tls::{KeyPair, Side, Trust};

/// The certificates of one plane, whole and usable by TLS.
#[derive(Debug)]
pub struct ExistingPlane {
    /// The CAs that are trusted, in the order of the file.
    pub authorities: Vec<Certificate>,
    /// What the member presents, leaf first.
    pub chain: Vec<Certificate>,
    /// The same for TLS.
    pub side: Side,
}

/// The same, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct ReadPlane {
    pub(super) authorities: Vec<Certificate>,
    pub(super) chain: Vec<Certificate>,
    pub(super) revocations: Option<RevocationList>,
    pair: Option<KeyPair>,
    trust: Option<Trust>,
}

impl ExistingPlane {
    /// Reads what there is, and notes what cannot be read.
    pub(super) fn read(sources: &PlaneSources, faults: &mut Vec<Fault>) -> ReadPlane {
        let (authorities, authority_text) = certificates(&sources.authority, faults).unzip();
        let (chain, chain_text) = certificates(&sources.certificate, faults).unzip();
        let key = note(sources.key.read_private(), faults);
        let parsed = key.as_ref().and_then(|key| {
            note(PrivateKey::from_pem(key).map_err(|error| key_fault(&sources.key, key, &error)), faults)
        });
        let revocations = sources.revocations.as_ref().and_then(|source| read_list(source, faults));
        let chain: Vec<Certificate> = chain.unwrap_or_default();
        if let (Some(leaf), Some(key)) = (chain.first(), &parsed)
            && !key_matches(leaf, key)
        {
            let what = format!("{} is not the key of {}", sources.key, sources.certificate);
            let remedy = match chain.iter().skip(1).any(|certificate| key_matches(certificate, key)) {
                true => "put the node's own certificate first in the file, before those of the CAs",
                false => "name the key that the certificate was requested with",
            };
            faults.push(Fault::new(what, remedy));
            return ReadPlane {
                authorities: authorities.unwrap_or_default(),
                chain,
                revocations,
                pair: None,
                trust: None,
            };
        }
        // What could be parsed above can be refused here all the same, and the other way round never.
        let pair = chain_text.zip(key.filter(|_| parsed.is_some()));
        let pair = pair.and_then(|(chain, key)| {
            let pair = KeyPair::from_pem(&chain, &key);
            note(pair.map_err(|error| unusable(&sources.certificate, &error)), faults)
        });
        let trust = authority_text.and_then(|text| {
            note(Trust::from_pem(&text).map_err(|error| unusable(&sources.authority, &error)), faults)
        });
        ReadPlane { authorities: authorities.unwrap_or_default(), chain, revocations, pair, trust }
    }

    /// The CA that the plane's identity follows from: the root, where it is known, so that the order of a
    /// file decides nothing.
    pub fn anchor(&self) -> &Certificate {
        let is_root = |certificate: &&Certificate| certificate.subject_der() == certificate.issuer_der();
        // `complete` lets no plane without a CA pass.
        self.authorities.iter().find(is_root).unwrap_or(&self.authorities[0])
    }

    pub fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }
}

impl ReadPlane {
    /// The plane, if everything of it could be read.
    pub(super) fn complete(self) -> Option<ExistingPlane> {
        let Self { authorities, chain, pair: Some(pair), trust: Some(trust), .. } = self else { return None };
        let is_whole = !authorities.is_empty() && !chain.is_empty();
        is_whole.then_some(ExistingPlane { authorities, chain, side: Side { pair, trust } })
    }

    /// What is rehearsed with: the pair and the CAs.
    pub(super) fn for_tls(&self) -> Option<(&KeyPair, &Trust)> {
        self.pair.as_ref().zip(self.trust.as_ref())
    }
}

type Text = zeroize::Zeroizing<Vec<u8>>;

fn certificates(source: &Source, faults: &mut Vec<Fault>) -> Option<(Vec<Certificate>, Text)> {
    let text = note(source.read(), faults)?;
    let parsed = Certificate::chain_from_pem(&text).map_err(|error| certificate_fault(source, &text, &error));
    Some((note(parsed, faults)?, text))
}

fn read_list(source: &Source, faults: &mut Vec<Fault>) -> Option<RevocationList> {
    let der = note(source.read(), faults)?;
    let unreadable = |error| {
        let what = format!("{source} is no revocation list that etcd reads: {error}");
        Fault::new(what, "write it in DER: openssl crl -in FILE -outform DER -out FILE.der")
    };
    note(RevocationList::from_der(&der).map_err(unreadable), faults)
}

fn certificate_fault(source: &Source, text: &[u8], error: &CertificateError) -> Fault {
    let what = |why: &dyn std::fmt::Display| format!("{source} holds no usable certificate: {why}");
    let remedy = match error {
        CertificateError::PrivateKey => "name the certificate there; the two may be swapped",
        CertificateError::OtherBlock { .. } => {
            "leave nothing but certificates in it: etcd refuses any other block"
        }
        CertificateError::NoPem => {
            let found = NotPem::of(text);
            return Fault::new(what(&found.what()), found.remedy("x509"));
        }
        CertificateError::NotForGo { rule } => rule.remedy,
        CertificateError::Empty | CertificateError::Damaged { .. } => {
            "copy the file again from where it was made"
        }
    };
    Fault::new(what(error), remedy)
}

fn key_fault(source: &Source, text: &[u8], error: &KeyError) -> Fault {
    let what = |why: &dyn std::fmt::Display| format!("{source} holds no usable key: {why}");
    let remedy = match error {
        KeyError::Encrypted => {
            "etcd reads no encrypted key: openssl pkey -in FILE -out FILE.plain, mode 0600"
        }
        KeyError::NoPem => {
            let found = NotPem::of(text);
            return Fault::new(what(&found.what()), found.remedy("pkey"));
        }
        KeyError::Damaged | KeyError::UnlikeGo(_) => "copy the file again from where it was made",
        KeyError::Several => "leave one in it: the key that the certificate was requested with",
        KeyError::Certificate => "name the key there; the two may be swapped",
        KeyError::Unsupported { .. } => {
            "have a certificate made for a key that etcd reads: ECDSA P-256, P-384 or P-521, Ed25519, or RSA \
             of 2048 bits or more"
        }
        _ => "name the key of the certificate, in PEM",
    };
    Fault::new(what(error), remedy)
}

fn unusable(source: &Source, error: &dyn std::fmt::Display) -> Fault {
    Fault::new(format!("{source} is refused by TLS: {error}"), "have it made again")
}

fn note<T>(result: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}
