//! The start protocol as it goes on in time: a start shows itself, watches the others, and takes one step
//! after the other until it becomes etcd or is refused. What is decided is in [`model::plan`]; here is when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::{RevocationList, regular_file};

use super::failures::refusal_failure;
use super::own_presence::OwnPresence;
use super::{Launch, Start};
use crate::presence::{Arrivals, Repeat, Watch};
use etcd::PeerQuestion;
use model::error::{Failure, Result};
use model::plan::{
    ANSWER_LIMIT, Awaited, AwaitedFor, Forward, LocalState, Observation, Peer, PeerState, Plane, Refusal,
    START_ORDER_LIMIT, StartDecision, StartOrder, Step, WaitsTo, decide, start_order,
};
use model::report::{self, Progress, Unit};

/// An event, or the moment in which a span of time ends.
const PAUSE: Duration = Duration::from_millis(5);
/// The same while others are waited for that need time.
const LONG_PAUSE: Duration = Duration::from_millis(100);
/// A longer wait is reported, with the members waited for, and then every minute.
const PATIENCE: Duration = Duration::from_secs(1);
const REMINDER: Duration = Duration::from_secs(60);

impl Launch<'_> {
    /// Decides how the member starts without touching anything: what `run` would do now. If `asking` is false
    /// the others count as not heard of.
    pub fn decide_now(&self, asking: bool) -> Result<Start> {
        let peers =
            if asking && self.has_others() { self.ask_once(&self.question()?)? } else { self.unheard() };
        let step = decide(&self.observed, &peers).map_err(|refusal| self.refused(&refusal))?;
        let (decision, awaited) = match step {
            Step::Start(decision) => (decision, Vec::new()),
            Step::Commit => (StartDecision::Bootstrap, Vec::new()),
            Step::Wait(WaitsTo::Found, awaited) if !needs_the_operator(&awaited) => {
                (StartDecision::Bootstrap, awaited)
            }
            Step::Wait(to, awaited) => {
                let awaited = self.through_forwards(awaited);
                return Err(self.refused(&Refusal::WaitedInVain { to, awaited }));
            }
        };
        Ok(self.start(decision, peers, awaited))
    }

    /// Takes one step after the other until the member is to become etcd.
    /// `before_writing` is called before anything is written or waited for, and may refuse the start.
    #[tracing::instrument(skip_all, name = "decide")]
    pub fn proceed(
        &self,
        announced: &OwnPresence,
        before_writing: &mut dyn FnMut() -> Result<()>,
        now: OffsetDateTime,
    ) -> Result<Start> {
        let mut watch = self.watch(&self.question()?, Repeat::Yes, &announced.arrivals())?;
        let mut observed = self.observed.clone();
        let mut noted = false;
        if let (LocalState::Log(ids), Some(past)) = (self.shown()?, observed.disk.past)
            && past.ids == ids
        {
            // It is this member's log whatever the others say, and they are asked meanwhile.
            before_writing()?;
            self.note_early(&observed, &Step::Start(StartDecision::Resume(ids)), now)?;
            noted = true;
        }
        let mut waiting = Waiting::new();
        loop {
            announced.hears(watch.hears());
            let peers = watch.peers();
            let in_time = watch.elapsed() < ANSWER_LIMIT && !watch.has_heard_all();
            match decide(&observed, &peers) {
                Err(_) if in_time => {}
                Err(refusal) if may_pass(&refusal, &watch) => {}
                Err(refusal) => return Err(self.refused(&refusal)),
                Ok(step @ Step::Commit) => {
                    before_writing()?;
                    observed = self.carry_out(&observed, &step, now)?;
                    announced.show(self, &observed)?;
                    continue;
                }
                Ok(Step::Start(StartDecision::Resume(_) | StartDecision::Join(_))) if in_time => {}
                Ok(Step::Start(decision)) => {
                    before_writing()?;
                    return self.start_in_turn(watch, observed, noted, decision, announced, now);
                }
                Ok(Step::Wait(to, awaited)) => {
                    // What cannot work is not waited for.
                    before_writing()?;
                    let awaited = self.through_forwards(awaited);
                    if let Some(awaited) = waiting.is_over(&self.member.member.name, to, awaited) {
                        return Err(self.refused(&Refusal::WaitedInVain { to, awaited }));
                    }
                }
            }
            watch.wait(if in_time || waiting.is_new() { PAUSE } else { LONG_PAUSE });
        }
    }

    /// The only member of a zone does not wait.
    #[tracing::instrument(skip_all, name = "decide")]
    pub(super) fn proceed_alone(&self, now: OffsetDateTime) -> Result<Start> {
        let mut observed = self.observed.clone();
        loop {
            let step = decide(&observed, &[]).map_err(|refusal| self.refused(&refusal))?;
            if let Step::Start(decision) = step {
                // What is on disk then, etcd reads: nothing is decided by it any more.
                self.write_down(&observed, &Step::Start(decision.clone()), now)?;
                return Ok(self.start(decision, Vec::new(), Vec::new()));
            }
            observed = self.carry_out(&observed, &step, now)?;
        }
    }

    /// Writes down what is decided, so that all members do that at the same time, unless it was `noted`
    /// before, and waits for this one's turn.
    #[tracing::instrument(skip_all, level = "debug", name = "take turn")]
    fn start_in_turn(
        &self,
        mut watch: Watch,
        mut observed: Observation,
        noted: bool,
        decision: StartDecision,
        announced: &OwnPresence,
        now: OffsetDateTime,
    ) -> Result<Start> {
        if noted {
            self.forget_attempt()?;
        } else {
            observed = self.carry_out(&observed, &Step::Start(decision.clone()), now)?;
            announced.show(self, &observed)?;
        }
        let founding = (decision == StartDecision::Bootstrap)
            .then_some((self.member.cluster.id, &self.member.member.peer_url));
        let begun = if founding.is_some() { Instant::now() } else { Instant::now() - watch.elapsed() };
        let mut told = false;
        while let StartOrder::WaitFor(places) = start_order(&watch.last_seen(founding), begun.elapsed()) {
            if begun.elapsed() > PATIENCE && !told {
                report::message(&format!(
                    "{} waits for {}, at most {} s: members that start at the same instant would hold each \
                     other up",
                    self.member.member.name,
                    watch.names(&places).join(", "),
                    START_ORDER_LIMIT.as_secs()
                ));
                told = true;
            }
            watch.wait(PAUSE);
        }
        // More may have been heard in the meantime.
        loop {
            let peers = watch.peers();
            return match decide(&observed, &peers) {
                Err(refusal) if may_pass(&refusal, &watch) => {
                    watch.wait(PAUSE);
                    continue;
                }
                Err(refusal) => Err(self.refused(&refusal)),
                Ok(Step::Start(StartDecision::Join(join))) if matches!(decision, StartDecision::Join(_)) => {
                    Ok(self.start(StartDecision::Join(join), peers, Vec::new()))
                }
                Ok(_) => Ok(self.start(decision, peers, Vec::new())),
            };
        }
    }

    pub(super) fn refused(&self, refusal: &Refusal) -> model::error::Failure {
        refusal_failure(self.site, &self.member, self.observed.disk.data, refusal)
    }

    fn shown(&self) -> Result<LocalState> {
        self.observed.local_state().map_err(|refusal| self.refused(&refusal))
    }

    pub(super) fn has_others(&self) -> bool {
        self.member.cluster.members.len() > 1
    }

    /// Asks every other member once, and takes what there is when time is over.
    #[tracing::instrument(skip_all, name = "ask peers")]
    fn ask_once(&self, question: &PeerQuestion) -> Result<Vec<Peer>> {
        let mut watch = self.watch(question, Repeat::No, &Arrivals::default())?;
        while !watch.has_heard_all() {
            watch.wait(ANSWER_LIMIT.saturating_sub(watch.elapsed()));
        }
        Ok(watch.peers())
    }

    fn watch(&self, question: &PeerQuestion, repeat: Repeat, arrivals: &Arrivals) -> Result<Watch> {
        let config = self.site.config();
        let full_name = |short: &str| {
            config.node(short).map_or_else(|| short.to_owned(), |node| node.name.full().to_owned())
        };
        let forward = |short: &str| self.forward_to(short);
        Watch::start(&self.member, question, &self.expected(), repeat, arrivals, full_name, forward)
            .map_err(|error| Failure::no_thread(&error))
    }

    fn forward_to(&self, name: &str) -> Option<Forward> {
        Forward::to(self.site.config().node(name)?, Plane::Peer)
    }

    /// The same, with what is to be done on this host for those behind gateways.
    fn through_forwards(&self, awaited: Vec<Awaited>) -> Vec<Awaited> {
        let through = |Awaited { name, what }| match (self.forward_to(&name), what) {
            (Some(forward), what @ AwaitedFor::Reply) => Awaited {
                name,
                what: AwaitedFor::Repair(format!(
                    "{what} through the forward of this host: its gateway does not reach it ({})",
                    forward.gateway_line()
                )),
            },
            (_, what) => Awaited { name, what },
        };
        awaited.into_iter().map(through).collect()
    }

    fn unheard(&self) -> Vec<Peer> {
        let others = self.member.cluster.members.iter().filter(|other| other.name != self.member.member.name);
        others
            .map(|other| Peer {
                name: other.name.clone(),
                url: other.peer_url.clone(),
                state: PeerState::NotHeard,
                says: None,
            })
            .collect()
    }

    /// The list of revoked certificates of the peer plane; none where none are verified, or it cannot be
    /// read, which is told elsewhere.
    pub(super) fn revoked_peers(&self) -> Option<Arc<RevocationList>> {
        let path = self.member.peer_plane.mutual()?.revocations.as_ref()?;
        if let Some(read) = self.certificates.read() {
            return Some(Arc::new(read.revocations(Plane::Peer).clone()));
        }
        let der = regular_file::read(path).ok()?;
        RevocationList::from_der(&der).ok().map(Arc::new)
    }
}

