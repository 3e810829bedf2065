//! The certificate role table: which certificates a zone has, what each may do, and in which file it is.
//!
//! Issuing, checking, listing and the flags of etcd all run off this table. A new certificate is one row.

use time::Duration;
use zone_pki::{LeafSpec, Subject, SubjectAltName, SubjectAltNames, Usages};

use super::constraints::is_permitted;
use crate::config::{Address, ClientName, Node, ZoneConfig};

/// The two independent trust domains of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plane {
    /// Members among themselves.
    Peer,
    /// Clients and the members that serve them.
    Client,
}

impl Plane {
    /// Both planes.
    pub const ALL: [Self; 2] = [Self::Peer, Self::Client];

    /// The name of the plane, which is also the stem of its CA's files in `ca/`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Client => "client",
        }
    }

    /// The role of what a member shows to who dials it on this plane.
    pub const fn serves_with(self) -> &'static Role {
        match self {
            Self::Peer => &PEER,
            Self::Client => &SERVER,
        }
    }

    /// The role of what `node` shows to whom it dials on this plane: the other members, or as REST gateway
    /// itself.
    pub fn dials_with(self, node: &Node) -> &'static Role {
        match self {
            Self::Peer if PEER_CLIENT.is_held_by(node) => &PEER_CLIENT,
            Self::Peer => &PEER,
            Self::Client => &GATEWAY,
        }
    }

    /// The file of the plane's CA in a generation.
    pub fn authority_file(self) -> &'static str {
        match self {
            Self::Peer => "peer-ca.crt",
            Self::Client => "client-ca.crt",
        }
    }

    /// The file of the plane's revocation list in a generation.
    pub fn revocation_file(self) -> &'static str {
        match self {
            Self::Peer => "peer.crl",
            Self::Client => "client.crl",
        }
    }
}

/// The file of the root CA in a generation: what clients trust.
pub const ROOT_FILE: &str = "ca.crt";

/// Where the subject of a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectRule {
    /// Common name: the node's name.
    Node,
    /// No common name, which would be that of a user (`zone_pki::Rule::NoCommonName`); organization and unit
    /// instead, since `openssl verify -x509_strict` refuses an empty subject.
    Gateway,
    /// Common name: the client's name, which etcd takes as the user's.
    Client,
}

/// Which names a certificate carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesRule {
    /// None: etcd accepts such a certificate from any source address
    /// (`client/pkg/transport/listener_tls.go`).
    None,
    /// The node's names and addresses.
    Node,
    /// Those, the zone's name and `[pki] server_names`.
    Server,
}

/// Which nodes have a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Every node.
    Node,
    /// Nodes on which a member runs.
    Member,
    /// Members whose connections reach the others from an address that is not theirs, by NAT or a gateway.
    TranslatedMember,
    /// No node: a client.
    Client,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name in the issuance log and on the command line.
    pub name: &'static str,
    /// The plane, and with it the issuer.
    pub plane: Plane,
    /// Extended key usages.
    pub usages: Usages,
    /// The subject.
    pub subject: SubjectRule,
    /// The names.
    pub names: NamesRule,
    /// Who has one.
    pub held_by: HeldBy,
    /// The files: `STEM.crt`, leaf and plane CA, and `STEM.key`.
    pub stem: &'static str,
}

/// The certificates of nodes.
pub const NODE_ROLES: [Role; 5] = [PEER, PEER_CLIENT, SERVER, GATEWAY, NODE_CLIENT];

/// What a member shows on the peer plane, also to those that it dials: so it needs both usages.
pub const PEER: Role = Role {
    name: "peer",
    plane: Plane::Peer,
    usages: Usages::BOTH,
    subject: SubjectRule::Node,
    names: NamesRule::Node,
    held_by: HeldBy::Member,
    stem: "peer",
};

/// What it shows to the members that it dials, where they see its connections come from an address that is
/// not its own.
pub const PEER_CLIENT: Role = Role {
    name: "peer-client",
    plane: Plane::Peer,
    usages: Usages::CLIENT,
    subject: SubjectRule::Node,
    names: NamesRule::None,
    held_by: HeldBy::TranslatedMember,
    stem: "peer-client",
};

/// What a member shows to its clients.
pub const SERVER: Role = Role {
    name: "server",
    plane: Plane::Client,
    usages: Usages::SERVER,
    subject: SubjectRule::Node,
    names: NamesRule::Server,
    held_by: HeldBy::Member,
    stem: "server",
};

/// What its REST gateway shows to the member itself.
pub const GATEWAY: Role = Role {
    name: "gateway",
    plane: Plane::Client,
    usages: Usages::CLIENT,
    subject: SubjectRule::Gateway,
    names: NamesRule::None,
    held_by: HeldBy::Member,
    stem: "gateway",
};

/// What a node shows as a client.
pub const NODE_CLIENT: Role = Role {
    name: "node-client",
    plane: Plane::Client,
    usages: Usages::CLIENT,
    subject: SubjectRule::Node,
    names: NamesRule::None,
    held_by: HeldBy::Node,
    stem: "client",
};

