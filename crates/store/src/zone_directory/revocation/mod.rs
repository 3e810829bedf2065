//! What is revoked: recorded, listed, taken over from other lists, and who gets certificates again.

pub(super) mod adoption;
pub(super) mod record;
pub(super) mod reinstatement;
pub(super) mod revocation_lists;
pub(super) mod revocation_probe;
pub(super) mod revoked_holders;
pub(super) mod signed_list;
