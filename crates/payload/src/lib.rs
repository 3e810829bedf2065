//! The programs that are packed into our own executable: etcd, etcdctl and etcdutl with the manifest of their
//! bundle, compressed and appended by `scripts/release`.
//!
//! `format` is what is in the file, `append` writes it, `cache` is where it is unpacked, `unpack` does that.

mod append;
mod cache;
mod format;
mod packed;
mod unpack;

pub use append::append;
pub use format::{Fault, Index, Packed, Trailer};
pub use packed::Payload;
pub use unpack::{Place, VARIABLE, lock};
