//! The CAs of the zone: their certificates, their keys, and who may open them.

pub(super) mod authority_files;
pub(super) mod ca_keys;
pub(super) mod ca_passphrase;
pub(super) mod certificates;
pub(super) mod chain;
pub(super) mod create_authorities;
pub(super) mod document_signer;
pub(super) mod held_key;
pub(super) mod transition_cas;
