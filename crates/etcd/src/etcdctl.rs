//! What etcdctl needs to reach a cluster as a client.

use std::path::{Path, PathBuf};

use model::plan::{CLIENT_ROLE, MutualTls, ROOT_FILE};

/// The name and the value of a variable.
type Setting = (&'static str, String);

/// The variables that etcdctl reads, for these endpoints and the certificate of the generation.
pub fn etcdctl_settings(endpoints: &[String], generation: &Path) -> Vec<Setting> {
    with_certificate(
        endpoints,
        [ROOT_FILE, &CLIENT_ROLE.certificate_file(), &CLIENT_ROLE.key_file()]
            .map(|file| generation.join(file))
            .each_ref()
            .map(PathBuf::as_path),
    )
}

/// The same for a certificate of a member that was made elsewhere.
pub fn etcdctl_settings_as_member(endpoints: &[String], mutual: &MutualTls) -> Vec<Setting> {
    let pair = mutual.dials_with();
    with_certificate(endpoints, [&mutual.authority, &pair.certificate, &pair.key])
}

/// The same in a zone that verifies no certificates.
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
