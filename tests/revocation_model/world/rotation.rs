//! A rotation that is carried in files, and a revocation in the middle of one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use store::zone_directory::{CaPassphrase, RevocationTarget, ZoneDirectory, find_issued, revoke};
use zone_pki::{Certificate, RevocationReason};

use super::{World, newest_or_valid, refuse_fault};
use crate::files::{self, PLANES};

impl World {
    /// Where the bundles of a rotation are.
    fn stage(&self) -> String {
        self.root.path().join(format!("stage-{}", self.at)).display().to_string()
    }

    /// Revokes while a rotation that is to go back waits for the zone's lock.
    pub(super) fn revoke_under_rotation(&mut self, client: &str) {
        let holder = format!("client/{client}");
        let now = self.now().replace_nanosecond(0).expect("whole seconds");
        let none = CaPassphrase::new(None, None).expect("none");
        let zone = ZoneDirectory::open(self.path(), none).expect("a zone").with_clock_said_right(true);
        let held = zone.lock().expect("the lock");
        let mut command =
            self.command(&["pki", "rotate-ca", "--no-encryption", "--rollback", "--out", &self.stage()]);
        command
            .arg("--zone")
            .arg(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut rotation = command.spawn().expect("it runs");
        let mut lines = BufReader::new(rotation.stderr.take().expect("a pipe")).lines();
        let waits = |line: &std::io::Result<String>| {
            line.as_ref().is_ok_and(|line| line.contains("waiting for another command"))
        };
        let _waits = lines.by_ref().any(|line| waits(&line));
        let target = RevocationTarget::Holder(holder.clone());
        let targeted = find_issued(&zone, &target, || Ok(Vec::new()), now).expect("the log");
        let revoked = revoke(&zone, &targeted.live, RevocationReason::KeyCompromise, now, &held);
        drop(held);
        lines.for_each(drop);
        rotation.wait().expect("it ends");
        if revoked.is_ok() && !targeted.live.is_empty() {
            let issued = files::issued(self.path());
            let at = self.at;
            let known = &mut self.zones[at].known;
            known.revoke(&holder, newest_or_valid(&issued, &holder, now).into_iter());
        }
    }

    /// A stage, carried to every node and answered, and the next one begun.
    pub(super) fn rotate(&self, options: &[&str]) -> Result<(), String> {
        let out = self.stage();
        let call = [&["pki", "rotate-ca", "--no-encryption", "--out", &out], options].concat();
        let told = self.zone(&call);
        refuse_fault(&told)?;
        if told.code != 0 {
            return Ok(());
        }
        for node in self.nodes.keys() {
            let told = self.activate(node, &out, &[]);
            refuse_fault(&told)?;
            if told.code == 0 {
                fs::write(Path::new(&out).join(format!("{node}.answer")), told.stdout).expect("an answer");
            }
            let trusted = PLANES.map(|plane| self.trusted(node, plane));
            let [peer, client] = trusted;
            let restarted = json!({
                "node": node, "pid_before": 1, "pid_after": 2, "took_ms": 1, "leadership_moved_to": null,
                "interrupted": false, "service": null, "trusted_before": { "peer": null, "client": null },
                "trusted_after": { "peer": peer, "client": client },
            });
            fs::write(Path::new(&out).join(format!("{node}.restarted")), restarted.to_string())
                .expect("an answer");
        }
        refuse_fault(&self.zone(&[&call[..], &["--continue"]].concat()))
    }

    fn trusted(&self, node: &str, plane: &str) -> Vec<String> {
        let path = self.node_directory(node).join(format!("pki/current/{plane}-ca.crt"));
        let all = Certificate::chain_from_pem(&fs::read(path).unwrap_or_default()).unwrap_or_default();
        all.iter().map(|ca| ca.subject().to_owned()).collect()
    }
}
