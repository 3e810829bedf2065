//! The `zone.toml` that `init` and `dev` write: what was asked for, and the defaults as comments.

use std::fmt::Write as _;

/// What goes into a new `zone.toml`. The text is checked by reading it again, as the owner's own would be.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The zone's name.
    pub zone: String,
    /// The nodes.
    pub nodes: Vec<TemplateNode>,
    /// Lines of `[pki]` that differ from the defaults, with their values as TOML has them.
    pub pki: Vec<(&'static str, String)>,
    /// Lines of `[etcd]` that differ from the defaults.
    pub etcd: Vec<(String, String)>,
}

/// A node of a new `zone.toml`.
#[derive(Clone, Debug)]
pub struct TemplateNode {
    /// Its name, short or full.
    pub name: String,
    /// Its address, if it is not its name.
    pub address: Option<String>,
    /// `peer_port`, if not the default.
    pub peer_port: Option<u16>,
    /// `client_port`, if not the default.
    pub client_port: Option<u16>,
    /// `metrics_port`, if not the default.
    pub metrics_port: Option<u16>,
    /// `sans`: further names and addresses of its certificates.
    pub names: Vec<String>,
}

impl Template {
    /// The text of the file.
    pub fn render(&self) -> String {
        let mut text = String::from(HEAD);
        let _ = writeln!(text, "[zone]\nname = {}", quoted(&self.zone));
        for node in &self.nodes {
            let _ = writeln!(text, "\n[[node]]\nname = {}", quoted(&node.name));
            if let Some(address) = &node.address {
                let _ = writeln!(text, "address = {}", quoted(address));
            }
            for (key, port) in [
                ("peer_port", node.peer_port),
                ("client_port", node.client_port),
                ("metrics_port", node.metrics_port),
            ] {
                if let Some(port) = port {
                    let _ = writeln!(text, "{key} = {port}");
                }
            }
            if !node.names.is_empty() {
                let names: Vec<String> = node.names.iter().map(|name| quoted(name)).collect();
                let _ = writeln!(text, "sans = [{}]", names.join(", "));
            }
        }
        text.push_str(NODE_DEFAULTS);
        if self.pki.is_empty() {
            text.push_str(PKI_DEFAULTS);
        } else {
            text.push_str("\n[pki]\n");
            for (key, value) in &self.pki {
                let _ = writeln!(text, "{key} = {value}");
            }
            // Below them, and not once more.
            let is_set = |line: &&str| self.pki.iter().any(|(key, _)| line.starts_with(&format!("# {key} ")));
            let others = PKI_DEFAULTS.lines().skip(2).filter(|line| !is_set(line));
            others.for_each(|line| text.extend([line, "\n"]));
        }
        if !self.etcd.is_empty() {
            text.push_str("\n[etcd]\n");
            for (key, value) in &self.etcd {
                let _ = writeln!(text, "{key} = {}", quoted(value));
            }
        }
        text.push_str(ETCD_DEFAULTS);
        text.push_str(ACCESS_DEFAULTS);
        text
    }
}

/// A TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

const HEAD: &str = "\
# The zone: its name and its nodes. Everything else has a default that a production zone can keep.
# `zone-etcd plan --zone . --node NAME` shows what follows from this file for a node.

";

const NODE_DEFAULTS: &str = "
# Further keys of a node, with their defaults:
#   address      = the node's full name     IP address or host name at which the other nodes reach it
#   peer_port    = 2380                     members among themselves
#   client_port  = 2379                     clients
#   metrics_port = the next free port       metrics and health, on loopback only, without TLS
#   sans         = []                       further names and addresses of its certificates
#   member       = true                     whether an etcd member runs on it
#   nat          = false                    true if the others see its connections come from another address
#   protocol     = \"https\"                  or \"cyfs\": through a gateway on the same machine
";

const PKI_DEFAULTS: &str = "
# [pki]
# leaf_validity = \"365d\"
# ca_validity   = \"3650d\"
# key           = \"p256\"                    p256, p384, ed25519, rsa2048, rsa3072, rsa4096
# clients       = []                        client certificates beside admin, health and one per node
# server_names  = []                        further names of every server certificate, also wildcards
";

const ACCESS_DEFAULTS: &str = "
# [access]                                  how this machine runs zone-etcd on a node; without it, files are \
carried
# method   = \"command\"                   or \"etcd\": the zone's etcd has their bundles; or both, in order
# command  = \"ssh root@{address} zone-etcd\"
# node_dir = \"/var/lib/zone-etcd\"
# limit    = \"1m\"                         of one call
";

const ETCD_DEFAULTS: &str = "
# [etcd]                                    written once: add these lines below an [etcd] that is there
# version         = \"3.7.3\"
# heartbeat       = \"100ms\"                 the round trip between members, the same on all
# election        = \"1s\"                    ten times the heartbeat
# quota           = \"8GiB\"
# auto_compaction = \"1h\"
# tls_min_version = \"1.2\"
# keep_environment = []                     variables that change etcd and that it is to have: \"GOMEMLIMIT\"
# core_dumps      = false
# token           = \"…\"                     else zone name and root CA
#
# [etcd.flags]                              any other flag of etcd
# snapshot-count  = 10000
";
