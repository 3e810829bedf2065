//! `discovery`: the zone's etcd as the discovery service for other clusters.

use serde::Serialize;
use time::OffsetDateTime;

use crate::arguments::{confirm, open_zone};
use crate::cli::{
    DiscoveryCloseArgs, DiscoveryCommand, DiscoveryCreateArgs, DiscoveryShowArgs, Format, ZoneArg,
};
use crate::output::{json, print};
use etcd::ClientAccess;
use model::config::ClientName;
use model::config::{ClusterSize, DiscoveryToken};
use model::error::{Exit, Failure, Result};
use model::plan::Registry;
use model::report::{Table, message};
use operations::discovery::{Closing, DiscoveryService};
use store::clients::bring_admin_up_to_date;
use store::site::Site;

pub(super) fn run(command: &DiscoveryCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        DiscoveryCommand::Create(arguments) => create(arguments, now),
        DiscoveryCommand::Show(arguments) => show(arguments, now),
        DiscoveryCommand::Close(arguments) => close(arguments, now),
    }
}

fn open(arguments: &ZoneArg, now: OffsetDateTime) -> Result<Site> {
    let zone = open_zone(arguments)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    site.act_as_owner()?;
    bring_admin_up_to_date(&site, now);
    Ok(site)
}

/// Fields are added, never renamed.
#[derive(Serialize)]
struct Created {
    token: String,
    size: u32,
    endpoints: Vec<String>,
}

fn create(arguments: &DiscoveryCreateArgs, now: OffsetDateTime) -> Result<()> {
    let site = open(&arguments.zone, now)?;
    let Some(size) = ClusterSize::new(arguments.size) else { return Err(Failure::internal("no size")) };
    let token = DiscoveryService::of(&site).create(arguments.token.clone(), size)?;
    let endpoints = site.config().client_urls();
    let text = || {
        let files = site.client_generation(&ClientName::admin());
        let access = ClientAccess::of_generation(endpoints.clone(), &files);
        format!(
            "{token}\n\na member that is started by hand (etcd 3.6 or 3.7) gets these flags, and no \
             --initial-cluster:\n  {}\n",
            access.discovery_flags(&token.to_string()).join("\n  ")
        )
    };
    print(&match arguments.format {
        Format::Text => text(),
        Format::Json => {
            json(&Created { token: token.to_string(), size: size.get(), endpoints: endpoints.clone() })?
        }
    })?;
    message(&format!("next: see who has registered: {}", proposed_show(&site, &token)));
    Ok(())
}

/// Fields are added, never renamed.
#[derive(Serialize)]
struct Shown<'r> {
    token: String,
    /// Absent if it was closed, or is no number.
    size: Option<u32>,
    is_closed: bool,
    members: Vec<ShownMember<'r>>,
    missing: usize,
    /// Once all have registered.
    cluster_id: Option<String>,
    faults: Vec<String>,
}

#[derive(Serialize)]
struct ShownMember<'r> {
    id: String,
    name: String,
    peer_urls: &'r [String],
}

fn show(arguments: &DiscoveryShowArgs, now: OffsetDateTime) -> Result<()> {
    let site = open(&arguments.zone, now)?;
    let registry = DiscoveryService::of(&site).registry(&arguments.token)?;
    print(&match arguments.format {
        Format::Text => text(&registry),
        Format::Json => json(&Shown {
            token: arguments.token.to_string(),
            size: registry.size.map(ClusterSize::get),
            is_closed: registry.is_closed,
            members: registry
                .members
                .iter()
                .map(|member| ShownMember {
                    id: member.id.to_string(),
                    name: member.name.clone(),
                    peer_urls: &member.peer_urls,
                })
                .collect(),
            missing: registry.missing(),
            cluster_id: registry.cluster_id().map(|id| id.to_string()),
            faults: registry.faults.iter().map(ToString::to_string).collect(),
        })?,
    })?;
    if let Some(fault) = registry.faults.first() {
        let what = format!("the registry {} is not as it should be", arguments.token);
        let close = site.proposed_by_signer(&format!("discovery close {}", arguments.token));
        return Err(Failure::bad_input(what).because(fault).next(format!(
            "stop the members that wait with it, close it, and begin with another: {close}; if their cluster \
             runs already, only close it"
        )));
    }
    if registry.missing() > 0 {
        let what = format!("{} of {} have registered", registry.members.len(), wanted(&registry));
        return Err(Failure::new(Exit::TryAgain, what)
            .next(format!("start the others, then: {}", proposed_show(&site, &arguments.token))));
    }
    Ok(())
}

fn wanted(registry: &Registry) -> u32 {
    registry.size.map_or(0, ClusterSize::get)
}

/// What members have written is shown with its special characters escaped.
fn text(registry: &Registry) -> String {
    let mut table = Table::new(&["member", "id", "peer URLs"]);
    for member in &registry.members {
        let urls = member.peer_urls.join(",");
        let shown = |text: &str| text.chars().take(120).flat_map(char::escape_debug).collect::<String>();
        table.row([shown(&member.name), member.id.to_string(), shown(&urls)]);
    }
    let members = registry.members.len();
    let mut text = match registry.is_closed {
        true => format!("closed; members that had registered: {members}"),
        false => format!("{members} of {} members", wanted(registry)),
    };
    if let Some(id) = registry.cluster_id() {
        text += &format!(", cluster {id}");
    }
    text.push('\n');
    if !registry.members.is_empty() {
        text += &table.render();
    }
    for fault in &registry.faults {
        text += &format!("fault: {fault}\n");
    }
    text
}

fn close(arguments: &DiscoveryCloseArgs, now: OffsetDateTime) -> Result<()> {
    let site = open(&arguments.zone, now)?;
    let (service, token) = (DiscoveryService::of(&site), &arguments.token);
    let missing = service.registry(token)?.missing();
    if missing > 0 {
        let again = site.proposed(&format!("discovery close {token}"));
        let what = format!("members that are still waited for, {missing}, are refused from then on");
        confirm(&what, &token.to_string(), arguments.yes, &again)?;
    }
    message(&match service.close(token)? {
        Closing::Closed => format!("{token} is closed: a member that begins with it is refused"),
        Closing::WasClosed => format!("{token} was closed before"),
    });
    Ok(())
}

fn proposed_show(site: &Site, token: &DiscoveryToken) -> String {
    site.proposed(&format!("discovery show {token}"))
}
