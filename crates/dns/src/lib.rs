//! The records by which etcd and its clients discover a zone (SRV, `--discovery-srv`): what they are to be,
//! and what name servers and /etc/hosts say instead.
//!
//! What is to be published follows from `zone.toml` alone, and [`compare`] is pure; [`survey()`] asks. Names
//! are resolved as etcd does, which is built without cgo: by /etc/hosts and by DNS, and by no other module of
//! nsswitch.conf.
//!
//! | module | what it holds |
//! |---|---|
//! | `published` | the records that a zone needs, and those that cannot be published |
//! | `formats` | these records as a zone file, and for dnsmasq |
//! | `message` | a question and its answer on the wire; an answer is untrusted |
//! | `exchange` | a question asked of one server: UDP, TCP for what was truncated, one deadline |
//! | `resolver_files` | /etc/resolv.conf and /etc/hosts, read as Go reads them |
//! | `survey` | all that one server says about a zone |
//! | `members` | the members that records name, judged before a cluster is founded with them |
//! | `comparison` | what is published against what is to be |

mod comparison;
mod exchange;
mod formats;
mod members;
mod message;
mod published;
mod resolver_files;
mod survey;

pub use comparison::{Difference, Kind, compare, compare_hosts};
pub use exchange::{AskError, Limits};
pub use formats::{dnsmasq, zone_file};
pub use members::{RecordFault, Seeker, members};
pub use message::{Answer, Found, Question, Reading, RecordType, read};
pub use published::{HostAddress, Left, Published, Service, SrvRecord, TTL};
pub use resolver_files::{HOSTS, Hosts, RESOLV_CONF, ResolverConfig};
pub use survey::{Seen, Unanswered, survey};
