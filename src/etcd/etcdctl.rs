//! What etcdctl needs to reach a cluster as a client.

use std::path::Path;

use crate::plan::{MutualTls, ROOT_FILE};

/// The name and the value of a variable.
type Setting = (&'static str, String);

/// The variables that etcdctl reads, for these endpoints and the certificate of the generation.
pub fn etcdctl_settings(endpoints: &[String], generation: &Path) -> Vec<Setting> {
    with_certificate(
        endpoints,
        [&generation.join(ROOT_FILE), &generation.join("client.crt"), &generation.join("client.key")],
    )
}

/// The same for a certificate of a member that was made elsewhere.
pub fn etcdctl_settings_as_member(endpoints: &[String], mutual: &MutualTls) -> Vec<Setting> {
    let pair = mutual.dials_with();
    with_certificate(endpoints, [&mutual.authority, &pair.certificate, &pair.key])
}

/// The same in a zone in which nobody shows a certificate that is verified.
pub fn etcdctl_settings_unverified(endpoints: &[String]) -> Vec<Setting> {
    vec![("ETCDCTL_ENDPOINTS", endpoints.join(",")), ("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "true".to_owned())]
}

fn with_certificate(endpoints: &[String], [authority, certificate, key]: [&Path; 3]) -> Vec<Setting> {
    let file = |path: &Path| path.to_string_lossy().into_owned();
    vec![
        ("ETCDCTL_ENDPOINTS", endpoints.join(",")),
        ("ETCDCTL_CACERT", file(authority)),
        ("ETCDCTL_CERT", file(certificate)),
        ("ETCDCTL_KEY", file(key)),
    ]
}
