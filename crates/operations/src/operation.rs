//! An operation on a zone that runs. It is a list of steps, and each of them the same: gate, change under one
//! lock guard, deliver, seen to be in effect. How far it is, nothing records: it is inferred from what the
//! zone shows, so the same command goes on with what was interrupted.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::whole_seconds;

use crate::event::{Event, Watch};
use crate::interruption::Interruption;
use crate::lock::OperationLock;
use crate::observer::Observer;
use crate::transport::offline::{self, CarriedBundle};
use crate::transport::{Delivered, NodeTransport, Wanted, pack};
use live::{AlarmKind, LiveZone};
use model::config::Node;
use model::disabled_fixes::Fix;
use model::error::Result;
use model::report;
use store::bundle::Sealing;
use store::site::Site;
use store::zone_directory::{Authorities, HeldAuthorities, ZoneDirectory, ZoneLock};

/// What the steps of an operation work with.
pub struct Operation<'o> {
    /// Asks the members.
    pub observer: Observer<'o>,
    /// As the operator typed it: `restart --rolling`.
    name: String,
    /// None where one member alone is concerned, or no member could be asked for it.
    pub(crate) lock: Option<OperationLock>,
    /// How long a member may take to come back.
    pub(crate) limit: Duration,
    /// Nodes, by their short names, whose answers by way of etcd are not waited for.
    pub(crate) without: BTreeSet<String>,
    /// What members are interrupted for.
    pub(crate) interruption: Interruption,
    /// The alarm NOSPACE may be raised, and closes no gate then.
    pub(crate) despite_no_space: bool,
    watch: &'o mut dyn Watch,
}

impl<'o> Operation<'o> {
    /// Begins one that keeps all others away. `limit` is how long a member may take to come back.
    ///
    /// # Errors
    /// Another has begun (exit 75), or the cluster takes no requests.
    pub fn begin(site: &'o Site, name: &str, limit: Duration, watch: &'o mut dyn Watch) -> Result<Self> {
        let lock = OperationLock::take(site, name)?;
        Ok(Self::with(Some(lock), site, name, limit, watch))
    }

    /// Begins one whose lock was taken before; or without it, where one member alone is concerned, or none
    /// could be asked for it.
    pub fn with(
        lock: Option<OperationLock>,
        site: &'o Site,
        name: &str,
        limit: Duration,
        watch: &'o mut dyn Watch,
    ) -> Self {
        let interruption = Interruption::Restart;
        let (observer, name) = (Observer::new(site), name.to_owned());
        let without = BTreeSet::new();
        Self { observer, name, lock, limit, without, interruption, despite_no_space: false, watch }
    }

    /// The same for what helps where a member is out of space. etcd grants no lease then, so it goes without
    /// a lock, if no other operation holds it.
    ///
    /// # Errors
    /// Another has begun (exit 75), or the cluster takes no requests.
    pub fn begin_despite_no_space(
        site: &'o Site,
        name: &str,
        limit: Duration,
        watch: &'o mut dyn Watch,
    ) -> Result<Self> {
        let mut operation = Self::with(None, site, name, limit, watch);
        let live = operation.observer.observe()?;
        operation.ensure_locked_if_there_is_space(&live)?;
        Ok(operation)
    }

    /// Takes the lock, or makes sure that no other operation has it while none can be had.
    ///
    /// # Errors
    /// As [`ensure_locked`](Self::ensure_locked).
    pub(crate) fn ensure_locked_if_there_is_space(&mut self, live: &LiveZone) -> Result<()> {
        if self.lock.is_none() && live.has_alarm(AlarmKind::NoSpace) {
            OperationLock::refuse_held(self.site())?;
            report::message("the alarm NOSPACE is raised: there is no lock that keeps other operations away");
            self.despite_no_space = true;
        }
        self.ensure_locked()
    }

    /// The same operation, which a raised alarm NOSPACE does not keep from anything.
    pub fn despite_no_space(self) -> Self {
        Self { despite_no_space: true, ..self }
    }

