//! The table of etcd's flags against etcd itself.

use std::process::Command;

use etcd::{EtcdVersion, ExtraFlagError, ExtraFlags};
use model::config::{MinorVersion, TlsMinimum};

use super::flags_in_help;
use crate::harness::{bundle, outcome};

/// The table as it is in the source.
const TABLE: &str = include_str!("../../../crates/etcd/src/flags.tsv");

fn version(text: &str) -> EtcdVersion {
    EtcdVersion::parse_supported(text).expect("a supported version")
}

/// Whether the table has the flag for this version. A reserved flag is not looked up in it, so this asks the
/// text as well.
fn is_known(name: &str, text: &str) -> bool {
    let version = version(text);
    let line = version.line().expect("a supported line");
    let given = [(name.to_owned(), "x".to_owned())];
    match ExtraFlags::check(&given, &[], version, line, TlsMinimum::Tls12) {
        Ok(_) => true,
        Err(errors) => {
            let is_other = |error: &ExtraFlagError| {
                matches!(error, ExtraFlagError::Reserved { .. } | ExtraFlagError::NotPermitted { .. })
            };
            errors.iter().all(is_other) && in_table(name, text)
        }
    }
}

fn in_table(name: &str, version: &str) -> bool {
    let line = Some(MinorVersion::from(self::version(version)));
    let has = |since: Option<MinorVersion>, until: Option<MinorVersion>| {
        since <= line && until.is_none_or(|until| Some(until) >= line)
    };
    rows().any(|(row, [since, until], _)| row == name && has(since, until))
}

/// Name, first and last line, kind.
fn rows() -> impl Iterator<Item = (&'static str, [Option<MinorVersion>; 2], &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, since, until, kind] = columns.as_slice() else { panic!("four columns in: {line}") };
        let read = |line: &str| (line != "-").then(|| MinorVersion::parse(line).expect("a line"));
        (*name, [since, until].map(|line| read(line)), *kind)
    })
}

/// Flags that etcd takes only to ignore them, or that a program handing flags on has no use for.
const LEFT_OUT: [&str; 4] = ["version", "help", "h", "v2-deprecation"];

#[test]
fn every_flag_of_the_help_is_in_the_table() {
    for version in ["3.5.35", "3.6.16", "3.7.3"] {
        let listed = flags_in_help(version);
        assert!(listed.len() > 80, "etcd {version} lists its flags: {listed:?}");
        let missing: Vec<&String> = listed
            .iter()
            .filter(|name| !LEFT_OUT.contains(&name.as_str()) && !is_known(name, version))
            .collect();
        // The help of 3.7 still lists flags of the discovery service that etcd no longer takes.
        let missing: Vec<_> = missing.into_iter().filter(|name| !is_unknown_to_etcd(name, version)).collect();
        assert!(missing.is_empty(), "etcd {version}: {missing:?}");
    }
}

fn is_unknown_to_etcd(name: &str, version: &str) -> bool {
    let tried = outcome(Command::new(bundle(version).join("etcd")).arg(format!("--{name}=x")));
    format!("{}{}", tried.stdout, tried.stderr).contains(&format!("flag provided but not defined: -{name}\n"))
}

/// What the help does not list, etcd has all the same: each is tried.
#[test]
fn every_flag_of_the_table_is_one_of_etcds() {
    for version in ["3.5.35", "3.6.16", "3.7.3"] {
        let listed = flags_in_help(version);
        for (name, _, kind) in
            rows().filter(|(name, _, _)| in_table(name, version) && !listed.iter().any(|one| one == name))
        {
            // An argument that is no flag keeps etcd from starting.
            let flag = if kind == "switch" { format!("--{name}") } else { format!("--{name}=1") };
            let tried = outcome(Command::new(bundle(version).join("etcd")).args([&flag, "--no-such-flag"]));
            let said = tried.stdout + &tried.stderr;
            assert!(
                said.contains("not defined: -no-such-flag") || said.contains("invalid"),
                "etcd {version} --{name}: {said}"
            );
        }
    }
}

#[test]
fn the_table_is_sorted_and_has_each_flag_once() {
    let names: Vec<&str> = rows().map(|(name, _, _)| name).collect();
    assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    for (name, _, kind) in rows() {
        assert!(["switch", "value"].contains(&kind) || kind.contains('|'), "{name}: {kind}");
    }
}
