//! What the parts of the server share: what providers have, what is served of it, and what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use zone_pki::{Certificate, instant};

use super::catalog::{Candidate, Catalog, ProviderState};
use crate::fetch::Provider;
use model::plan::DocumentSigners;
use model::report;

/// The directory, as `/health?provider=` calls it.
pub(super) const DIRECTORY: &str = "directory";
/// Different warnings that are told; an attacker must not fill the log.
const MOST_WARNINGS: usize = 200;

/// Shared between tasks. Nothing is awaited while a lock is held.
#[derive(Debug)]
pub(super) struct State {
    inputs: Mutex<Inputs>,
    served: Mutex<Arc<Served>>,
    told: Mutex<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct Inputs {
    certificates: Vec<Certificate>,
    directory: Vec<Candidate>,
    etcd: Vec<Candidate>,
}

/// What requests are answered from.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    pub(super) catalog: Catalog,
    pub(super) providers: BTreeMap<&'static str, ProviderState>,
}

/// What a provider has now.
#[derive(Debug)]
pub(super) enum Change {
    Signers(Vec<Certificate>),
    Directory(Vec<Candidate>),
    Etcd(Vec<Candidate>),
}

impl State {
    pub(super) fn new() -> Self {
        let never = ProviderState(Err("it is not configured".to_owned()));
        let providers = [DIRECTORY, Provider::Etcd.as_str()].map(|name| (name, never.clone()));
        let served = Served { catalog: Catalog::default(), providers: providers.into() };
        Self { inputs: Mutex::default(), served: Mutex::new(Arc::new(served)), told: Mutex::default() }
    }

    pub(super) fn served(&self) -> Arc<Served> {
        Arc::clone(&lock(&self.served))
    }

    /// Takes what has changed, and verifies everything again if it has.
    pub(super) fn change(&self, changes: Vec<Change>) {
        let mut inputs = lock(&self.inputs);
        let mut has_changed = false;
        for change in changes {
            has_changed |= match change {
                Change::Signers(now) => replace(&mut inputs.certificates, now),
                Change::Directory(now) => replace(&mut inputs.directory, now),
                Change::Etcd(now) => replace(&mut inputs.etcd, now),
            };
        }
        if !has_changed {
            return;
        }
        let Ok(signers) = DocumentSigners::new(inputs.certificates.clone()) else { return };
        let candidates = inputs.directory.iter().chain(&inputs.etcd);
        let catalog = Catalog::of(candidates, &signers, |place, refusal| {
            self.warn_once(&format!("{place} is not served: {refusal}"));
        });
        let mut served = lock(&self.served);
        tell_zones(&served.catalog, &catalog);
        *served = Arc::new(Served { catalog, providers: served.providers.clone() });
    }

    /// Notes whether a provider answers. Returns what was noted before.
    pub(super) fn note(&self, provider: &'static str, now: Result<(), String>) -> Option<ProviderState> {
        let mut served = lock(&self.served);
        let was = served.providers.get(provider).cloned();
        if was.as_ref().map(|was| &was.0) != Some(&now) {
            let mut noted = Served::clone(&served);
            noted.providers.insert(provider, ProviderState(now));
            *served = Arc::new(noted);
        }
        was
    }

    /// Tells something that stays as it is for long.
    pub(super) fn warn_once(&self, what: &str) {
        let mut told = lock(&self.told);
        if told.len() < MOST_WARNINGS && told.insert(what.to_owned()) {
            report::warning(what);
        }
    }
}

/// Nothing is left half done by a panic in between two assignments.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn replace<T: PartialEq>(place: &mut T, now: T) -> bool {
    let is_other = *place != now;
    *place = now;
    is_other
}

fn tell_zones(was: &Catalog, is: &Catalog) {
    let now = OffsetDateTime::now_utc();
    let (was, is) = (was.zones(now), is.zones(now));
    for (zone, iat) in is.iter().filter(|zone| !was.contains(zone)) {
        report::message(&format!("{zone}: serving the document of {}", instant(*iat)));
    }
    for (zone, _) in was.iter().filter(|(zone, _)| !is.iter().any(|(other, _)| other == zone)) {
        report::message(&format!("{zone}: there is no document any more"));
    }
}
