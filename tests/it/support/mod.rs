//! What the tests of this binary share.

mod authority;
mod backend_file;
mod log_file;
mod named_test;
mod one_verdict;
mod others;
mod refusal;
mod stand_in;
mod terminal;
mod text;
mod tree;
mod zone;

pub use authority::{Forged, authority_at, leaf_under};
pub use backend_file::{Bucket, backend_file};
pub use log_file::{
    committed, entry, entry_of, old_request, put_request, snapshot, wrapped, write_log, write_log_with,
    write_segment,
};
pub use named_test::{has_test, names_a_test};
pub use one_verdict::Asked;
pub use others::Others;
pub use refusal::Refusal;
pub use stand_in::{FakeBundle, StandIn, install_program, use_as_nobody};
pub use terminal::{HOSTILE, assert_harmless};
pub use text::{append, replace_in};
pub use tree::Tree;
pub use zone::{copy_of, one_member, one_member_issued, ports, three_members, three_members_issued};

/// A user who owns nothing here.
pub const NOBODY: u32 = 65534;
