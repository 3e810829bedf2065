//! `boot.toml`: what it says, and every fault of it at once with its place.

use std::time::Duration;

use model::config::{BootConfig, DiscoverySource, MemberSource, Reload};

fn parsed(text: &str) -> BootConfig {
    BootConfig::parse(text).unwrap_or_else(|problems| panic!("{problems:?}")).0
}

/// The lines of what is wrong.
fn faults(text: &str) -> String {
    let problems = BootConfig::parse(text).expect_err("a fault");
    problems.iter().map(|problem| problem.render("boot.toml")).collect()
}

#[test]
fn nothing_is_needed() {
    let empty = parsed("");
    assert_eq!(empty, BootConfig::default());
    assert!(empty.source().is_none());
}

#[test]
fn every_key_has_its_effect() {
    let config = parsed(
        r#"
        [nameservice]
        url = ["https://10.0.1.5:3456", "file:zone.json"]
        command = ["zone-etcd", "nameservice", "serve"]
        reload = "SIGHUP"
        deadline = "3m"
        provider = "other.json"
        insecure_unsigned = true
        [gateway]
        command = ["cyfs-gateway"]
        "#,
    );
    let nameservice = config.nameservice.as_ref().expect("a nameservice");
    assert_eq!(nameservice.bases.len(), 2);
    assert_eq!(nameservice.command[1..], ["nameservice", "serve"]);
    assert_eq!(nameservice.reload, Reload::Hangup);
    assert_eq!(nameservice.deadline, Duration::from_secs(180));
    assert_eq!(nameservice.provider.to_str(), Some("other.json"));
    assert!(nameservice.insecure_unsigned);
    assert_eq!(config.gateway.as_ref().expect("a gateway").command, ["cyfs-gateway"]);
    assert!(matches!(config.source(), Some(MemberSource::Nameservice(_))));
    let reload = parsed("[nameservice]\nreload = \"/bin/systemctl reload 'a b'\"\n").nameservice;
    let words = ["/bin/systemctl", "reload", "a b"].map(str::to_owned).to_vec();
    assert_eq!(reload.expect("a nameservice").reload, Reload::Command(words));

    let dns = parsed("[discovery]\nsrv = \"Example.zone.\"\nsrv_name = \"blue\"\nsize = 3\n").discovery;
    let dns = dns.expect("discovery");
    assert_eq!(dns.size.get(), 3);
    let DiscoverySource::Dns(dns) = dns.source else { panic!("{dns:?}") };
    assert_eq!(
        (dns.domain.as_str(), dns.suffix.expect("a suffix").to_string()),
        ("example.zone", "blue".into())
    );

    let registry = parsed(
        r#"
        [discovery]
        token = "abc"
        endpoints = ["https://10.0.0.9:2379/", "https://[fd00::1]:2379"]
        size = 5
        address = "10.0.0.1"
        peer_port = 1
        client_port = 2
        wait = "1h"
        ca = "a"
        cert = "b"
        key = "c"
        "#,
    );
    let DiscoverySource::Registry(registry) = registry.discovery.expect("discovery").source else {
        panic!("no registry")
    };
    assert_eq!(registry.endpoints, ["https://10.0.0.9:2379", "https://[fd00::1]:2379"]);
    assert_eq!((registry.peer_port.number(), registry.client_port.number()), (1, 2));
    assert_eq!(registry.wait, Duration::from_secs(3600));
    assert_eq!(registry.access.expect("files").key.to_str(), Some("c"));
}

#[test]
fn every_fault_is_told_with_its_place() {
    let told = faults(
        "[nameservice]\nurl = [\"file:a\", \"ftp:a\", \"http://10.0.0.1\"]\n\
         command = [\"\"]\nreload = \"often\"\ndeadline = \"soon\"\n\
         provider = \"../x\"\n[discovery]\nsrv = \"example.zone\"\ntoken = \"a/b\"\nsize = 0\n\
         waits = \"1s\"\n\
         endpoints = [\"http://10.0.0.1:2379\", \"https://10.0.0.1\"]\nca = \"a\"\n[gateways]\n",
    );
    for (line, what) in [
        (2, "`ftp:a` is not the URL of a nameservice"),
        (2, "`http://10.0.0.1` is plain text to another machine"),
        (3, "`command` names no program"),
        (4, "`reload` = \"often\""),
        (5, "`deadline`"),
        (6, "`provider` = \"../x\""),
        (7, "the members come from the nameservice (`url`) and from"),
        (7, "members are looked for in one place"),
        (7, "only some of `ca`, `cert` and `key`"),
        (9, "`token` = \"a/b\""),
        (10, "`size` = 0"),
        (11, "unknown key `waits`"),
        (12, "`http://10.0.0.1:2379` is no https URL"),
        (12, "`https://10.0.0.1` has no port"),
        (14, "unknown key `gateways`"),
    ] {
        let place = format!("boot.toml:{line}:");
        let is_told = told.lines().any(|told| told.contains(&place) && told.contains(what));
        assert!(is_told, "line {line}: {what}\n{told}");
    }
    assert!(faults("[discovery]\nsize = 3\n").contains("names no place to look for members"));
    assert!(faults("[discovery]\nsrv = \"a.b\"\n").contains("has no `size`"));
    assert!(faults("[discovery]\ntoken = \"a\"\nsize = 1\n").contains("no `endpoints`"));
    assert!(
        faults("[discovery]\nsrv = \"a.b\"\nsize = 1\nwait = \"1m\"\n")
            .contains("`wait` in [discovery] goes with `token` alone")
    );
}
