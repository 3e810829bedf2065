//! What runs beside the member for the zone: the gateway; and the nameservice, which is told of the zone's
//! etcd and asked whether it has it.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use time::OffsetDateTime;
use zone_pki::{ShowPath, regular_file};

use etcd::tls::Trust;
use model::config::{
    BasePlace, HttpProbe, NameserviceSettings, ProcessConfig, Readiness, Reload, RestartPolicy,
};
use model::error::{Exit, Failure, Result};
use model::formats::NameserviceProvider;
use nameservice::{Base, Provider, Published, probe, publish, write_provider};
use supervision::{Call, ProcessId, Supervisor};

use super::members::Members;
use super::node::Node;

/// How long a document may take to be published.
const PUBLISH_LIMIT: Duration = Duration::from_secs(30);
/// How long the nameservice may take until the zone's etcd has answered it.
const PROBE_LIMIT: Duration = Duration::from_secs(30);
/// How long the command of `reload` may take.
const RELOAD_LIMIT: Duration = Duration::from_secs(30);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);

/// The name of this program in a command: what stands there is what runs here.
const THIS_PROGRAM: &str = "zone-etcd";

/// What is started as the nameservice; none if nothing is.
pub(super) fn process(settings: &NameserviceSettings) -> Result<Option<ProcessConfig>> {
    let Some(program) = settings.command.first() else { return Ok(None) };
    let mut command = settings.command.clone();
    let ready = if program == THIS_PROGRAM {
        let own = std::env::current_exe()
            .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
        command[0] = own.to_string_lossy().into_owned();
        Readiness::Notify
    } else {
        let health = |address| Readiness::Http(HttpProbe { address, path: "/health".to_owned() });
        on_loopback(settings).map_or(Readiness::None, health)
    };
    let process = ProcessConfig::new("nameservice", command);
    Ok(Some(ProcessConfig { restart: RestartPolicy::Always, ready, ..process }))
}

/// What makes the forwards to members behind gateways. Whether they are there, the member finds out.
pub(super) fn gateway(command: Vec<String>) -> ProcessConfig {
    ProcessConfig { restart: RestartPolicy::Always, ..ProcessConfig::new("gateway", command) }
}

/// Where it answers in plain text on this host, if `url` says so.
fn on_loopback(settings: &NameserviceSettings) -> Option<SocketAddr> {
    settings.bases.iter().find_map(|base| match base.place() {
        BasePlace::Http(ip, port) => Some(SocketAddr::new(*ip, port.number())),
        BasePlace::Https(..) | BasePlace::File(_) => None,
    })
}

/// Writes the file that names the zone's etcd.
pub(super) fn write(settings: &NameserviceSettings, node: &Node, members: &Members) -> Result<String> {
    let path = node.paths.root().join(&settings.provider);
    let Some(files) = &members.files else {
        return Err(Failure::internal("a zone without client certificates has a provider file"));
    };
    let provider = provider(members, files)?;
    write_provider(&path, &provider).map_err(|error| Failure::write(&path, &error))?;
    Ok(path.shown().to_string())
}

fn provider(members: &Members, files: &etcd::ClientFiles) -> Result<NameserviceProvider> {
    let endpoints = members.endpoints.clone();
    let (ca, cert, key) = (files.authority.clone(), files.certificate.clone(), files.key.clone());
    NameserviceProvider::new(endpoints, ca, cert, key)
        .map_err(|fault| Failure::internal("the provider file cannot be made").because(&fault))
}

/// Publishes the zone document that this node has kept; nothing if it has none.
pub(super) fn publish_kept(node: &Node, members: &Members) -> Result<Option<String>> {
    let path = node.paths.zone_document();
    let document = match regular_file::read(&path) {
        Ok(document) => document,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let Some(files) = &members.files else { return Ok(None) };
    let signers = discovery::signers(&node.local, &node.place())?;
    let now = OffsetDateTime::now_utc();
    let published = publish(&provider(members, files)?, &signers, &document, now, PUBLISH_LIMIT);
    Ok(Some(match published {
        Ok(Published::Written { revision }) => format!("published at revision {revision}"),
        Ok(Published::Unchanged) => "published before".to_owned(),
        Ok(Published::Kept { .. }) => "a newer one is published".to_owned(),
        // One that has expired, or that an old CA has signed, is no reason to keep the node from its work.
        Err(error) => format!("not published: {error}"),
    }))
}

/// Has a nameservice that runs here take the provider file into use.
pub(super) fn reload(
    how: &Reload,
    supervisor: &mut Supervisor,
    running: Option<ProcessId>,
) -> Result<&'static str> {
    match (how, running) {
        (Reload::Command(_), _) | (_, None) => Ok("nothing to reload"),
        (Reload::Hangup, Some(running)) => {
            supervisor.signal(running, Signal::SIGHUP);
            Ok("sent SIGHUP")
        }
        (Reload::Restart, Some(running)) => supervisor.restart(running).map(|()| "restarted"),
    }
}

/// Waits for the command of `reload`, which was started. `goes_on` waits for the time that it is given, and
/// ends the command with false.
///
/// # Errors
/// It could not be run, fails, or does not end in time, and is killed with all that it has started.
pub(super) fn wait_for(
    call: std::io::Result<Call>,
    words: &[String],
    mut goes_on: impl FnMut(Duration) -> bool,
) -> Result<()> {
    let ended = call.map_err(|error| error.to_string());
    ended.and_then(|call| call.wait(RELOAD_LIMIT, |pause| !goes_on(pause))).map_err(|why| {
        let program = words.first().map_or("", String::as_str);
        Failure::new(Exit::Unavailable, format!("the command of `reload` failed: {program}"))
            .because(why)
            .next("correct `reload` of [nameservice]")
    })
}

/// Waits until the nameservice on this host has had an answer of the zone's etcd. One that answers elsewhere
/// alone is not asked. `goes_on` is called between two tries, and ends the wait with false.
pub(super) fn await_provider(
    settings: &NameserviceSettings,
    ca: &Path,
    mut goes_on: impl FnMut() -> bool,
) -> Result<Option<&'static str>> {
    let Some(address) = on_loopback(settings) else { return Ok(None) };
    let base = Base::parse(&format!("http://{address}"))
        .map_err(|fault| Failure::internal("no base").because(&fault))?;
    let trust = Trust::load(ca)
        .map_err(|error| Failure::bad_input(format!("{} cannot be used", ca.shown())).because(&error))?;
    let until = Instant::now() + PROBE_LIMIT;
    loop {
        match probe(&base, Some(Provider::Etcd), &trust, ANSWER_LIMIT) {
            Ok(()) => return Ok(Some("the zone's etcd answers it")),
            Err(_) if !goes_on() => return Ok(None),
            Err(error) if Instant::now() >= until => {
                return Err(Failure::new(
                    Exit::Unavailable,
                    format!("the nameservice at {base} has no etcd"),
                )
                .because(&error)
                .next("see what the nameservice wrote, and whether it was told of its provider file"));
            }
            Err(_) => sleep(PAUSE),
        }
    }
}
