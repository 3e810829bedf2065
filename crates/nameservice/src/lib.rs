//! The zone document over HTTP: fetched from a nameservice, published in the zone's etcd, and served.
//!
//! Nothing that comes from here is to be believed by itself. [`fetch()`] brings bytes, of which a caller
//! verifies the signature and judges what follows ([`model::plan::Acceptance`]); so a nameservice needs no
//! more trust than a USB stick.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@fetch`] | a document from a list of bases, one after the other; is a nameservice ready |
//! | [`mod@publish`] | a document written to the zone's etcd, unless a later one is there |
//! | [`provider`] | the file that tells a nameservice of the zone's etcd |
//! | [`server`] | `nameservice serve`: documents of a directory and of the zone's etcd |

pub mod fetch;
pub mod provider;
pub mod publish;
pub mod server;

pub use fetch::{FetchError, Provider, fetch, probe};
pub use model::config::NameserviceBase as Base;
pub use model::formats::NameserviceProvider;
pub use provider::{ProviderError, read_provider, write_provider};
pub use publish::{NODES_PREFIX, PREFIX, PublishError, Published, publish};

/// In bytes: what a zone document has at most.
pub const DOCUMENT_AT_MOST: usize = 64 << 10;
