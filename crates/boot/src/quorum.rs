//! Whether a member takes requests: a read through the quorum by the node's own certificate.

use std::time::Duration;

use tokio::task::JoinSet;

use etcd::client::{ClientCredentials, MemberClient};
use etcd::tls::hostname::host_of;
use live::on_runtime;

use super::members::Members;

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Why no member takes requests; nothing if one does. All are asked at once.
pub(super) fn missing(members: &Members) -> Option<String> {
    let credentials = match &members.files {
        Some(files) => ClientCredentials::of_files(&files.authority, &files.certificate, &files.key),
        None => return Some("the zone has no client certificates".to_owned()),
    };
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(error) => return Some(format!("the certificate cannot be used: {error}")),
    };
    let asked = on_runtime(async {
        let mut asked = JoinSet::new();
        for url in members.endpoints.clone() {
            let client = host_of(&url).ok_or_else(|| "no https://HOST:PORT".to_owned()).and_then(|host| {
                MemberClient::new(&url, host, &credentials, ANSWER_LIMIT).map_err(|error| error.to_string())
            });
            asked.spawn(async move {
                match client {
                    Ok(client) => client.quorum_read().await.map_err(|error| format!("{url}: {error}")),
                    Err(why) => Err(format!("{url}: {why}")),
                }
            });
        }
        let mut failures = Vec::new();
        while let Some(ended) = asked.join_next().await {
            match ended {
                Ok(Ok(_)) => return None,
                Ok(Err(why)) => failures.push(why),
                Err(error) => failures.push(error.to_string()),
            }
        }
        failures.sort();
        Some(failures.join("; "))
    });
    asked.unwrap_or_else(|error| Some(error.to_string()))
}
