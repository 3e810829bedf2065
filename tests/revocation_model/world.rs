//! The directories, and each action on them.

mod rotation;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use zone_pki::Certificate;

use crate::action::{Action, CLIENTS, Holder, MEMBERS, OWN_KEYS};
use crate::files::{self, Issued};
use crate::harness::clock::turn;
use crate::harness::{Outcome, outcome, zone_etcd};
use crate::oracle::{OfNode, OfZone, certificates_of, full_name};

/// A signing host's zone directory.
#[derive(Clone, Debug)]
struct Zone {
    path: PathBuf,
    known: OfZone,
}

pub struct World {
    root: TempDir,
    zones: Vec<Zone>,
    /// Which of them is worked with.
    at: usize,
    saved: Option<OfZone>,
    nodes: BTreeMap<&'static str, OfNode>,
    authorities: BTreeMap<Vec<u8>, Vec<u8>>,
    ahead: Duration,
    without: Option<String>,
}

impl World {
    /// A zone of three members and a node that makes its own keys, each with its first bundle.
    pub fn new(without: Option<&str>) -> Self {
        // Nothing here is about disks, and in memory they do not hold anybody up.
        let memory = Path::new("/dev/shm");
        let root = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).expect("a directory");
        let path = root.path().join("zone-1");
        fs::create_dir(&path).expect("a zone directory");
        fs::write(path.join("zone.toml"), description()).expect("zone.toml");
        let nodes = MEMBERS.iter().chain([&OWN_KEYS]).map(|node| (*node, OfNode::default())).collect();
        let mut world = Self {
            root,
            zones: vec![Zone { path, known: OfZone::default() }],
            at: 0,
            saved: None,
            nodes,
            authorities: BTreeMap::new(),
            ahead: Duration::ZERO,
            without: without.map(str::to_owned),
        };
        world.zone(&["init"]).expect_code(0);
        for client in CLIENTS {
            world.zone(&["pki", "issue", "--client", client]).expect_code(0);
        }
        world.request(false);
        world.sign(false).expect_code(0);
        world.zone(&["bundle", "--no-encryption", "--out", &world.out()]).expect_code(0);
        for node in MEMBERS.iter().chain([&OWN_KEYS]) {
            world.activate(node, &world.out(), &[]).expect_code(0);
        }
        world.check(None, &[], None).expect("a new zone is as it has to be");
        world
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead
    }

    fn path(&self) -> &Path {
        &self.zones[self.at].path
    }

    fn out(&self) -> String {
        self.root.path().join(format!("out-{}", self.at)).display().to_string()
    }

    fn node_directory(&self, node: &str) -> PathBuf {
        self.root.path().join("nodes").join(node)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = zone_etcd(arguments);
        if let Some(fix) = &self.without {
            command.env("ZONE_ETCD_WITHOUT", fix);
        }
        turn(&mut command, self.ahead);
        command
    }

    fn zone(&self, arguments: &[&str]) -> Outcome {
        outcome(self.command(arguments).arg("--zone").arg(self.path()))
    }

    fn activate(&self, node: &str, out: &str, options: &[&str]) -> Outcome {
        let directory = self.node_directory(node);
        let mut command = self.command(&["activate", "--format", "json"]);
        command
            .arg(Path::new(out).join(format!("{node}.bundle")))
            .arg("--node-dir")
            .arg(&directory)
            .args(options);
        if files::active(&directory).is_none() {
            let text = fs::read(self.path().join("ca/root.crt")).expect("the root");
            let root = Certificate::from_pem(&text).expect("the root");
            command.arg("--root-fingerprint").arg(zone_pki::hex::encode(&root.fingerprint_sha256()));
        }
        outcome(command.args(["--node", node]))
    }

    fn requests(&self) -> PathBuf {
        self.root.path().join("n4.csr")
    }

    fn request(&self, new_keys: bool) {
        let mut command = self.command(&["pki", "csr", "--node", &full_name(OWN_KEYS)]);
        command.arg("--node-dir").arg(self.node_directory(OWN_KEYS)).args(new_keys.then_some("--new-keys"));
        let told = outcome(&mut command);
        if told.code == 0 {
            fs::write(self.requests(), told.stdout).expect("the requests");
        }
    }

    fn sign(&self, reinstate: bool) -> Outcome {
        let mut command = self.command(&["pki", "sign"]);
        command.arg(self.requests()).arg("--out").arg(self.out()).args(reinstate.then_some("--reinstate"));
        outcome(command.arg("--zone").arg(self.path()))
    }

    /// Does it, and looks at what has to hold.
    pub fn act(&mut self, action: &Action) -> Result<(), String> {
        let (mut reinstated, mut may_issue, mut told) = (None, Vec::new(), None);
        let mut accepted = None;
        match action {
            Action::Issue { holder, reinstate } | Action::Renew { holder, reinstate } => {
                let verb = if matches!(action, Action::Issue { .. }) { "issue" } else { "renew" };
                let named = named(holder);
                let mut arguments = vec!["pki", verb];
                arguments.extend(named.iter().map(String::as_str));
                arguments.extend(reinstate.then_some("--reinstate"));
                told = Some(self.zone(&arguments));
                reinstated = reinstate.then(|| in_log(holder));
            }
            Action::IssueAll => told = Some(self.zone(&["pki", "issue", "--all"])),
            Action::RenewDue => told = Some(self.zone(&["pki", "renew", "--all", "--due"])),
            Action::Request { new_keys } => self.request(*new_keys),
            Action::Sign { reinstate } => {
                told = Some(self.sign(*reinstate));
                reinstated = reinstate.then(|| full_name(OWN_KEYS));
            }
            Action::Bundle => told = Some(self.zone(&["bundle", "--no-encryption", "--out", &self.out()])),
            Action::Activate { node, accept_older } => {
                let options: &[&str] = if *accept_older { &["--accept-older-crl"] } else { &[] };
                told = Some(self.activate(node, &self.out(), options));
                accepted = accept_older.then_some(*node);
            }
            Action::RollBack { node } => {
                let mut command = self.command(&["activate", "--rollback", "--node-dir"]);
                told = Some(outcome(command.arg(self.node_directory(node))));
            }
            Action::Revoke { holder } => {
                may_issue.extend((*holder == Holder::Client("health")).then(|| in_log(holder)));
                self.revoke(&holder.to_string(), &in_log(holder), None)?;
            }
            Action::RevokeSerial { node, role } => {
                let file = self.path().join(format!("nodes/{node}/pki/current/{role}.crt"));
                if let Some(serial) = files::serial(&file) {
                    self.revoke(&serial, &full_name(node), Some(&serial))?;
                }
            }
            Action::RevokeUnderRotation { client } => self.revoke_under_rotation(client),
            Action::RebuildLists { plane } => {
                let _ = fs::remove_file(self.path().join(format!("ca/{plane}.crl")));
                told = Some(self.zone(&["pki", "revoke", "--rebuild-lists"]));
                let at = self.at;
                self.zones[at].known.lose_list(plane);
            }
            Action::AdoptList { node, plane } => {
                let list =
                    self.node_directory(node).join(format!("pki/current/{plane}.crl")).display().to_string();
                told = Some(self.zone(&["pki", "revoke", "--adopt-list", &list]));
                let at = self.at;
                self.zones[at].known.adopt();
            }
            Action::Rotate { root } => self.rotate(if *root { &["--root"] } else { &[] })?,
            Action::RotateBack => self.rotate(&["--rollback"])?,
            Action::Copy if self.zones.len() == 1 => {
                let mut copy = self.zones[0].clone();
                copy.path = self.root.path().join("zone-2");
                files::copy(&self.zones[0].path, &copy.path);
                self.zones.push(copy);
            }
            Action::Copy => {}
            Action::Other => self.at = (self.at + 1) % self.zones.len(),
            Action::Save => {
                let saved = self.root.path().join("saved");
                let _ = fs::remove_dir_all(&saved);
                files::copy(self.path(), &saved);
                self.saved = Some(self.zones[self.at].known.clone());
            }
            Action::Restore => {
                if let Some(known) = self.saved.clone() {
                    fs::remove_dir_all(self.path()).expect("the zone directory");
                    files::copy(&self.root.path().join("saved"), self.path());
                    let at = self.at;
                    self.zones[at].known = known;
                }
            }
            Action::DaysPass { days } => {
                self.ahead = (self.ahead + Duration::days(*days)).min(Duration::days(3000))
            }
        }
        if let Some(told) = told {
            refuse_fault(&told)?;
        }
        self.check(reinstated.as_deref(), &may_issue, accepted)
    }

    /// Revokes what is meant, and looks at whether everybody has the list.
    fn revoke(&mut self, target: &str, holder: &str, serial: Option<&str>) -> Result<(), String> {
        let now = self.now();
        let issued = files::issued(self.path());
        let of_holder = newest_or_valid(&issued, holder, now);
        let told = self.zone(&["pki", "revoke", target, "--reason", "keyCompromise"]);
        refuse_fault(&told)?;
        // Files are carried to these nodes, so nobody knows from here which list they use.
        if !matches!(told.code, 0 | 69) {
            return Ok(());
        }
        let at = self.at;
        let known = &mut self.zones[at].known;
        known.revoke(
            holder,
            of_holder.into_iter().filter(|entry| serial.is_none_or(|serial| entry.serial == serial)),
        );
        self.zones[at].known.check_handed_out(self.path())
    }

    fn check(
        &mut self,
        reinstated: Option<&str>,
        may_issue: &[String],
        accepted: Option<&str>,
    ) -> Result<(), String> {
        let now = self.now();
        let Zone { path, known } = &mut self.zones[self.at];
        known.check(path, reinstated, may_issue, now)?;
        for (subject, key) in files::authorities(path) {
            if self.authorities.insert(subject, key.clone()).is_some_and(|other| other != key) {
                return Err("two CAs have one name".to_owned());
            }
        }
        for (name, node) in &mut self.nodes {
            let directory = self.root.path().join("nodes").join(name);
            node.check(name, &directory, accepted == Some(*name))?;
        }
        Ok(())
    }
}