/// Whether a refusal rests on what others say that may be behind: they catch up once they have a quorum.
fn may_pass(refusal: &Refusal, watch: &Watch) -> bool {
    matches!(refusal, Refusal::NeverRanThere { .. }) && watch.elapsed() < START_ORDER_LIMIT
}

fn needs_the_operator(awaited: &[Awaited]) -> bool {
    awaited.iter().any(|awaited| awaited.what.needs_the_operator())
}

/// How long it has been waited, and what was said of it.
struct Waiting {
    /// Since when it has been waited for anything at all.
    begun: Instant,
    since: Instant,
    to: Option<WaitsTo>,
    /// Since when one has been there that waiting will not change.
    stuck: Option<Instant>,
    told: Option<Instant>,
    /// On a terminal, as long as it waits for the same.
    shown: Option<Progress>,
}

impl Waiting {
    fn new() -> Self {
        Self { begun: Instant::now(), since: Instant::now(), to: None, stuck: None, told: None, shown: None }
    }

    /// Whether no wait was long enough to be worth longer pauses.
    fn is_new(&self) -> bool {
        self.begun.elapsed() < 2 * START_ORDER_LIMIT
    }

    /// Whom it was waited for in vain, once there is no point in waiting longer. Tells the operator now and
    /// then.
    fn is_over(&mut self, name: &str, to: WaitsTo, awaited: Vec<Awaited>) -> Option<Vec<Awaited>> {
        if self.to != Some(to) {
            *self = Self { begun: self.begun, to: Some(to), ..Self::new() };
        }
        self.stuck = match self.stuck {
            _ if !needs_the_operator(&awaited) => None,
            None => Some(Instant::now()),
            since => since,
        };
        // Others that change their minds do not make it wait for ever.
        let is_over = self.since.elapsed() >= to.limit() || self.begun.elapsed() >= WaitsTo::Found.limit();
        if is_over || self.stuck.is_some_and(|since| since.elapsed() >= START_ORDER_LIMIT) {
            return Some(awaited);
        }
        let is_due = match self.told {
            None => self.since.elapsed() >= PATIENCE,
            Some(told) => told.elapsed() >= REMINDER,
        };
        if is_due {
            self.told = Some(Instant::now());
            let whom = with_reasons(&awaited);
            let what = match to {
                WaitsTo::Found => "all members have to be there to bootstrap the cluster",
                WaitsTo::Join => "a majority of the cluster's voters has to expect this member",
                WaitsTo::BelieveTheOperator => "most of the zone has to say that this member never ran",
            };
            report::message(&format!(
                "{name} waits for {}: {what}; it gives up after {} s",
                whom,
                to.limit().as_secs()
            ));
        }
        if self.told.is_some() {
            let (waited, limit) = (self.since.elapsed().as_secs(), to.limit().as_secs());
            let shown =
                self.shown.get_or_insert_with(|| Progress::begin("waiting", Unit::SecondsAtMost, limit));
            shown.set(waited);
            shown.tell(&with_reasons(&awaited));
        }
        None
    }
}

fn with_reasons(awaited: &[Awaited]) -> String {
    let each = awaited.iter().map(|awaited| format!("{} ({})", awaited.name, awaited.what));
    each.collect::<Vec<_>>().join(", ")
}
