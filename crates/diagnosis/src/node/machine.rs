//! The node directory and this machine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::NodeCheck;
use super::answers::Answers;
use crate::Finding;
use crate::rules::command_line;
use crate::rules::machine::{self, Resolution};
use etcd::{ExtraFlags, arguments};
use host::{self, MemberState, OwnMember};
use model::config::{Address, Node};
use model::plan::{MemberPlan, StartDecision};

impl NodeCheck<'_> {
    pub(super) fn machine(
        &self,
        member: &MemberPlan,
        asked: &Answers,
        own: Option<&OwnMember>,
    ) -> Vec<Finding> {
        let (paths, settings) = (&self.paths, &member.settings);
        let (data, pid) = (paths.data(), own.map(|own| own.pid));
        let user = nix::unistd::geteuid().as_raw();
        let database = host::database_size(&data);
        let mut findings = vec![
            machine::data_directory(&data, host::look_at_data_directory(&data), user),
            self.state_file(),
        ];
        findings.push(machine::one_etcd(&data, &host::users_of(&data), pid));
        let urls: Vec<&str> = member.listeners().collect();
        let faults = host::check_listeners(member.listeners());
        findings.extend(machine::listeners(&urls, &faults, self.node.name.short(), own));
        findings.extend(machine::host_names(&self.resolutions(&asked.resolved), self.node.name.short()));
        if let Some(disk) = &asked.disk {
            findings.push(machine::disk_latency(disk.as_ref().map_err(String::as_str), settings.heartbeat));
        }
        if let Ok(space) = host::free_space(&data) {
            findings.push(machine::disk_space(&space, database, settings.quota));
        }
        if let Some(limit) = host::open_file_limit(pid) {
            findings.push(machine::open_files(limit, pid));
        }
        if let (Some(running), Some(planned)) =
            (pid.and_then(host::arguments_of), self.planned_arguments(member))
        {
            findings.push(command_line::flags(&running, &planned));
        }
        findings
    }

    fn state_file(&self) -> Finding {
        let path = self.paths.state();
        let state = MemberState::load(&path);
        let found = match &state {
            Ok(state) => Ok(state.as_ref().map(|state| (state.zone.as_str(), state.node.as_str()))),
            Err(error) => Err(error),
        };
        machine::state_file(&path, found, (self.site.config().name.as_str(), self.node.name.full()))
    }

    fn resolutions(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Resolution> {
        let of_node = |(place, node): (usize, &Node)| {
            let Address::Name(name) = &node.address else { return None };
            let addresses = resolved.get(name.as_str())?.clone();
            let is_here =
                addresses.as_ref().is_ok_and(|ips| ips.iter().any(|address| host::is_here(*address)));
            Some(Resolution {
                name: name.to_string(),
                node: node.name.short().to_owned(),
                addresses,
                is_here,
                forwarded_at: node.is_behind_gateway().then(|| proposed_forward(place)),
            })
        };
        self.site.config().members().enumerate().filter_map(of_node).collect()
    }

    /// The command line that zone.toml gives; none if its flags would not be taken.
    fn planned_arguments(&self, member: &MemberPlan) -> Option<Vec<String>> {
        let version = self.version();
        let line = version.line().ok()?;
        let settings = &self.site.config().etcd;
        let extra = ExtraFlags::check(&settings.flags, &[], version, line, settings.tls_minimum).ok()?;
        // How it was started at first shows in flags that are not compared.
        Some(arguments(member, &StartDecision::Bootstrap, line, &extra))
    }
}

/// An address for the forwards to a member, by its place in the list. 127.0.1.1 is left to Debian, which has
/// the host's own name there.
fn proposed_forward(place: usize) -> Ipv4Addr {
    let first = u32::from(Ipv4Addr::new(127, 0, 1, 2));
    Ipv4Addr::from(first.saturating_add(u32::try_from(place).unwrap_or_default()))
}