    /// The same operation, which interrupts members for something else than a restart.
    pub fn interrupting_for(self, interruption: Interruption) -> Self {
        Self { interruption, ..self }
    }

    /// The same operation, which does not wait for the answers of these nodes.
    pub fn without(self, nodes: BTreeSet<String>) -> Self {
        Self { without: nodes, ..self }
    }

    /// Its lock, for what goes on with it where zone.toml says something else by now.
    pub fn into_lock(self) -> Option<OperationLock> {
        self.lock
    }

    /// As the operator typed it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was typed.
    pub fn site(&self) -> &'o Site {
        self.observer.site
    }

    /// Takes the lock, if it was begun without and can be had; and makes sure of one that was taken before.
    ///
    /// # Errors
    /// As [`begin`](Self::begin), and the lock is lost.
    pub fn ensure_locked(&mut self) -> Result<()> {
        if self.lock.is_none() && !self.despite_no_space {
            self.lock = Some(OperationLock::take(self.site(), &self.name)?);
        }
        self.still_held()
    }

    /// Whether no other has begun. To be asked right before each change.
    ///
    /// # Errors
    /// The lock is lost: exit 75.
    pub fn still_held(&self) -> Result<()> {
        self.lock.as_ref().map_or(Ok(()), OperationLock::still_held)
    }

    /// The same on a runtime that is there.
    pub(crate) async fn verify(&self) -> Result<()> {
        match &self.lock {
            Some(lock) => lock.verify().await,
            None => Ok(()),
        }
    }

    /// Tells who watches.
    pub fn tell(&mut self, event: Event) {
        self.watch.event(event);
    }

    /// Changes the zone directory under its lock, with the CAs as they are then.
    ///
    /// # Errors
    /// Those of the change; the lock of the operation is lost; or what it would be signed with is not valid.
    pub fn change<T>(&self, change: impl FnOnce(&Change<'_>) -> Result<T>) -> Result<T> {
        self.change_with(ZoneLock::authorities, change)
    }

    /// The same where the CAs that sign may not be valid yet: a step back from them.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub fn change_before_its_time<T>(&self, change: impl FnOnce(&Change<'_>) -> Result<T>) -> Result<T> {
        self.change_with(ZoneLock::authorities_before_their_time, change)
    }

    #[tracing::instrument(skip_all, name = "change the zone directory")]
    fn change_with<T>(
        &self,
        read: impl for<'l> FnOnce(&'l ZoneLock, OffsetDateTime) -> Result<HeldAuthorities<'l>>,
        change: impl FnOnce(&Change<'_>) -> Result<T>,
    ) -> Result<T> {
        let zone = self.site().zone_directory()?;
        let stale = match Fix::ReadUnderLock.is_off() {
            true => Some(Authorities::load_before_their_time(
                &zone.paths,
                whole_seconds(OffsetDateTime::now_utc()),
            )?),
            false => None,
        };
        // What was revoked while this waited for the lock is not in what was read before.
        let held = zone.lock()?;
        let now = whole_seconds(OffsetDateTime::now_utc());
        let authorities = match stale {
            Some(stale) => held.stale_authorities(stale),
            None => read(&held, now)?,
        };
        self.still_held()?;
        change(&Change { zone, authorities: &authorities, now })
    }

    /// Changes what the zone refuses, and then what follows from it, with the lists as they are by then:
    /// what cannot be read of them before may be what `record` fixes.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    #[tracing::instrument(skip_all, name = "change the revocation lists")]
    pub fn change_lists<R, T>(
        &self,
        record: impl FnOnce(&ZoneDirectory, &ZoneLock, OffsetDateTime) -> Result<R>,
        change: impl FnOnce(&Change<'_>, R) -> Result<T>,
    ) -> Result<(T, Authorities)> {
        let zone = self.site().zone_directory()?;
        let held = zone.lock()?;
        let now = whole_seconds(OffsetDateTime::now_utc());
        self.still_held()?;
        let recorded = record(zone, &held, now)?;
        let authorities = held.authorities(now)?;
        let changed = change(&Change { zone, authorities: &authorities, now }, recorded)?;
        Ok((changed, authorities.released()))
    }

    /// Brings a node what the zone has for it now. Nothing for one that was revoked.
    ///
    /// # Errors
    /// It is not reached, or does not take it; files are carried to it; or the lock is lost.
    #[tracing::instrument(skip_all, fields(node = node.name.short()))]
    pub fn deliver(&mut self, node: &Node) -> Result<Option<Delivered>> {
        let delivered = self.deliver_what(Wanted::UpToDate, node)?;
        if delivered.is_some() {
            self.tell(Event::Issued { holder: node.name.short().to_owned() });
        }
        Ok(delivered)
    }

    /// Brings a node the revocation lists, beside the certificates that it has. Nothing for one whose
    /// certificates are not whole here.
    ///
    /// # Errors
    /// As [`deliver`](Self::deliver).
    #[tracing::instrument(skip_all, fields(node = node.name.short()))]
    pub fn deliver_lists(&self, node: &Node) -> Result<Option<Delivered>> {
        self.deliver_what(Wanted::Lists, node)
    }

    /// Brings a node what the zone has for it, by the command of `[access]` alone: a command follows that
    /// needs it there.
    ///
    /// # Errors
    /// As [`deliver`](Self::deliver).
    pub(crate) fn deliver_by_command(&mut self, node: &Node) -> Result<()> {
        let delivered = self.hand_over(Wanted::UpToDate, node)?;
        if delivered.is_some() {
            self.tell(Event::Issued { holder: node.name.short().to_owned() });
        }
        Ok(())
    }

    fn deliver_what(&self, wanted: Wanted, node: &Node) -> Result<Option<Delivered>> {
        if !self.delivers_by_etcd(node) {
            return self.hand_over(wanted, node);
        }
        let mut round = self.etcd_round(&[node], &wanted, &mut |_| Ok(()))?;
        let is_reached_by_command =
            || matches!(self.transport(node), NodeTransport::Command(_) | NodeTransport::InPlace);
        match round.failure.take() {
            None if !round.revoked.is_empty() => Ok(None),
            None => Ok(Some(Delivered::by_etcd(node.name.clone()))),
            Some(_) if is_reached_by_command() => self.hand_over(wanted, node),
            Some(failure) => Err(failure),
        }
    }

    fn hand_over(&self, wanted: Wanted, node: &Node) -> Result<Option<Delivered>> {
        let zone = self.site().zone_directory()?;
        let Some(payload) = pack(zone, node, wanted, OffsetDateTime::now_utc())? else { return Ok(None) };
        self.still_held()?;
        payload.carry(zone).map(Some)
    }

    /// Writes what nodes get to which files are carried, each sealed as `seal` says. Those that were revoked
    /// get none.
    ///
    /// # Errors
    /// It cannot be made or written, or the lock is lost.
    pub fn write_bundles<'s>(
        &self,
        nodes: &[&Node],
        out: &Path,
        seal: impl Fn(&Node) -> Result<Sealing<'s>>,
    ) -> Result<Vec<CarriedBundle>> {
        self.change(|change| {
            offline::write_bundles(change.zone, change.authorities, nodes, out, seal, change.now)
        })
    }

    /// The way to a node.
    pub fn transport(&self, node: &Node) -> NodeTransport {
        match self.site() {
            Site::Zone(zone) => NodeTransport::of(zone, node),
            Site::Node(_) => NodeTransport::InPlace,
        }
    }
}

/// The zone directory while one holds its lock.
pub struct Change<'c> {
    /// The zone.
    pub zone: &'c ZoneDirectory,
    /// Its CAs and lists.
    pub authorities: &'c HeldAuthorities<'c>,
    /// When the lock was taken, in whole seconds, as certificates and lists have them.
    pub now: OffsetDateTime,
}