/// Those that a revocation is to reach: not expired, or the newest of their role, which would be renewed
/// otherwise.
fn newest_or_valid<'i>(issued: &'i [Issued], holder: &'i str, now: OffsetDateTime) -> Vec<&'i Issued> {
    let newest: BTreeMap<&str, &str> =
        certificates_of(issued, holder).map(|entry| (entry.role.as_str(), entry.serial.as_str())).collect();
    certificates_of(issued, holder)
        .filter(|entry| {
            entry.not_after >= now || newest.get(entry.role.as_str()) == Some(&entry.serial.as_str())
        })
        .collect()
}

/// No command ends by a fault of ours, whatever is asked of it.
fn refuse_fault(told: &Outcome) -> Result<(), String> {
    match told.code {
        -1 | 70 | 101 => Err(format!("a command ended with {}: {}", told.code, told.stderr)),
        _ => Ok(()),
    }
}

fn named(holder: &Holder) -> Vec<String> {
    match holder {
        Holder::Node(name) => vec![(*name).to_owned()],
        Holder::Client(name) => vec!["--client".to_owned(), (*name).to_owned()],
    }
}

fn in_log(holder: &Holder) -> String {
    match holder {
        Holder::Node(name) => full_name(name),
        Holder::Client(name) => format!("client/{name}"),
    }
}

/// Ports that were free, each another: nobody listens there.
fn description() -> String {
    let held: Vec<TcpListener> = (0..8).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let mut ports = held.iter().map(|listener| listener.local_addr().expect("its address").port());
    let mut node = |name: &str, member: &str| {
        let mut port = || ports.next().expect("enough ports");
        format!(
            "[[node]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\npeer_port = {}\nclient_port = {}\n\
             {member}",
            port(),
            port()
        )
    };
    let members: String = MEMBERS.iter().map(|name| node(name, "")).collect();
    format!("[zone]\nname = \"zone.test\"\n{members}{}", node(OWN_KEYS, "member = false\n"))
}
