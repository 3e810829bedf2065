//! A member that is to be reached elsewhere.

use std::time::Duration;

use super::credentials::Credentials;
use super::{LiveMember, LiveZone};
use model::plan::EtcdId;

impl LiveZone {
    /// Tells the cluster where members reach a member from now on, by way of another that takes requests if
    /// there is one. etcd demands that it is told before the member listens there
    /// (`--initial-advertise-peer-urls` counts only at the first start).
    ///
    /// # Errors
    /// Why the cluster was not told, for people.
    pub async fn update_peer_url(
        &self,
        id: EtcdId,
        url: &str,
        credentials: &Credentials,
        limit: Duration,
    ) -> Result<(), String> {
        let takes_requests = |member: &&LiveMember| {
            member.status.as_ref().is_ok_and(|status| matches!(status.quorum_read, Some(Ok(_))))
        };
        let able: Vec<&LiveMember> = self.members.iter().filter(takes_requests).collect();
        let asked = able.iter().find(|member| member.id() != Some(id)).or(able.first());
        let view = asked.and_then(|member| member.client.as_ref());
        let view = view.ok_or_else(|| "no member takes requests".to_owned())?;
        let client = credentials.connect(&view.url, limit)?;
        let updated = client.member_update(id.0, &[url.to_owned()]).await;
        updated.map_err(|error| error.to_string())
    }
}
