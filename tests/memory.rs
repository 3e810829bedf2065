//! Keys leave nothing in the memory of a process that is done with them. Alone in its process, whose whole
//! memory it searches.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first thing that goes wrong")]
#![allow(clippy::disallowed_methods, reason = "paths of tests are what the test made them")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

// Its allocator is the program's.
use zone_etcd as _;

use time::{Duration, OffsetDateTime};
use zone_pki::encrypted_key::{decrypt, encrypt};
use zone_pki::{
    Authority, AuthoritySpec, KeyAlgorithm, LeafSpec, PrivateKey, Subject, SubjectAltNames, Usages,
    private_file,
};

/// What is looked for, each bit of it turned round, so that it is not found here.
struct Trace(Vec<u8>);

impl Trace {
    fn of(secret: &[u8]) -> Self {
        Self(secret.iter().map(|byte| !byte).collect())
    }

    fn is_at(&self, memory: &[u8]) -> bool {
        memory.len() == self.0.len() && memory.iter().zip(&self.0).all(|(byte, turned)| *byte == !turned)
    }

    /// How often it is in what this process can write to.
    fn count(&self) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut count = 0;
        for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.contains('w')))
        {
            let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|place| u64::from_str_radix(place, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                count += bytes.windows(self.0.len()).filter(|window| self.is_at(window)).count();
            }
            bytes.fill(0);
        }
        count
    }
}

/// Of the secret part of a key: its bytes, and as PEM has them.
fn traces(key: &PrivateKey) -> [Trace; 2] {
    let der = key.pkcs8_der();
    let scalar = |tag: [u8; 2]| der.windows(2).rposition(|window| window == tag);
    let (at, length) = match key.algorithm() {
        KeyAlgorithm::P256 | KeyAlgorithm::Ed25519 => (scalar([4, 32]).unwrap() + 2, 32),
        KeyAlgorithm::P384 => (scalar([4, 48]).unwrap() + 2, 48),
        // The coefficient, which is the last part of a key (RFC 8017, A.1.2).
        _ => (der.len() - 64, 64),
    };
    let pem = key.to_pem();
    let line = pem.lines().nth(1 + at / 48).unwrap().as_bytes();
    let within = (at % 48).div_ceil(3) * 4;
    [Trace::of(&der[at..at + length]), Trace::of(&line[within..(within + 20).min(line.len())])]
}

/// Everything that is done with keys: made, written, read, signed with, locked, opened.
#[inline(never)]
fn work(key: KeyAlgorithm) -> Vec<Trace> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let subject = Subject::with_common_name("root");
    let spec = AuthoritySpec {
        subject: subject.clone(),
        path_length: 1,
        permitted_dns: Vec::new(),
        validity: Duration::days(2),
        key,
    };
    let root = Authority::generate(&spec, now).unwrap();
    let names = ["node1.example.zone".parse().unwrap()].into_iter().collect::<SubjectAltNames>();
    let leaf = LeafSpec { subject, names, usages: Usages::BOTH, validity: Duration::days(1), key };
    let issued = root.issue(&leaf, now).unwrap();

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("leaf.key");
    private_file::create(&path, issued.key().to_pem().as_bytes(), 0o600).unwrap();
    let read = PrivateKey::from_pem(&private_file::read(&path).unwrap()).unwrap();
    let locked = encrypt(&read, "correct horse battery staple").unwrap();
    decrypt(locked.as_bytes(), "correct horse battery staple").unwrap();
    root.sign_document("a context", b"a document").unwrap();

    let traces: Vec<Trace> = [root.key(), issued.key()].into_iter().flat_map(traces).collect();
    // What is there is found. Of PEM there is no copy left by now.
    assert!(traces.iter().step_by(2).all(|trace| trace.count() > 0), "{key}");
    traces
}

#[test]
fn nothing_is_left_of_a_key() {
    for key in KeyAlgorithm::ALL {
        let left: Vec<usize> = work(key).iter().map(Trace::count).collect();
        assert_eq!(left, [0; 4], "{key}: DER and PEM of the root's key, of the leaf's");
    }
}