/// The certificate of a client.
pub const CLIENT_ROLE: Role = Role {
    name: "client",
    plane: Plane::Client,
    usages: Usages::CLIENT,
    subject: SubjectRule::Client,
    names: NamesRule::None,
    held_by: HeldBy::Client,
    stem: "client",
};

/// The common name that etcd takes as its administrator once authentication is on.
const ADMINISTRATOR: &str = "root";

impl Role {
    /// Whether `node` has this certificate.
    pub fn is_held_by(&self, node: &Node) -> bool {
        match self.held_by {
            HeldBy::Node => true,
            HeldBy::Member => node.member,
            HeldBy::TranslatedMember => node.member && node.dials_without_names,
            HeldBy::Client => false,
        }
    }

    /// The file of the certificate and its chain in a generation.
    pub fn certificate_file(&self) -> String {
        format!("{}.crt", self.stem)
    }

    /// The file of the key in a generation.
    pub fn key_file(&self) -> String {
        format!("{}.key", self.stem)
    }

    /// The file that stands in the place of the key where that is on its node: the request that it made.
    pub fn request_file(&self) -> String {
        format!("{}.csr", self.stem)
    }

    /// The certificate of `node` for this role. `permitted` are the DNS constraints of the plane's CA.
    pub fn node_spec(&self, zone: &ZoneConfig, node: &Node, permitted: &[String]) -> LeafSpec {
        let names = match self.names {
            NamesRule::None => SubjectAltNames::default(),
            NamesRule::Node => node_names(node, permitted),
            NamesRule::Server => {
                let mut names = node_names(node, permitted);
                names.insert(SubjectAltName::Dns(zone.name.as_str().to_owned()));
                zone.pki.server_names.iter().for_each(|name| names.insert(name.clone()));
                names
            }
        };
        // Never the short name: `root` is etcd's administrator, and another may be a client's.
        let common_name = Subject::fit_common_name(node.name.full(), node.name.full());
        self.spec(zone, common_name, names)
    }

    /// The certificate of a client for this role.
    pub fn client_spec(&self, zone: &ZoneConfig, client: &ClientName) -> LeafSpec {
        let common_name = if *client == ClientName::admin() { ADMINISTRATOR } else { client.as_str() };
        self.spec(zone, common_name.to_owned(), SubjectAltNames::default())
    }

    fn spec(&self, zone: &ZoneConfig, common_name: String, names: SubjectAltNames) -> LeafSpec {
        let organization = Some(organization(zone));
        let subject = match self.subject {
            SubjectRule::Gateway => Subject {
                common_name: None,
                organization,
                organizational_unit: Some("etcd gateway".to_owned()),
            },
            SubjectRule::Node | SubjectRule::Client => {
                Subject { common_name: Some(common_name), organization, organizational_unit: None }
            }
        };
        let validity = Duration::try_from(zone.pki.leaf_validity).unwrap_or(Duration::MAX);
        LeafSpec { subject, names, usages: self.usages, validity, key: zone.pki.key }
    }
}

/// The roles of a node, in the order of the table.
pub fn roles_of(node: &Node) -> impl Iterator<Item = &'static Role> {
    NODE_ROLES.iter().filter(|role| role.is_held_by(node))
}

/// The plane of a role, by its name in the issuance log.
pub fn plane_of_role(name: &str) -> Option<Plane> {
    role_named(name).map(|role| role.plane)
}

/// The role of this name.
pub fn role_named(name: &str) -> Option<&'static Role> {
    NODE_ROLES.iter().chain([&CLIENT_ROLE]).find(|role| role.name == name)
}

/// The clients of a zone: those that are always there, then those of the configuration.
pub fn clients_of(zone: &ZoneConfig) -> Vec<ClientName> {
    let mut clients = vec![ClientName::admin(), ClientName::health()];
    for client in &zone.pki.clients {
        if !clients.contains(client) {
            clients.push(client.clone());
        }
    }
    clients
}

/// The organization in every subject: the zone's name, which X.520 limits to 64 characters as it does a
/// common name.
pub fn organization(zone: &ZoneConfig) -> String {
    Subject::fit_common_name(zone.name.as_str(), zone.name.as_str())
}

fn node_names(node: &Node, permitted: &[String]) -> SubjectAltNames {
    let mut names = SubjectAltNames::default();
    names.insert(SubjectAltName::Dns(node.name.full().to_owned()));
    // The short name lies outside the zone's own. A node that joins later finds CAs that do not permit it,
    // and works without it.
    if is_permitted(node.name.short(), permitted) {
        names.insert(SubjectAltName::Dns(node.name.short().to_owned()));
    }
    names.insert(match &node.address {
        Address::Ip(ip) => SubjectAltName::Ip(*ip),
        Address::Name(name) => SubjectAltName::Dns(name.as_str().to_owned()),
    });
    node.names.iter().for_each(|name| names.insert(name.clone()));
    names.insert(SubjectAltName::Dns("localhost".to_owned()));
    names.insert(SubjectAltName::Ip(std::net::Ipv4Addr::LOCALHOST.into()));
    names.insert(SubjectAltName::Ip(std::net::Ipv6Addr::LOCALHOST.into()));
    names
}
