//! Which arguments take what is here: the command line with a source of values at each.

use std::env;
use std::ffi::OsStr;

use boot::Step;
use clap::{Arg, Command};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use zone_pki::{KeyAlgorithm, RevocationReason};

use super::typed::{site, words};
use crate::cli::Cli;
use model::config::{ClientName, MinorVersion};
use model::plan::{CLIENT_ROLE, NODE_ROLES, clients_of};
use store::site::Site;
use store::snapshot::{DIRECTORY, list};
use store::zone_directory::all_clients;

type Candidates = Vec<CompletionCandidate>;

pub(super) fn command() -> Command {
    with_values("", Cli::described())
}

fn with_values(parent: &str, command: Command) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|argument| {
            if parent == "snapshot" && argument.get_id() == "file" {
                return argument.add(ArgValueCompleter::new(snapshots_and_files));
            }
            match source(&name, &argument) {
                Some(values) => argument.add(ArgValueCandidates::new(values)),
                None => argument,
            }
        })
        .mut_subcommands(|subcommand| with_values(&name, subcommand))
}

/// What an argument takes, by what the help calls its value; where it calls several the same, by its name.
fn source(command: &str, argument: &Arg) -> Option<fn() -> Candidates> {
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    match (argument.get_id().as_str(), value?) {
        (_, "NODE" | "NEWNODE" | "MEMBER" | "NODE,...") | ("node", "NAME") => Some(nodes),
        ("client" | "clients", "NAME") => Some(clients),
        ("target", _) if command == "revoke" => Some(nodes_and_clients),
        (_, "ROLE") => Some(roles),
        (_, "STEP") => Some(|| named(Step::ALL.iter().map(|step| step.as_str()))),
        (_, "REASON") => Some(|| named(RevocationReason::ALL.iter().map(|(_, name, _)| *name))),
        ("key", "KIND") => Some(|| named(KeyAlgorithm::ALL.iter().map(|kind| kind.as_str()))),
        (_, "VERSION") => Some(versions),
        (_, "PAGE") => Some(pages),
        ("command", "COMMAND") if command == "man" => Some(commands),
        _ => None,
    }
}

fn named<'n>(names: impl Iterator<Item = &'n str>) -> Candidates {
    names.map(|name| CompletionCandidate::new(name.to_owned())).collect()
}

fn told(name: impl Into<String>, help: impl Into<String>) -> CompletionCandidate {
    CompletionCandidate::new(name.into()).help(Some(help.into().into()))
}

fn nodes() -> Candidates {
    site().map(|site| nodes_of(&site)).unwrap_or_default()
}

fn nodes_of(site: &Site) -> Candidates {
    site.config().nodes.iter().map(|node| told(node.name.short(), node.address.to_string())).collect()
}

fn clients() -> Candidates {
    let Some(site) = site() else { return Vec::new() };
    clients_known_to(&site).iter().map(|client| CompletionCandidate::new(client.to_string())).collect()
}

fn clients_known_to(site: &Site) -> Vec<ClientName> {
    let issued = site.zone().and_then(|zone| all_clients(zone).ok());
    issued.unwrap_or_else(|| clients_of(site.config()))
}

fn nodes_and_clients() -> Candidates {
    let Some(site) = site() else { return Vec::new() };
    let clients = clients_known_to(&site);
    let clients = clients.iter().map(|client| CompletionCandidate::new(format!("client/{client}")));
    nodes_of(&site).into_iter().chain(clients).collect()
}

fn roles() -> Candidates {
    named(NODE_ROLES.iter().chain([&CLIENT_ROLE]).map(|role| role.name))
}

fn versions() -> Candidates {
    let releases = MinorVersion::all().filter_map(MinorVersion::release);
    releases.map(|version| CompletionCandidate::new(version.to_string())).collect()
}

fn pages() -> Candidates {
    let pages = documents::TOPICS.iter().flat_map(|topic| topic.pages);
    pages.map(|page| told(page.name(), page.title())).collect()
}

/// The commands below those that are typed after `man`.
fn commands() -> Candidates {
    let root = Cli::described();
    let words = words();
    let typed = words.iter().skip_while(|word| *word != "man").skip(1);
    let within = typed.fold(&root, |command, word| command.find_subcommand(word).unwrap_or(command));
    let shown = within.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    shown.map(|command| told(command.get_name(), about(command))).collect()
}

/// The snapshots of the zone, and what else there is: a snapshot may be anywhere.
fn snapshots_and_files(typed: &OsStr) -> Candidates {
    let here = env::current_dir().unwrap_or_default();
    let found = site().and_then(|site| list(&site.directory().join(DIRECTORY)).ok()).unwrap_or_default();
    let paths = found.iter().map(|snapshot| {
        let path = &snapshot.paths.file;
        path.strip_prefix(&here).unwrap_or(path)
    });
    let typed_text = typed.to_string_lossy();
    let paths = paths.filter(|path| path.to_string_lossy().starts_with(&*typed_text));
    paths.map(CompletionCandidate::new).chain(PathCompleter::any().complete(typed)).collect()
}
