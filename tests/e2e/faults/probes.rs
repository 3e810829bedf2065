//! What has to hold all the while: nobody is served by a certificate that was revoked, and there is one
//! cluster.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use live::{Credentials, on_runtime};

use super::machines::NODES;
use super::tally::{FOUNDING, REVOCATION, STUCK};
use super::{Run, lock};
use crate::harness::draw::Draw;

const ANSWER_LIMIT: Duration = Duration::from_millis(800);
/// How many of the revoked certificates are tried in each round, beside the last.
const TRIED: usize = 2;

/// A client's certificate, with its key, as a thief has it.
#[derive(Clone)]
pub struct Leaked(PathBuf);

#[derive(Default)]
pub struct Watched {
    revoked: Vec<Leaked>,
    /// The ids that a member may answer with: one, and during a restore that of after it as well.
    clusters: BTreeSet<u64>,
}

impl Run {
    pub fn keep_leaked(&self, client: &str) -> Leaked {
        let leaked = self.machines.zone.around().join("leaked").join(client);
        fs::create_dir_all(&leaked).expect("a directory");
        let current = self.machines.zone.file(&format!("clients/{client}/current"));
        for name in ["ca.crt", "client.crt", "client.key"] {
            fs::copy(current.join(name), leaked.join(name)).expect("a copy");
        }
        Leaked(leaked)
    }

    /// It was acknowledged that every member refuses it.
    pub fn is_revoked(&self, leaked: Leaked) {
        lock(&self.watched).revoked.push(leaked);
    }

    /// The cluster of a zone that was founded or restored: the one that members answer with now.
    pub fn learn_cluster(&self) {
        let answered = (0..NODES.len()).filter_map(|node| self.cluster_of(node)).collect::<BTreeSet<_>>();
        if answered.len() > 1 {
            self.found(FOUNDING, &format!("members answer as those of clusters {answered:x?}"));
        }
        lock(&self.watched).clusters = answered;
    }

    /// From now on any cluster may answer, until [`Self::learn_cluster`].
    pub fn expect_another_cluster(&self) {
        lock(&self.watched).clusters.clear();
    }

    /// What a member says without asking any other.
    fn cluster_of(&self, node: usize) -> Option<u64> {
        ask(&self.machines.zone.file("clients/admin/current"), &self.url(node))
    }

    /// The revision of the zone, if it takes requests.
    pub fn revision(&self) -> Option<i64> {
        let credentials = Credentials::load(&self.machines.zone.file("clients/admin/current")).ok()?;
        let read = async {
            let client = credentials.connect_unverified(&self.url(0), ANSWER_LIMIT).ok()?;
            client.quorum_read().await.ok()
        };
        on_runtime(read).expect("a runtime")
    }

    fn url(&self, node: usize) -> String {
        format!("https://{}:2379", self.machines.address(node))
    }

    fn try_revoked(&self, node: usize, Leaked(directory): &Leaked) {
        if ask(directory, &self.url(node)).is_some() {
            let client = directory.file_name().unwrap_or_default().to_string_lossy();
            self.found(REVOCATION, &format!("{} serves {client}, which was revoked", NODES[node]));
        }
    }

    /// Tries every revoked certificate on every member, all of which answer.
    pub fn try_all_revoked(&self) {
        let revoked = lock(&self.watched).revoked.clone();
        for (node, name) in NODES.iter().enumerate() {
            if self.cluster_of(node).is_none() && !self.machines.is_resting(node) {
                self.found(STUCK, &format!("{name} does not answer in a healthy zone"));
            }
            revoked.iter().for_each(|leaked| self.try_revoked(node, leaked));
        }
    }
}

/// The cluster by which a member answers the holder of a certificate, if it does. It is the client that is
/// tried, so whether it verifies the member does not matter.
fn ask(identity: &Path, url: &str) -> Option<u64> {
    let credentials = Credentials::load(identity).ok()?;
    let status = async {
        let client = credentials.connect_unverified(url, ANSWER_LIMIT).ok()?;
        client.status().await.ok()
    };
    Some(on_runtime(status).expect("a runtime")?.header?.cluster_id)
}

/// Looks at every member, again and again, until the run is over.
pub fn watch(run: &Run, mut draw: Draw) {
    while !run.calm.is_over() {
        for (node, name) in NODES.iter().enumerate() {
            let before = lock(&run.watched).clusters.clone();
            let seen = run.cluster_of(node);
            // One that was replaced meanwhile is no news.
            let expected = lock(&run.watched).clusters.clone();
            if let Some(id) = seen
                && before == expected
                && !expected.is_empty()
                && !expected.contains(&id)
            {
                let what = format!("{name} is a member of cluster {id:x}, not of {expected:x?}");
                run.found(FOUNDING, &what);
            }
            let revoked = lock(&run.watched).revoked.clone();
            let mut tried: Vec<&Leaked> = revoked.last().into_iter().collect();
            if !revoked.is_empty() {
                tried.extend((0..TRIED).map(|_| &revoked[draw.below(revoked.len())]));
            }
            tried.into_iter().for_each(|leaked| run.try_revoked(node, leaked));
        }
        sleep(Duration::from_millis(100));
    }
}
