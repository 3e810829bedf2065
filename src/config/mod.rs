//! Configuration: raw text in, domain types out, and every problem reported at once.

mod address;
mod document;
mod names;
mod problem;
mod rules;
mod settings;
mod template;
mod zone;

pub use address::{Address, Port, Protocol};
pub use document::nearest_hint;
pub use names::{ClientName, DnsName, NameFault, NodeName, ZoneName};
pub use problem::{Location, Problem, Severity};
pub use settings::{EtcdSettings, PkiSettings, TlsMinimum};
pub use template::{Template, TemplateNode};
pub use zone::{Node, ZoneConfig, ZoneConfigError};
