//! Flags of etcd that the user gives: checked, and passed on as they are.

use super::flag_table::{self, Flag};
use model::config::{EtcdVersion, MinorVersion, TlsMinimum};

/// Flags of the user's, each of which this version of etcd has and none of which touches identity, TLS or
/// membership.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraFlags {
    flags: Vec<(&'static str, Option<String>)>,
}

/// Why a flag is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtraFlagError {
    #[error("`{0}` is not a flag: etcd takes no other arguments")]
    NotAFlag(String),
    #[error("etcd has no flag `--{name}`: {hint}")]
    Unknown { name: String, hint: String },
    /// Another line has it.
    #[error("etcd {version} has no flag `--{name}`; it is one of {lines}")]
    NotInLine { name: String, version: EtcdVersion, lines: String },
    /// A flag that follows from the zone description.
    #[error("`--{name}` is not yours to give: {reason}")]
    Reserved { name: String, reason: &'static str },
    /// A value that etcd would pass over, or find out about when it has written its data directory.
    #[error("`--{name}` cannot be `{value}`: it is {permitted}")]
    NotPermitted {
        name: &'static str,
        value: String,
        /// What it may be.
        permitted: String,
    },
    /// Values that the etcd that is to run does not take.
    #[error("etcd {version} refuses: {said}")]
    RefusedByEtcd { version: EtcdVersion, said: String },
    #[error("`--{0}` needs a value")]
    NoValue(String),
}

impl ExtraFlagError {
    /// The same where there is no zone.toml to write it into.
    pub fn at_local_config(self) -> Self {
        match self {
            Self::Reserved { name, reason } if reason.contains("zone.toml") || reason.contains("[etcd]") => {
                Self::Reserved {
                    name,
                    reason: "it follows from the local config, or is the same for every member",
                }
            }
            error => error,
        }
    }
}

impl ExtraFlags {
    /// Checks the flags of `[etcd.flags]` and those after `--` for a version. Later ones win, as with etcd
    /// itself. Every fault is reported.
    pub fn check(
        configured: &[(String, String)],
        arguments: &[String],
        version: EtcdVersion,
        line: MinorVersion,
        tls: TlsMinimum,
    ) -> Result<Self, Vec<ExtraFlagError>> {
        let mut extra = Self::default();
        let mut errors = Vec::new();
        for (name, value) in configured {
            match check_name(name, version, line, tls).and_then(|flag| check_value(flag, value)) {
                Ok(flag) => extra.add(flag.name, Some(value.clone())),
                Err(error) => errors.push(error),
            }
        }
        let mut remaining = arguments.iter();
        while let Some(argument) = remaining.next() {
            match read_argument(argument, &mut remaining, version, line, tls) {
                Ok((name, value)) => extra.add(name, value),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(extra) } else { Err(errors) }
    }

    /// The flags with their values; none is a switch without one.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        self.flags.iter().map(|(name, value)| (*name, value.as_deref()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    /// The flags as etcd is given them.
    pub fn as_arguments(&self) -> Vec<String> {
        let argument = |(name, value): (&str, Option<&str>)| match value {
            Some(value) => format!("--{name}={value}"),
            None => format!("--{name}"),
        };
        self.iter().map(argument).collect()
    }

    /// Whether a switch is given, and on or off. Its value is read as Go does (`strconv.ParseBool`).
    pub fn switch(&self, name: &str) -> Option<bool> {
        match self.iter().find(|(present, _)| *present == name)?.1 {
            None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Some(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Some(false),
            Some(_) => None,
        }
    }

    /// Takes a flag out, for the builder to merge it with one of its own.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.flags.iter().position(|(present, _)| *present == name)?;
        self.flags.remove(at).1
    }

    pub fn contains(&self, name: &str) -> bool {
        self.flags.iter().any(|(present, _)| *present == name)
    }

    fn add(&mut self, name: &'static str, value: Option<String>) {
        self.flags.retain(|(present, _)| *present != name);
        self.flags.push((name, value));
    }
}

/// Reads one flag in any form that Go's flag package takes: `--a=b`, `-a=b`, `--a b`, and `--a` for a switch.
fn read_argument<'a>(
    argument: &str,
    remaining: &mut impl Iterator<Item = &'a String>,
    version: EtcdVersion,
    line: MinorVersion,
    tls: TlsMinimum,
) -> Result<(&'static str, Option<String>), ExtraFlagError> {
    let Some(text) =
        argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')).filter(|text| !text.is_empty())
    else {
        return Err(ExtraFlagError::NotAFlag(argument.to_owned()));
    };
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let known = flag_table::find(name);
    // The value is taken even of a flag that is refused, so that it is not reported as another argument.
    let value = match known {
        Some(flag) if value.is_none() && !flag.is_switch => remaining.next().cloned(),
        _ => value,
    };
    let flag = check_name(name, version, line, tls)?;
    if value.is_none() && !flag.is_switch {
        return Err(ExtraFlagError::NoValue(name.to_owned()));
    }
    let flag = check_value(flag, value.as_deref().unwrap_or_default())?;
    Ok((flag.name, value))
}

