//! Configuration: raw text in, domain types out, and every problem reported at once.

mod access;
mod address;
mod boot;
mod cfssl;
mod discovery_names;
mod discovery_settings;
mod document;
mod edit;
mod etcd_version;
mod json_document;
mod local;
mod machine_list;
mod member_list;
mod names;
mod nameservice_base;
mod node;
mod problem;
mod process;
mod readiness;
mod rules;
mod serializer;
mod settings;
mod signed_json;
mod template;
mod tls;
mod toml_document;
mod variable;
mod zone;
mod zone_document;

pub use access::{AccessMethod, AccessSettings};
pub use address::{Address, Port, Protocol};
pub use boot::{BootConfig, GatewaySettings, MemberSource, NameserviceSettings, Reload};
pub use cfssl::CfsslSettings;
pub use discovery_names::{ClusterSize, DiscoveryToken, NoToken, ServiceSuffix};
pub use discovery_settings::{
    DiscoverySettings, DiscoverySource, DnsDiscovery, RegistryAccess, RegistryDiscovery,
};
pub use document::{nearest, nearest_hint};
pub use edit::Edit;
pub use etcd_version::{EtcdVersion, MinorVersion, VersionError};
pub use local::{LocalConfig, PemSource};
pub use machine_list::{Machine, read_machine_list};
pub use member_list::MemberList;
pub use names::{ClientName, DnsName, NameFault, NodeName, ZoneName};
pub use nameservice_base::{BasePlace, NameserviceBase};
pub use node::Node;
pub use problem::{Location, Problem, Severity};
pub use process::{ProcessConfig, RestartPolicy};
pub use readiness::{HttpProbe, Readiness};
pub use settings::{EtcdSettings, PkiSettings, TlsMinimum};
pub use template::{Template, TemplateNode};
pub use tls::{NodeFile, PlaneFiles, Protection, Scheme, TlsFiles};
pub use variable::VariableName;
pub use zone::{ZoneConfig, ZoneConfigError};
pub use zone_document::{ServicePlace, ZoneDocument, ZoneDocumentFault};
