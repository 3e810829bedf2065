//! `[pki]` and `[etcd]`: everything that has a default which a production zone can keep.

use std::time::Duration;

use zone_pki::{KeyAlgorithm, SubjectAltName};

use super::document::Table;
use super::etcd_version::EtcdVersion;
use super::names::{ClientName, NameFault};
use super::problem::Problems;
use super::variable::{VariableName, read_variables};

/// What certificates look like and who gets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiSettings {
    /// How long a leaf is valid.
    pub leaf_validity: Duration,
    /// How long an authority is valid.
    pub authority_validity: Duration,
    /// The kind of every key.
    pub key: KeyAlgorithm,
    /// Client certificates beside those that are always there.
    pub clients: Vec<ClientName>,
    /// Further names of every server certificate; wildcards are allowed.
    pub server_names: Vec<SubjectAltName>,
}

impl Default for PkiSettings {
    fn default() -> Self {
        Self {
            leaf_validity: days(365),
            authority_validity: days(3650),
            key: KeyAlgorithm::default(),
            clients: Vec::new(),
            server_names: Vec::new(),
        }
    }
}

/// The lowest TLS version that etcd accepts and offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMinimum {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl TlsMinimum {
    /// How `zone.toml` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }

    /// The value of etcd's `--tls-min-version`.
    pub fn as_flag(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS1.2",
            Self::Tls13 => "TLS1.3",
        }
    }
}

/// How etcd runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdSettings {
    /// The version to run, or the default one.
    pub version: Option<EtcdVersion>,
    /// Time between two heartbeats of the leader, the same on all members.
    pub heartbeat: Duration,
    /// Time without a heartbeat after which a member stands for election, the same on all members.
    pub election: Duration,
    /// Size in bytes at which etcd takes no more writes. etcd's own default is 2 GiB.
    pub quota: u64,
    /// How much history is kept. etcd's own default keeps all of it, until the quota ends every write.
    pub auto_compaction: Duration,
    /// The cluster token, if it is not to follow from the root CA.
    pub token: Option<String>,
    /// The lowest TLS version.
    pub tls_minimum: TlsMinimum,
    /// Environment variables that it has although they change it.
    pub keep_environment: Vec<VariableName>,
    /// Whether it may leave core dumps, with its keys in them.
    pub core_dumps: bool,
    /// Further flags of etcd, with their values.
    pub flags: Vec<(String, String)>,
}

impl EtcdSettings {
    /// The same with another version, on the way to the one that is described. If `forces_snapshot`, that
    /// etcd writes a snapshot as soon as it has applied an entry, whatever it finds in its log.
    pub fn at_step(&self, version: EtcdVersion, forces_snapshot: bool) -> Self {
        const SNAPSHOT_COUNT: &str = "snapshot-count";
        let mut step = Self { version: Some(version), ..self.clone() };
        if forces_snapshot {
            step.flags.retain(|(name, _)| name != SNAPSHOT_COUNT);
            step.flags.push((SNAPSHOT_COUNT.to_owned(), "1".to_owned()));
        }
        step
    }

    /// The version that is described: the one that is written, else the default.
    pub fn described_version(&self) -> EtcdVersion {
        self.version.unwrap_or(EtcdVersion::DEFAULT)
    }
}

impl Default for EtcdSettings {
    fn default() -> Self {
        Self {
            version: None,
            heartbeat: Duration::from_millis(100),
            election: Duration::from_millis(1000),
            quota: 8 << 30,
            auto_compaction: Duration::from_secs(3600),
            token: None,
            tls_minimum: TlsMinimum::default(),
            keep_environment: Vec::new(),
            core_dumps: false,
            flags: Vec::new(),
        }
    }
}

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 3600)
}

/// Reads `[pki]`.
pub fn read_pki(table: Table<'_>, problems: &mut Problems<'_>) -> PkiSettings {
    let default = PkiSettings::default();
    let leaf = table.parse("leaf_validity", problems, |text| validity("leaf_validity", text));
    let authority = table.parse("ca_validity", problems, |text| validity("ca_validity", text));
    let key = table.parse("key", problems, |text| {
        text.parse().map_err(|_| {
            (
                format!("`{text}` is no kind of key"),
                "write \"p256\", \"p384\", \"ed25519\", \"rsa2048\", \"rsa3072\" or \"rsa4096\"".to_owned(),
            )
        })
    });
    if let Some(key) = key.as_ref().filter(|key| key.value == KeyAlgorithm::Ed25519) {
        problems.warning(
            key.span.clone(),
            "some clients refuse certificates with Ed25519 keys: BoringSSL, and with it grpcio of Python; \
             Java before 16",
            "write \"p256\", which all take, unless none of these is among your clients",
        );
    }
    let mut clients = Vec::new();
    for written in table.strings("clients", problems) {
        match ClientName::parse(&written.value) {
            Ok(name) if clients.contains(&name) => {
                problems.error(written.span, format!("the client `{name}` is there twice"), "remove one");
            }
            Ok(name) => clients.push(name),
            Err(NameFault { what, instead }) => problems.error(written.span, what, instead),
        }
    }
    let server_names = read_names(&table, "server_names", problems);
    table.finish(problems);
    let settings = PkiSettings {
        leaf_validity: leaf.as_ref().map_or(default.leaf_validity, |at| at.value),
        authority_validity: authority.map_or(default.authority_validity, |at| at.value),
        key: key.map_or(default.key, |at| at.value),
        clients,
        server_names,
    };
    if let Some(leaf) = leaf
        && leaf.value > settings.authority_validity
    {
        problems.error(
            leaf.span,
            "`leaf_validity` is longer than `ca_validity`",
            "no certificate outlives its CA: write less",
        );
    }
    settings
}

