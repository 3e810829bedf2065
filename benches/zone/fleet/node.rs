//! A node as it is to the zone's etcd: it reads what is there for it with its own certificate, opens and
//! verifies it, and writes what it has in use, signed. What a node keeps on its disk is kept in memory here.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use age::secrecy::ExposeSecret;
use etcd::client::{ClientCredentials, MemberClient};
use etcd::key_values::KeyValue;
use model::config::NodeName;
use model::formats::{NodeAnswer, SignedAnswer};
use model::plan::{DeliveryKeys, NODE_CLIENT, ROOT_FILE, end_of_prefix};
use store::bundle::{Identity, OpenBundle};
use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{Certificate, PrivateKey, hex};

use crate::Result;

/// What a node reads at once.
const BUNDLES_AT_MOST: i64 = 16;
/// How long a member may take.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// A node without a member.
pub struct Node {
    keys: DeliveryKeys,
    name: NodeName,
    zone: String,
    identity: Identity,
    recipient: String,
    in_use: Option<InUse>,
}

/// What a bundle has brought.
struct InUse {
    sequence: u64,
    manifest_sha256: String,
    /// The CAs that may have signed the next one, by their fingerprints.
    signers: Vec<String>,
    credentials: ClientCredentials,
    certificate: Certificate,
    key: PrivateKey,
}

impl Node {
    /// One with a key of its own and nothing else.
    pub fn new(zone: &str, name: &NodeName) -> Result<Self> {
        let key = age::x25519::Identity::generate();
        let text = Zeroizing::new(key.to_string().expose_secret().as_bytes().to_vec());
        Ok(Self {
            keys: DeliveryKeys::of(name),
            name: name.clone(),
            zone: zone.to_owned(),
            identity: Identity::from_file(&text)?,
            recipient: key.to_public().to_string(),
            in_use: None,
        })
    }

    /// The key that its bundles are sealed to.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// Its name.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// Puts the first bundle in use, a file.
    pub fn activate_file(&mut self, file: &Path) -> Result<()> {
        self.activate(&std::fs::read(file)?)
    }

    /// What etcd has for it, put in use, and its answer. Returns how many bundles were new.
    pub async fn sync(&mut self, url: &str) -> Result<usize> {
        let client = self.client(url)?;
        let bundles = self.keys.bundles();
        let page = client.range(bundles.as_bytes(), &end_of_prefix(&bundles), BUNDLES_AT_MOST).await?;
        let mut new = 0;
        for KeyValue { key, value, .. } in page.pairs {
            let active = self.in_use.as_ref().map_or(0, |in_use| in_use.sequence);
            if self.keys.sequence_of(&key).is_some_and(|sequence| sequence > active) {
                self.activate(&value)?;
                new += 1;
            }
        }
        let answer = self.answer()?;
        client.put(self.keys.answer().as_bytes(), &answer).await?;
        Ok(new)
    }

    /// A connection of its own, with what is in use now.
    fn client(&self, url: &str) -> Result<MemberClient> {
        let in_use = self.in_use.as_ref().ok_or("nothing is in use")?;
        Ok(MemberClient::new(url, "127.0.0.1", &in_use.credentials, CALL_LIMIT)?)
    }

    fn activate(&mut self, bytes: &[u8]) -> Result<()> {
        let mut bundle = OpenBundle::open(bytes, Some(&self.identity))?;
        let signer = hex::encode(&bundle.verify_signature()?.fingerprint_sha256());
        let manifest = bundle.manifest().clone();
        let active = self.in_use.as_ref();
        if active.is_some_and(|active| !active.signers.contains(&signer)) {
            return Err("a bundle of another signer".into());
        }
        if manifest.node != self.name.full() || active.is_some_and(|it| it.sequence >= manifest.sequence) {
            return Err("a bundle of another node, or an older one".into());
        }
        let (certificate_file, key_file) = (NODE_CLIENT.certificate_file(), NODE_CLIENT.key_file());
        let (mut root, mut certificate, mut key) = (Vec::new(), Vec::new(), Zeroizing::new(Vec::new()));
        // Every file is read, and so compared with its digest.
        while let Some((entry, mut reader)) = bundle.next_file()? {
            let mut bytes = Zeroizing::new(Vec::new());
            reader.read_to_end(&mut bytes)?;
            match entry.generation_file() {
                Some(name) if name == ROOT_FILE => root = bytes.to_vec(),
                Some(name) if name == certificate_file => certificate = bytes.to_vec(),
                Some(name) if name == key_file => key = bytes,
                _ => {}
            }
        }
        bundle.check_trust_file(&root)?;
        let mut signers = vec![signer];
        signers.extend(manifest.other_signer_sha256.clone());
        self.in_use = Some(InUse {
            sequence: manifest.sequence,
            manifest_sha256: hex::encode(&manifest.digest()),
            signers,
            credentials: ClientCredentials::of(&root, &certificate, &key),
            certificate: Certificate::from_pem(&certificate)?,
            key: PrivateKey::from_pem(&key)?,
        });
        Ok(())
    }

    fn answer(&self) -> Result<Vec<u8>> {
        let in_use = self.in_use.as_ref().ok_or("nothing is in use")?;
        let now = OffsetDateTime::now_utc();
        let mut answer = NodeAnswer::new(
            (&self.zone, self.name.full()),
            now,
            (in_use.sequence, &in_use.manifest_sha256, "1"),
        );
        answer.expires_at = Some(in_use.certificate.not_after());
        answer.recipient = Some(self.recipient.clone());
        Ok(SignedAnswer::sign(&answer, &in_use.certificate, &in_use.key)?.encode()?)
    }
}
