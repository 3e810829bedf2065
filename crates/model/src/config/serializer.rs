//! A zone description as text again, every setting written out: what is read from it is the same description.

use std::fmt::Write as _;
use std::time::Duration;

use zone_pki::SubjectAltName;

use super::address::Address;
use super::node::Node;
use super::settings::{EtcdSettings, PkiSettings};
use super::template::quoted;
use super::zone::ZoneConfig;

impl ZoneConfig {
    /// The description with its members alone, and with this token written out: all that a start of one of
    /// them reads. For another node, [`Node::render`] is added.
    pub fn render_members(&self, token: &str) -> String {
        let members = Self {
            nodes: self.members().cloned().collect(),
            etcd: EtcdSettings { token: Some(token.to_owned()), ..self.etcd.clone() },
            ..self.clone_without_nodes()
        };
        members.render()
    }

    /// The text of a `zone.toml` from which this description is read, of a zone that issues its own
    /// certificates; without `[access]`, which is the signing host's alone.
    pub fn render(&self) -> String {
        let mut text = format!("[zone]\nname = {}\n", quoted(self.name.as_str()));
        self.pki.render_to(&mut text);
        self.etcd.render_to(&mut text);
        for node in &self.nodes {
            text.push_str(&node.render());
        }
        text
    }

    /// Everything but the nodes, of which there may be many.
    fn clone_without_nodes(&self) -> Self {
        Self {
            name: self.name.clone(),
            nodes: Vec::new(),
            pki: self.pki.clone(),
            etcd: self.etcd.clone(),
            tls: self.tls.clone(),
            access: None,
        }
    }
}

impl Node {
    /// Its `[[node]]`, which can stand after any other table.
    pub fn render(&self) -> String {
        let mut text = format!("\n[[node]]\nname = {}\n", quoted(self.name.full()));
        // Left out, it is the node's name, whatever the rules for addresses say of that.
        if !matches!(&self.address, Address::Name(name) if name == self.name.dns()) {
            let _ = writeln!(text, "address = {}", quoted(&self.address.to_string()));
        }
        for (key, port) in [
            ("peer_port", Some(self.peer_port)),
            ("client_port", Some(self.client_port)),
            ("metrics_port", self.metrics_port),
        ] {
            if let Some(port) = port {
                let _ = writeln!(text, "{key} = {port}");
            }
        }
        let _ = writeln!(text, "protocol = {}", quoted(self.protocol.as_str()));
        let _ = writeln!(text, "nat = {}\nmember = {}", self.nat, self.member);
        let _ = writeln!(text, "sans = {}", list(&self.names));
        if let Some(directory) = &self.data_directory {
            let _ = writeln!(text, "data_dir = {}", quoted(&directory.to_string_lossy()));
        }
        text
    }
}

impl PkiSettings {
    fn render_to(&self, text: &mut String) {
        let _ = writeln!(text, "\n[pki]\nleaf_validity = {}", duration(self.leaf_validity));
        let _ = writeln!(text, "ca_validity = {}", duration(self.authority_validity));
        let _ = writeln!(text, "key = {}", quoted(self.key.as_str()));
        let clients: Vec<String> = self.clients.iter().map(|client| quoted(client.as_str())).collect();
        let _ = writeln!(text, "clients = [{}]", clients.join(", "));
        let _ = writeln!(text, "server_names = {}", list(&self.server_names));
    }
}

impl EtcdSettings {
    fn render_to(&self, text: &mut String) {
        text.push_str("\n[etcd]\n");
        if let Some(version) = self.version {
            let _ = writeln!(text, "version = {}", quoted(&version.to_string()));
        }
        let _ = writeln!(text, "heartbeat = {}", duration(self.heartbeat));
        let _ = writeln!(text, "election = {}", duration(self.election));
        let _ = writeln!(text, "quota = \"{}B\"", self.quota);
        let _ = writeln!(text, "auto_compaction = {}", duration(self.auto_compaction));
        if let Some(token) = &self.token {
            let _ = writeln!(text, "token = {}", quoted(token));
        }
        let _ = writeln!(text, "tls_min_version = {}", quoted(self.tls_minimum.as_str()));
        // A node whose zone-etcd is older does not know these, and has no need to where they are not used.
        if !self.keep_environment.is_empty() {
            let kept: Vec<String> = self.keep_environment.iter().map(|name| quoted(name.as_str())).collect();
            let _ = writeln!(text, "keep_environment = [{}]", kept.join(", "));
        }
        if self.core_dumps {
            let _ = writeln!(text, "core_dumps = true");
        }
        text.push_str("\n[etcd.flags]\n");
        for (name, value) in &self.flags {
            let _ = writeln!(text, "{} = {}", quoted(name), quoted(value));
        }
    }
}

fn list(names: &[SubjectAltName]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(&name.to_string())).collect();
    format!("[{}]", names.join(", "))
}

/// In the greatest unit of which it is a whole number; what is finer than a millisecond is written in several
/// units.
fn duration(duration: Duration) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let milliseconds = duration.as_millis();
    let whole = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)) == duration;
    match units.iter().find(|(_, length)| whole && milliseconds.is_multiple_of(*length)) {
        Some((unit, length)) => format!("\"{}{unit}\"", milliseconds / length),
        None => format!("\"{}\"", humantime::format_duration(duration)),
    }
}
