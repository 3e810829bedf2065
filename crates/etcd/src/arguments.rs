//! The one builder of etcd's command line. `run`, `plan`, `dev` and the goldens all use it.

use super::extra_flags::ExtraFlags;
use model::config::MinorVersion;
use model::plan::{AllowedPeers, Join, LiveMember, MemberPlan, PairFiles, PlaneProtection, StartDecision};

/// The gate of 3.6 and later for what 3.5 calls `--experimental-initial-corrupt-check`.
const CORRUPT_CHECK_GATE: &str = "InitialCorruptCheck";

/// The arguments of etcd for a member, without the program's own name, each as `--flag=value`.
pub fn arguments(
    plan: &MemberPlan,
    start: &StartDecision,
    line: MinorVersion,
    extra: &ExtraFlags,
) -> Vec<String> {
    let mut extra = extra.clone();
    let mut flags = Flags::default();
    identity(plan, &mut flags);
    membership(plan, start, &mut flags);
    peer_plane(plan, &mut flags);
    client_plane(plan, &mut flags);
    operation(plan, line, &mut extra, &mut flags);
    for (name, value) in extra.iter() {
        match value {
            Some(value) => flags.set(name, value),
            None => flags.switch(name),
        }
    }
    flags.0
}

fn identity(plan: &MemberPlan, flags: &mut Flags) {
    flags.set("name", &plan.member.name);
    flags.set("data-dir", plan.paths.data().to_string_lossy());
}

fn membership(plan: &MemberPlan, start: &StartDecision, flags: &mut Flags) {
    flags.set("initial-advertise-peer-urls", &plan.member.peer_url);
    flags.set("listen-peer-urls", plan.listen_peer.join(","));
    flags.set("advertise-client-urls", &plan.advertise_client);
    flags.set("listen-client-urls", plan.listen_client.join(","));
    if let Some(metrics) = &plan.listen_metrics {
        flags.set("listen-metrics-urls", metrics);
    }
    let (members, state) = match start {
        StartDecision::Join(join) => (live_list(plan, join), "existing"),
        // etcd ignores all three once it has a log; they are then what the zone description gives.
        StartDecision::Resume(_) | StartDecision::Bootstrap => (plan.cluster.flag_value(), "new"),
    };
    flags.set("initial-cluster", members);
    flags.set("initial-cluster-token", &plan.cluster.token);
    flags.set("initial-cluster-state", state);
}

/// The members of the running cluster, as one that joins has to name them: as many as there are, each with
/// all its URLs. Names are free, but its own has to be in the list and must not be taken for another's
/// (`ValidateClusterAndAssignIDs` in `server/etcdserver/api/membership/cluster.go`).
fn live_list(plan: &MemberPlan, join: &Join) -> String {
    let own = &plan.member.name;
    let name = |member: &LiveMember| {
        let is_taken = member.name == *own
            || join.members.iter().any(|other| other.id != member.id && other.name == member.name);
        match member.id == join.ids.member {
            true => own.clone(),
            false if member.name.is_empty() || is_taken => member.id.to_string(),
            false => member.name.clone(),
        }
    };
    let pairs: Vec<String> = join
        .members
        .iter()
        .flat_map(|member| member.peer_urls.iter().map(move |url| (member, url)))
        .map(|(member, url)| format!("{}={url}", name(member)))
        .collect();
    pairs.join(",")
}

fn peer_plane(plan: &MemberPlan, flags: &mut Flags) {
    let mutual = match &plan.peer_plane {
        PlaneProtection::Mutual(mutual) => mutual,
        PlaneProtection::Automatic => return flags.set("peer-auto-tls", true),
        PlaneProtection::Plain => return,
    };
    flags.set("peer-client-cert-auth", true);
    flags.set("peer-trusted-ca-file", mutual.authority.to_string_lossy());
    flags.pair(["peer-cert-file", "peer-key-file"], &mutual.serves);
    if let Some(dials) = &mutual.dials {
        flags.pair(["peer-client-cert-file", "peer-client-key-file"], dials);
    }
    match &mutual.allowed {
        Some(AllowedPeers::Hostnames(names)) => flags.set("peer-cert-allowed-hostname", names.join(",")),
        Some(AllowedPeers::CommonNames(names)) => flags.set("peer-cert-allowed-cn", names.join(",")),
        None => {}
    }
    if let Some(revocations) = &mutual.revocations {
        flags.set("peer-crl-file", revocations.to_string_lossy());
    }
}

fn client_plane(plan: &MemberPlan, flags: &mut Flags) {
    let mutual = match &plan.client_plane {
        PlaneProtection::Mutual(mutual) => mutual,
        PlaneProtection::Automatic => return flags.set("auto-tls", true),
        PlaneProtection::Plain => return,
    };
    flags.set("client-cert-auth", true);
    flags.set("trusted-ca-file", mutual.authority.to_string_lossy());
    flags.pair(["cert-file", "key-file"], &mutual.serves);
    if let Some(dials) = &mutual.dials {
        flags.pair(["client-cert-file", "client-key-file"], dials);
    }
    if let Some(revocations) = &mutual.revocations {
        flags.set("client-crl-file", revocations.to_string_lossy());
    }
    flags.set("tls-min-version", plan.settings.tls_minimum.as_flag());
}

fn operation(plan: &MemberPlan, line: MinorVersion, extra: &mut ExtraFlags, flags: &mut Flags) {
    let settings = &plan.settings;
    flags.set("heartbeat-interval", settings.heartbeat.as_millis());
    flags.set("election-timeout", settings.election.as_millis());
    flags.set("quota-backend-bytes", settings.quota);
    flags.set("auto-compaction-mode", "periodic");
    flags.set("auto-compaction-retention", go_duration(settings.auto_compaction));
    if line == MinorVersion::V3_5 {
        if !extra.contains("experimental-initial-corrupt-check") {
            flags.set("experimental-initial-corrupt-check", true);
        }
        return;
    }
    // A second --feature-gates would replace the first, so the user's gates are joined to ours.
    let gates = match extra.take("feature-gates") {
        Some(given) if names_gate(&given, CORRUPT_CHECK_GATE) => given,
        Some(given) if !given.is_empty() => format!("{CORRUPT_CHECK_GATE}=true,{given}"),
        _ => format!("{CORRUPT_CHECK_GATE}=true"),
    };
    flags.set("feature-gates", gates);
}

/// Whether a list such as `A=true,B=false` has the gate.
fn names_gate(gates: &str, gate: &str) -> bool {
    gates.split(',').any(|entry| entry.split('=').next().is_some_and(|name| name.trim() == gate))
}

/// A duration as Go's `time.ParseDuration` reads it, to the millisecond.
fn go_duration(duration: std::time::Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds.is_multiple_of(3_600_000) {
        format!("{}h", milliseconds / 3_600_000)
    } else if milliseconds.is_multiple_of(1000) {
        format!("{}s", milliseconds / 1000)
    } else {
        format!("{milliseconds}ms")
    }
}

#[derive(Default)]
struct Flags(Vec<String>);

impl Flags {
    fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("--{name}={value}"));
    }

    fn pair(&mut self, [certificate, key]: [&str; 2], files: &PairFiles) {
        self.set(certificate, files.certificate.to_string_lossy());
        self.set(key, files.key.to_string_lossy());
    }

    fn switch(&mut self, name: &str) {
        self.0.push(format!("--{name}"));
    }
}
