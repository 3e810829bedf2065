//! Any member that takes requests. Members are restarted and certificates change while a lock is held.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::ClientName;
use crate::error::{Exit, Failure, Result};
use crate::etcd::client::MemberClient;
use crate::live::Credentials;
use crate::site::Site;

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Where the members are, and with what they are asked.
#[derive(Clone, Debug)]
pub(super) struct Members {
    urls: Vec<String>,
    generation: PathBuf,
    status: String,
}

impl Members {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            urls: site.config().client_urls(),
            generation: site.client_generation(&ClientName::admin()),
            status: site.proposed("status"),
        }
    }

    /// A client for each member, with the certificate that is there now.
    pub(super) fn clients(&self) -> Result<Vec<MemberClient>> {
        let credentials = Credentials::load(&self.generation).map_err(|error| {
            Failure::bad_input(format!("cannot use the certificate in {}", self.generation.display()))
                .because(&error)
                .next(format!("see how the members are: {}", self.status))
        })?;
        Ok(self.urls.iter().filter_map(|url| credentials.connect(url, ANSWER_LIMIT).ok()).collect())
    }

    /// The first member that answers a read through the quorum.
    pub(super) async fn first_that_answers(&self) -> Result<MemberClient> {
        for client in self.clients()? {
            if client.quorum_read().await.is_ok() {
                return Ok(client);
            }
        }
        Err(Failure::new(Exit::Unavailable, "no member takes requests")
            .next(format!("see how the members are: {}", self.status)))
    }
}
