//! Which machine this is, to others.

use std::path::Path;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use zone_pki::{hex, regular_file};

/// What the id is for: no other program has the same one for this machine.
const PURPOSE: &[u8] = b"zone-etcd signing host";
/// The file has 32 digits and a line break.
const LENGTH_AT_MOST: u64 = 64;

/// An id of this machine that says nothing of `/etc/machine-id`, which is not to leave it (machine-id(5)),
/// hexadecimal. None where there is no such file.
pub fn signing_host_id() -> Option<String> {
    let text = regular_file::read_at_most(Path::new("/etc/machine-id"), LENGTH_AT_MOST).ok()?;
    let id = hex::decode(std::str::from_utf8(&text).ok()?.trim()).filter(|id| id.len() == 16)?;
    let mac = sign(&Key::new(HMAC_SHA256, &id), PURPOSE);
    mac.as_ref().get(..16).map(hex::encode)
}
