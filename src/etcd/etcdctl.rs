//! What etcdctl needs to reach a cluster as a client.

use std::path::Path;

use crate::plan::ROOT_FILE;

/// The variables that etcdctl reads, for these endpoints and the certificate of the generation.
pub fn etcdctl_settings(endpoints: &[String], generation: &Path) -> Vec<(&'static str, String)> {
    let file = |name: &str| generation.join(name).display().to_string();
    vec![
        ("ETCDCTL_ENDPOINTS", endpoints.join(",")),
        ("ETCDCTL_CACERT", file(ROOT_FILE)),
        ("ETCDCTL_CERT", file("client.crt")),
        ("ETCDCTL_KEY", file("client.key")),
    ]
}
