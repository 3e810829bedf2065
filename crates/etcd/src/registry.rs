//! Registries of the discovery service, which any etcd of 3.6 and later can be to other clusters, and any
//! etcd at all to this program.

use super::client::{Answer, MemberClient};
use model::config::{ClusterSize, DiscoveryToken};
use model::plan::{EtcdId, Registry};

/// Keys in one answer.
const PAGE: i64 = 100;
/// A registry with more entries is no one's: they are not read.
const MOST_ENTRIES: usize = 1000;

impl MemberClient {
    /// What is in a registry; none if there is nothing by this token.
    pub async fn registry(&self, token: &DiscoveryToken) -> Answer<Option<Registry>> {
        let size = self.get(token.size_key().as_bytes()).await?;
        let entries = self.registered(token, MOST_ENTRIES).await?;
        if size.is_none() && entries.is_empty() {
            return Ok(None);
        }
        let size = size.map(|pair| text(&pair.value));
        Ok(Some(Registry::read(token, size.as_deref(), &entries)))
    }

    /// Makes a registry for a cluster of this size, if there never was one by this token. Whether it did.
    pub async fn make_registry(&self, token: &DiscoveryToken, size: ClusterSize) -> Answer<bool> {
        if !self.registered(token, 1).await?.is_empty() {
            return Ok(false);
        }
        let (key, value) = (token.size_key(), size.get().to_string());
        Ok(self.put_if_unchanged(key.as_bytes(), value.as_bytes(), 0, 0).await?.is_ok())
    }

    /// Writes the entry of a member, if its key is not there. What is there instead, if something is.
    pub async fn register(&self, token: &DiscoveryToken, id: EtcdId, entry: &str) -> Answer<Option<String>> {
        let key = format!("{}{id}", token.members_prefix());
        Ok(match self.put_if_unchanged(key.as_bytes(), entry.as_bytes(), 0, 0).await? {
            Ok(_) => None,
            Err(present) => Some(present.map(|pair| text(&pair.value)).unwrap_or_default()),
        })
    }

    /// The entries of the members: what follows the prefix in their keys, their values, and when they were
    /// made.
    async fn registered(&self, token: &DiscoveryToken, at_most: usize) -> Answer<Vec<(String, String, i64)>> {
        let prefix = token.members_prefix();
        let (mut from, mut entries) = (prefix.clone().into_bytes(), Vec::new());
        // `0` follows `/`.
        let mut end = from.clone();
        end.pop();
        end.push(b'0');
        loop {
            let page = self.range(&from, &end, PAGE).await?;
            for pair in &page.pairs {
                let key = text(pair.key.get(prefix.len()..).unwrap_or_default());
                entries.push((key, text(&pair.value), pair.create_revision));
            }
            let last = page.pairs.last().filter(|_| page.more && entries.len() < at_most);
            let Some(last) = last else { return Ok(entries) };
            from.clone_from(&last.key);
            from.push(0);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
