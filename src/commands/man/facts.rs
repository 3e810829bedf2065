//! What a page has to tell beside arguments: files, variables and exit codes, and of which commands each is.

use clap::Command;

use model::error::Exit;
use store::site::DEFAULT_CONFIG;

/// Of which commands something is.
pub(super) enum Of {
    All,
    /// Those with an argument of this id.
    Having(&'static str),
    /// Those that begin with one of these words.
    Named(&'static [&'static str]),
}

impl Of {
    pub(super) fn has(&self, command: &Command, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Having(id) => command.get_arguments().any(|argument| argument.get_id() == id),
            Self::Named(names) => names.iter().any(|known| {
                name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            }),
        }
    }
}

/// What it is called, and what it is.
pub(super) type Fact = (Of, &'static str, &'static str);

/// Files that no option names.
pub(super) const FILES: [Fact; 12] = [
    (Of::Having("zone"), "zone.toml", "The description of a zone, in the zone directory."),
    (
        Of::Having("zone"),
        "ca/",
        "The CAs with their keys and revocation lists, in the zone directory of the signing host alone.",
    ),
    (Of::Having("zone"), "issued.jsonl", "Each certificate that was ever issued, in the zone directory."),
    (
        Of::Having("config"),
        DEFAULT_CONFIG,
        "The local config of an activated node. Most commands use it where neither --config nor --zone is \
         given, and there is no zone.toml in the working directory.",
    ),
    (
        Of::Named(&["run", "plan", "check", "doctor", "restart", "activate", "boot"]),
        "state.json",
        "What is known of the member's past, in the node directory. Without it a member with data does not \
         start.",
    ),
    (Of::Named(&["run", "plan", "recover"]), "data/", "The data of etcd, in the node directory."),
    (
        Of::Named(&["activate", "sync"]),
        "pki/current",
        "The generation in use, in the node directory: a symbolic link to gen-N.",
    ),
    (
        Of::Named(&["access recipient", "sync", "pki csr"]),
        "delivery.key",
        "The key that bundles for the node are sealed to, in the node directory.",
    ),
    (
        Of::Named(&["snapshot", "recover"]),
        "snapshots/",
        "Snapshots with their manifests, in the zone directory or that of the node.",
    ),
    (Of::Named(&["boot"]), "boot.toml", "What else the node starts, beside its local config."),
    (
        Of::Named(&["boot", "nameservice serve"]),
        "nameservice.json",
        "How the zone's etcd is reached, beside the local config.",
    ),
    (Of::Named(&[""]), "zone.toml, node.json", "What each command works on; its page says which."),
];

pub(super) const VARIABLES: [Fact; 12] = [
    (Of::Having("zone"), "ZONE_ETCD_ZONE", "The zone directory, where --zone is not given."),
    (Of::Having("config"), "ZONE_ETCD_CONFIG", "The local config of this node, where --config is not given."),
    (
        Of::Having("ca_passphrase_file"),
        "CREDENTIALS_DIRECTORY",
        "Where systemd has the credentials of a unit; a passphrase that no option names is read from there.",
    ),
    (
        Of::Named(&["run", "boot", "dev", "restart"]),
        "ETCD_*",
        "Taken out of the environment of etcd, which would take its settings from it.",
    ),
    (Of::Named(&["run", "boot", "sync"]), "NOTIFY_SOCKET", "Where systemd is told of readiness."),
    (
        Of::Named(&["ctl"]),
        "ETCDCTL_*",
        "Replaced by the settings of the zone: endpoints, CA, certificate and key.",
    ),
    (
        Of::Having("to_command"),
        "ZONE_ETCD_SNAPSHOT",
        "Set for the command of --to-command: the name of the snapshot.",
    ),
    (Of::Having("system_etcd"), "PATH", "Where --system-etcd looks for etcd."),
    (
        Of::Having("system_etcd"),
        "ZONE_ETCD_CACHE",
        "Where an etcd that is packed into zone-etcd is unpacked: zone-etcd explain one-file.",
    ),
    (
        Of::All,
        "ZONE_ETCD_LOG",
        "What is logged, more finely than -v says, such as etcd=debug: zone-etcd explain log.",
    ),
    (Of::All, "NO_COLOR", "If it is set and not empty, nothing is in colour."),
    (Of::All, "COLUMNS", "How wide the terminal is taken to be."),
];

/// What a command ends with that the list of exit codes does not have.
pub(super) const ENDS: [(Of, &str); 4] = [
    (
        Of::Named(&["run"]),
        "Once etcd runs, the exit status is that of etcd. After 69 and 75 a supervisor may start it again, \
         after any other it must not.",
    ),
    (Of::Named(&["ctl"]), "Once etcdctl runs, the exit status is that of etcdctl."),
    (Of::Named(&["dev"]), "With a command, the exit status is that of the command."),
    (
        Of::Named(&["pki check"]),
        "65 if anything is wrong with a certificate, after the findings were printed.",
    ),
];

pub(super) const EXIT_CODES: [(Exit, &str); 9] = [
    (Exit::Usage, "The command line is wrong."),
    (Exit::BadInput, "A file or certificate is there, but wrong."),
    (Exit::MissingInput, "A file that is needed is not there."),
    (Exit::Unavailable, "Members, or the etcd that was started, do not answer."),
    (Exit::Internal, "A fault of zone-etcd itself."),
    (Exit::CannotCreate, "A file cannot be written."),
    (
        Exit::TryAgain,
        "Something else holds what is needed, or the clock is behind; the same command may work later.",
    ),
    (Exit::Permission, "Modes or owners are wrong, or the system refuses."),
    (Exit::Configuration, "zone.toml is wrong, or what it asks for cannot be done."),
];