/// Reads a list of certificate names: DNS names, also wildcards, and IP addresses.
pub fn read_names(table: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Vec<SubjectAltName> {
    let mut names = Vec::new();
    for written in table.strings(key, problems) {
        match written.value.parse::<SubjectAltName>() {
            Ok(name) if names.contains(&name) => {
                problems.error(written.span, format!("`{name}` is there twice in `{key}`"), "remove one");
            }
            Ok(name) => names.push(name),
            Err(error) => {
                let instead = "write a DNS name (also *.example.zone) or an IP address";
                problems.error(written.span, format!("`{}` in `{key}`: {error}", written.value), instead);
            }
        }
    }
    names
}

/// Reads `[etcd]`.
pub fn read_etcd(table: Table<'_>, problems: &mut Problems<'_>) -> EtcdSettings {
    let default = EtcdSettings::default();
    let version = table.parse("version", problems, |text| {
        EtcdVersion::parse_supported(text)
            .map_err(|error| (error.to_string(), "write a full version such as \"3.7.3\"".to_owned()))
    });
    let heartbeat = table.parse("heartbeat", problems, |text| duration("heartbeat", text, 5, 60_000));
    let election = table.parse("election", problems, |text| duration("election", text, 50, 50_000));
    let quota = table.parse("quota", problems, quota);
    let compaction =
        table.parse("auto_compaction", problems, |text| duration("auto_compaction", text, 60_000, u64::MAX));
    let token = table.parse("token", problems, token);
    let tls_minimum = table.parse("tls_min_version", problems, |text| match text {
        "1.2" => Ok(TlsMinimum::Tls12),
        "1.3" => Ok(TlsMinimum::Tls13),
        _ => Err((
            format!("`tls_min_version` = \"{text}\" is not offered"),
            "write \"1.2\" or \"1.3\"".to_owned(),
        )),
    });
    let keep_environment = read_variables(&table, "keep_environment", problems);
    let core_dumps = table.boolean("core_dumps", problems);
    let mut flags = Vec::new();
    if let Some(table) = table.table("flags", "[etcd.flags]", problems) {
        for (name, value) in table.scalars(problems) {
            flags.push((name.value, value.value));
        }
    }
    let span = table.span();
    table.finish(problems);
    let settings = EtcdSettings {
        version: version.map(|at| at.value),
        heartbeat: heartbeat.map_or(default.heartbeat, |at| at.value),
        election: election.as_ref().map_or(default.election, |at| at.value),
        quota: quota.map_or(default.quota, |at| at.value),
        auto_compaction: compaction.map_or(default.auto_compaction, |at| at.value),
        token: token.map(|at| at.value),
        tls_minimum: tls_minimum.map_or(default.tls_minimum, |at| at.value),
        keep_environment,
        core_dumps: core_dumps.is_some_and(|at| at.value),
        flags,
    };
    // etcd refuses an election time-out below five heartbeats (embed/config.go, Validate).
    if settings.election < 5 * settings.heartbeat {
        let wanted = humantime::format_duration(10 * settings.heartbeat);
        let what = "`election` is less than five times `heartbeat`, which etcd refuses";
        problems.error(election.map_or(span, |at| at.span), what, format!("write election = \"{wanted}\""));
    }
    settings
}

pub(super) type Fault = (String, String);

fn validity(key: &str, text: &str) -> Result<Duration, Fault> {
    let example = "write a duration such as \"365d\"";
    let parsed = humantime::parse_duration(text)
        .map_err(|error| (format!("`{key}` = \"{text}\": {error}"), example.to_owned()))?;
    if parsed < Duration::from_secs(1) || parsed > days(100 * 366) {
        return Err((
            format!("`{key}` = \"{text}\" is below a second or above a hundred years"),
            example.to_owned(),
        ));
    }
    Ok(parsed)
}

pub(super) fn duration(key: &str, text: &str, least_ms: u64, most_ms: u64) -> Result<Duration, Fault> {
    let example = "write a duration such as \"100ms\" or \"1h\"";
    let parsed = humantime::parse_duration(text)
        .map_err(|error| (format!("`{key}` = \"{text}\": {error}"), example.to_owned()))?;
    let milliseconds = u64::try_from(parsed.as_millis()).unwrap_or(u64::MAX);
    if milliseconds < least_ms || milliseconds > most_ms {
        let least = humantime::format_duration(Duration::from_millis(least_ms));
        return Err((
            format!("`{key}` = \"{text}\" is out of range"),
            match most_ms {
                u64::MAX => format!("write at least \"{least}\""),
                most => format!(
                    "write \"{least}\" to \"{}\"",
                    humantime::format_duration(Duration::from_millis(most))
                ),
            },
        ));
    }
    Ok(parsed)
}

fn quota(text: &str) -> Result<u64, Fault> {
    let example = "write a size such as \"8GiB\"".to_owned();
    let parsed: bytesize::ByteSize =
        text.parse().map_err(|_| (format!("`quota` = \"{text}\" is no size"), example.clone()))?;
    // Below this etcd fills up before it can compact; above, its documentation warns of restart times.
    let (least, most) = (16 << 20, 100 << 30);
    if parsed.as_u64() < least || parsed.as_u64() > most {
        return Err((format!("`quota` = \"{text}\" is below 16 MiB or above 100 GiB"), example));
    }
    Ok(parsed.as_u64())
}

fn token(text: &str) -> Result<String, Fault> {
    let usable = !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if usable {
        Ok(text.to_owned())
    } else {
        Err((
            format!("`token` = \"{text}\" is empty, too long, or has blanks"),
            "write 1 to 255 visible ASCII characters".to_owned(),
        ))
    }
}
