//! Which certificates are to be renewed.

use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::Certificate;

use crate::cli::PkiRenewArgs;
use model::config::{ClientName, Node};
use model::error::{Exit, Failure, Result};
use model::plan::{CLIENT_ROLE, NODE_ROLES, Role, role_named};
use store::zone_directory::{Holder, OfRevoked, ZoneDirectory, all_clients};

/// Which certificates are to be renewed.
pub(super) struct Selection<'z> {
    nodes: Vec<&'z Node>,
    clients: Vec<ClientName>,
    role: Option<&'static Role>,
    before: Option<Duration>,
    /// What is past its time is issued anyway.
    due_alone: bool,
    of_revoked: OfRevoked,
}

impl<'z> Selection<'z> {
    pub(super) fn read(arguments: &PkiRenewArgs, zone: &'z ZoneDirectory) -> Result<Self> {
        let role = arguments.role.as_deref().map(role_of).transpose()?;
        let before = arguments.before.map(Duration::from);
        let due_alone = arguments.due;
        let of_revoked = OfRevoked::said(arguments.reinstate, arguments.holders.all);
        if arguments.holders.all {
            let nodes = zone.config.nodes.iter().collect();
            return Ok(Self { nodes, clients: all_clients(zone)?, role, before, due_alone, of_revoked });
        }
        let mut nodes: Vec<&Node> = Vec::new();
        let (clients, named) = arguments.holders.named();
        for name in named {
            let node = zone.node(name)?;
            if nodes.iter().all(|known| known.name != node.name) {
                nodes.push(node);
            }
        }
        let clients = clients.into_iter().map(|name| store::clients::client_of_zone(zone, name));
        let clients = clients.collect::<Result<_>>()?;
        Ok(Self { nodes, clients, role, before, due_alone, of_revoked })
    }

    /// All holders, nodes first.
    pub(super) fn holders(&self) -> impl Iterator<Item = Holder<'_>> {
        self.nodes.iter().map(|node| Holder::Node(node)).chain(self.clients.iter().map(Holder::Client))
    }

    /// What becomes of who was revoked.
    pub(super) fn of_revoked(&self) -> OfRevoked {
        self.of_revoked
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &'z Node> + '_ {
        self.nodes.iter().copied()
    }

    /// Whether a certificate that is there is one of them.
    pub(super) fn takes(&self, role: &Role, certificate: &Certificate, now: OffsetDateTime) -> bool {
        let ends_soon = self.before.is_none_or(|before| certificate.not_after() <= now + before);
        !self.due_alone && ends_soon && self.role.is_none_or(|wanted| wanted.name == role.name)
    }
}

fn role_of(name: &str) -> Result<&'static Role> {
    role_named(name).ok_or_else(|| {
        let names: Vec<&str> = NODE_ROLES.iter().chain([&CLIENT_ROLE]).map(|role| role.name).collect();
        let mut names = names;
        names.dedup();
        Failure::new(Exit::Usage, format!("there is no role `{name}`"))
            .next(format!("use one of: {}", names.join(", ")))
    })
}