fn check_value(flag: Flag, value: &str) -> Result<Flag, ExtraFlagError> {
    if flag.permits(value) {
        return Ok(flag);
    }
    Err(ExtraFlagError::NotPermitted {
        name: flag.name,
        value: value.to_owned(),
        permitted: flag.permitted_text(),
    })
}

fn check_name(
    name: &str,
    version: EtcdVersion,
    line: MinorVersion,
    tls: TlsMinimum,
) -> Result<Flag, ExtraFlagError> {
    let owned = || name.to_owned();
    if let Some(reason) = reserved(name, tls) {
        return Err(ExtraFlagError::Reserved { name: owned(), reason });
    }
    let flag = flag_table::find(name)
        .ok_or_else(|| ExtraFlagError::Unknown { name: owned(), hint: flag_table::nearest(name, line) })?;
    if flag.is_in(line) {
        Ok(flag)
    } else {
        Err(ExtraFlagError::NotInLine { name: owned(), version, lines: flag.lines_text() })
    }
}

/// Why a flag is not the user's: identity, TLS and membership follow from the zone description, and one flag
/// that differs between two members splits or exposes the cluster.
fn reserved(name: &str, tls: TlsMinimum) -> Option<&'static str> {
    let reason = match name {
        "name" | "data-dir" | "wal-dir" => "it follows from the node's name and directory",
        "listen-peer-urls"
        | "listen-client-urls"
        | "listen-client-http-urls"
        | "listen-metrics-urls"
        | "advertise-client-urls"
        | "initial-advertise-peer-urls" => "addresses and ports are keys of [[node]] in zone.toml",
        "initial-cluster" | "initial-cluster-state" | "force-new-cluster" => {
            "it follows from zone.toml and the data that is there"
        }
        "initial-cluster-token" => "set `token` in [etcd] of zone.toml, before the first start",
        "heartbeat-interval" | "election-timeout" => {
            "set `heartbeat` and `election` in [etcd], the same for all members"
        }
        "quota-backend-bytes" => "set `quota` in [etcd] of zone.toml",
        "auto-compaction-mode" | "auto-compaction-retention" => {
            "set `auto_compaction` in [etcd] of zone.toml"
        }
        "tls-min-version" | "tls-max-version" => "set `tls_min_version` in [etcd] of zone.toml",
        "cipher-suites" if tls == TlsMinimum::Tls13 => "etcd refuses it together with TLS 1.3 as the minimum",
        "config-file" => "etcd would ignore every other flag",
        "enable-v2" | "experimental-enable-v2v3" | "proxy" => {
            "the v2 API and its proxy have no client certificates"
        }
        "auto-tls" | "peer-auto-tls" | "self-signed-cert-validity" => {
            "the zone's own certificates are used on both planes"
        }
        _ if name.starts_with("discovery") => "the members follow from zone.toml",
        "cert-file"
        | "key-file"
        | "client-cert-file"
        | "client-key-file"
        | "client-cert-auth"
        | "trusted-ca-file"
        | "client-crl-file"
        | "client-cert-allowed-hostname"
        | "peer-cert-file"
        | "peer-key-file"
        | "peer-client-cert-auth"
        | "peer-trusted-ca-file"
        | "peer-crl-file"
        | "peer-cert-allowed-cn"
        | "peer-cert-allowed-hostname"
        | "peer-client-cert-file"
        | "peer-client-key-file"
        | "peer-skip-client-san-verification"
        | "experimental-peer-skip-client-san-verification" => {
            "certificates and trust follow from the zone's PKI"
        }
        _ => return None,
    };
    Some(reason)
}
