//! The etcd of a zone as the discovery service with which other clusters bootstrap (etcd 3.6 and later).
//!
//! It holds a few keys for each of those clusters and has no part in them once they run. The size is written
//! by a transaction that takes no key that is there, so no registry is ever used for a second cluster.

use crate::any_member::Members;
use crate::observer::run;
use etcd::client::{Answer, CallError, MemberClient};
use model::config::{ClusterSize, DiscoveryToken};
use model::error::{Exit, Failure, Result};
use model::plan::Registry;
use model::random;
use store::site::Site;

/// The registries in the etcd of a zone.
pub struct DiscoveryService<'s> {
    site: &'s Site,
    members: Members,
}

/// What became of a registry that was to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// No member begins with it any more.
    Closed,
    /// It was before.
    WasClosed,
}

impl<'s> DiscoveryService<'s> {
    /// That of a zone, asked as `admin`.
    pub fn of(site: &'s Site) -> Self {
        Self { site, members: Members::of(site) }
    }

    /// Makes a registry for a cluster of this size. Without a token, one is drawn.
    ///
    /// # Errors
    /// There is one already, or was, by this token (exit 78), or no member takes requests (69).
    pub fn create(&self, token: Option<DiscoveryToken>, size: ClusterSize) -> Result<DiscoveryToken> {
        let token = match token {
            Some(token) => token,
            None => DiscoveryToken::of(u128::from_be_bytes(random::bytes()?)),
        };
        let is_made = self.ask(async |client| client.make_registry(&token, size).await)?;
        if is_made {
            return Ok(token);
        }
        Err(Failure::new(Exit::Configuration, format!("the token {token} was used before"))
            .because("members that begin with it twice would be let in as if they had never run")
            .next(self.proposed(&format!("create --size {}", size.get()), "leave out --token")))
    }

    /// What is in a registry.
    ///
    /// # Errors
    /// The registry does not exist (exit 66), or no member takes requests (69).
    pub fn registry(&self, token: &DiscoveryToken) -> Result<Registry> {
        let found = self.ask(async |client| client.registry(token).await)?;
        found.ok_or_else(|| self.unknown(token))
    }

    /// Puts what is no number in the place of the size: a member that begins with the token from then on is
    /// refused by its own etcd. Who runs already has no more to do with it.
    ///
    /// # Errors
    /// There is no such registry (exit 66), or no member takes requests (69).
    pub fn close(&self, token: &DiscoveryToken) -> Result<Closing> {
        if self.registry(token)?.is_closed {
            return Ok(Closing::WasClosed);
        }
        let key = token.size_key();
        self.ask(async |client| client.put(key.as_bytes(), DiscoveryToken::CLOSED.as_bytes()).await)?;
        Ok(Closing::Closed)
    }

    fn unknown(&self, token: &DiscoveryToken) -> Failure {
        Failure::new(Exit::MissingInput, format!("there is no registry {token} in this zone"))
            .next(self.proposed("create --size 3", "make one, of as many members as begin"))
    }

    fn proposed(&self, what: &str, does: &str) -> String {
        format!("{does}: {}", self.site.proposed_by_signer(&format!("discovery {what}")))
    }

    fn ask<A>(&self, question: impl AsyncFn(&MemberClient) -> Answer<A>) -> Result<A> {
        run(async {
            let client = self.members.first_that_answers().await?;
            question(&client).await.map_err(|error| self.not_answered(&error))
        })?
    }

    fn not_answered(&self, error: &CallError) -> Failure {
        Failure::new(Exit::Unavailable, "the zone's etcd does not answer for its registries")
            .because(error)
            .next(format!("see how the members are: {}", self.members.proposed_status()))
    }
}
