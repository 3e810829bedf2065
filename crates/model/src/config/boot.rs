//! `boot.toml`: what a node does when it starts, and where its list of members comes from if its local config
//! has none. It lies beside `node.json`, whose shape others have given.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::discovery_settings::{DiscoverySettings, read_discovery};
use super::document::{At, Table};
use super::names::NameFault;
use super::nameservice_base::NameserviceBase;
use super::problem::{Problem, Problems};
use super::process::{ProcessConfig, read_processes};
use super::settings::{Fault, duration};
use super::toml_document;
use super::zone::{ZoneConfigError, load};

/// In bytes.
const SIZE_AT_MOST: u64 = 1 << 20;
/// How long the first boot looks for a zone document that it accepts.
const DEADLINE: Duration = Duration::from_secs(120);
/// The file that tells the nameservice of the zone's etcd.
const PROVIDER: &str = "nameservice.json";

/// What a node does when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootConfig {
    /// `[nameservice]`.
    pub nameservice: Option<NameserviceSettings>,
    /// `[discovery]`.
    pub discovery: Option<DiscoverySettings>,
    /// `[gateway]`.
    pub gateway: Option<GatewaySettings>,
    /// `[[process]]`, in the order of the file.
    pub processes: Vec<ProcessConfig>,
}

/// The nameservice: where it answers, and how it is run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameserviceSettings {
    /// Where the zone document is asked for, in this order; none if the members come from elsewhere.
    pub bases: Vec<NameserviceBase>,
    /// What is started here; none if nothing is.
    pub command: Vec<String>,
    /// How it takes its provider file into use.
    pub reload: Reload,
    /// How long the first boot looks for a zone document.
    pub deadline: Duration,
    /// The file that names the zone's etcd, relative to the node directory.
    pub provider: PathBuf,
    /// Whether a document without a signature is taken.
    pub insecure_unsigned: bool,
}

/// How a nameservice takes another provider file into use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reload {
    /// It is started again.
    #[default]
    Restart,
    /// It gets SIGHUP.
    Hangup,
    /// A command is run.
    Command(Vec<String>),
}

/// What makes the forwards to cyfs members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// What is started here before etcd, which waits for the forwards; none if they are there already.
    pub command: Vec<String>,
}

impl BootConfig {
    /// The name of the file.
    pub const FILE: &str = "boot.toml";

    /// Reads the file beside a local config. The warnings come with it. A file that is not there is as good
    /// as an empty one.
    ///
    /// # Errors
    /// It cannot be read, or has faults, all of which are told.
    pub fn load(path: &Path) -> Result<(Self, Vec<Problem>), ZoneConfigError> {
        match load(path, SIZE_AT_MOST, Self::parse) {
            Err(ZoneConfigError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Ok(Default::default())
            }
            loaded => loaded,
        }
    }

    /// Reads the text of the file. Either the config with its warnings, or every problem of the text.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new(text);
        let document = toml_document::parse(text, &mut problems);
        let config = read(document.table(), &mut problems);
        let failed = problems.has_errors();
        let found = problems.into_sorted();
        if failed { Err(found) } else { Ok((config, found)) }
    }

    /// Where the members come from, if no list is written; none if nothing says so.
    pub fn source(&self) -> Option<MemberSource<'_>> {
        let asks = self.nameservice.as_ref().filter(|nameservice| !nameservice.bases.is_empty());
        asks.map(MemberSource::Nameservice).or(self.discovery.as_ref().map(MemberSource::Discovery))
    }
}

/// Where a list of members comes from that is not in the local config.
#[derive(Clone, Copy, Debug)]
pub enum MemberSource<'b> {
    /// From the zone document.
    Nameservice(&'b NameserviceSettings),
    /// By discovery.
    Discovery(&'b DiscoverySettings),
}

fn read(file: Table<'_>, problems: &mut Problems<'_>) -> BootConfig {
    let nameservice =
        file.table("nameservice", "[nameservice]", problems).map(|table| read_nameservice(table, problems));
    let discovery = file.table("discovery", "[discovery]", problems);
    let span = discovery.as_ref().map(Table::span);
    let discovery = discovery.and_then(|table| read_discovery(table, problems));
    let gateway = file.table("gateway", "[gateway]", problems).map(|table| read_gateway(table, problems));
    let processes = read_processes(&file, problems).into_iter().map(|at| at.value).collect();
    file.finish(problems);
    let asks = nameservice.as_ref().is_some_and(|nameservice| !nameservice.bases.is_empty());
    if let Some(span) = span.filter(|_| asks) {
        problems.error(
            span,
            "the members come from the nameservice (`url`) and from [discovery]",
            "leave one of them out: lists are never mixed",
        );
    }
    BootConfig { nameservice, discovery, gateway, processes }
}

fn read_nameservice(table: Table<'_>, problems: &mut Problems<'_>) -> NameserviceSettings {
    let mut bases = Vec::new();
    for At { value, span } in table.strings("url", problems) {
        match NameserviceBase::parse(&value) {
            Ok(base) => bases.push(base),
            Err(NameFault { what, instead }) => problems.error(span, what, instead),
        }
    }
    let command = read_command(&table, "command", problems);
    let reload = table.parse("reload", problems, reload).map(|at| at.value);
    let deadline = table.parse("deadline", problems, |text| duration("deadline", text, 1000, 86_400_000));
    let provider = table.parse("provider", problems, file_name).map(|at| at.value);
    let insecure_unsigned = table.boolean("insecure_unsigned", problems);
    table.finish(problems);
    NameserviceSettings {
        bases,
        command,
        reload: reload.unwrap_or_default(),
        deadline: deadline.map_or(DEADLINE, |at| at.value),
        provider: provider.unwrap_or_else(|| PROVIDER.into()),
        insecure_unsigned: insecure_unsigned.is_some_and(|at| at.value),
    }
}

fn read_gateway(table: Table<'_>, problems: &mut Problems<'_>) -> GatewaySettings {
    let command = read_command(&table, "command", problems);
    table.finish(problems);
    GatewaySettings { command }
}

/// The words of a command, the program first; none if there is none.
fn read_command(table: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Vec<String> {
    let words = table.strings(key, problems);
    if let Some(first) = words.first().filter(|first| first.value.is_empty()) {
        problems.error(first.span.clone(), format!("`{key}` names no program"), "write it as the first word");
    }
    for word in words.iter().filter(|word| word.value.contains('\0')) {
        problems.error(word.span.clone(), format!("a word of `{key}` has a NUL"), "leave it out");
    }
    words.into_iter().map(|at| at.value).collect()
}

fn reload(text: &str) -> Result<Reload, Fault> {
    match text {
        "restart" => return Ok(Reload::Restart),
        "SIGHUP" => return Ok(Reload::Hangup),
        _ => {}
    }
    let words = shlex::split(text).filter(|words| words.first().is_some_and(|first| first.contains('/')));
    words.map(Reload::Command).ok_or_else(|| {
        (
            format!("`reload` = \"{text}\" is no way to reload"),
            "write \"restart\", \"SIGHUP\", or a command by its path".to_owned(),
        )
    })
}

fn file_name(text: &str) -> Result<PathBuf, Fault> {
    let is_name = !text.is_empty() && !text.contains(['/', '\0']) && text != "." && text != "..";
    match is_name {
        true => Ok(PathBuf::from(text)),
        false => Err((
            format!("`provider` = \"{text}\" is no file in the node directory"),
            format!("write a name such as \"{PROVIDER}\""),
        )),
    }
}
