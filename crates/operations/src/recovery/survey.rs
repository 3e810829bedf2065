//! The logs of all nodes, asked for in the way of each, and which of them is the best.

use std::collections::BTreeSet;

use crate::recovery_report::LogReport;
use crate::transport::NodeTransport;
use host::beside;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report::enumerated;
use store::site::Site;
use store::zone_directory::ZoneDirectory;

/// What there is to recover from.
#[derive(Debug)]
pub struct Survey<'s> {
    /// The nodes that are given up.
    pub dead: Vec<&'s Node>,
    /// The others that have a member.
    pub survivors: Vec<&'s Node>,
    /// The logs that could be read: of survivors, and of those that are given up.
    pub logs: Vec<(&'s Node, LogReport)>,
    /// The survivors whose log could not be read, and why.
    pub unread: Vec<(&'s Node, Failure)>,
    /// Whether a survivor's member runs, or it is not known.
    pub may_run: bool,
}

impl<'s> Survey<'s> {
    /// Asks all nodes at the same time. `carried` are reports of nodes to which no command leads.
    ///
    /// # Errors
    /// All nodes are given up, or none is, or a report is of no node of this zone: exit 64.
    pub fn ask(site: &'s Site, dead: Vec<&'s Node>, carried: Vec<LogReport>) -> Result<Self> {
        let zone = site.zone_directory()?;
        let is_dead = |node: &Node| dead.iter().any(|dead| dead.name == node.name);
        let survivors: Vec<&Node> = zone.config.members().filter(|node| !is_dead(node)).collect();
        refuse_useless(zone, &dead, &survivors)?;
        let mut survey =
            Self { dead, survivors, logs: Vec::new(), unread: Vec::new(), may_run: !carried.is_empty() };
        for report in carried {
            let node = zone.config.members().find(|node| node.name.full() == report.node);
            let node = node.filter(|_| report.zone == zone.config.name.as_str()).ok_or_else(|| {
                let what = format!("--log: {} is not a member of this zone", report.node);
                Failure::new(Exit::Usage, what).next(zone.config.known_nodes())
            })?;
            survey.logs.push((node, report));
        }
        let known: BTreeSet<&str> = survey.logs.iter().map(|(node, _)| node.name.full()).collect();
        let asked: Vec<&Node> =
            zone.config.members().filter(|node| !known.contains(node.name.full())).collect();
        let answers: Vec<(&Node, Result<LogReport>)> = std::thread::scope(|scope| {
            let ask = |node: &'s Node| (node, beside(scope, move || ask(site, zone, node)));
            let asked: Vec<_> = asked.into_iter().map(ask).collect();
            asked.into_iter().map(|(node, answer)| (node, answer.join())).collect()
        });
        for (node, answer) in answers {
            match answer {
                Ok(report) => {
                    survey.may_run |= report.is_running && !survey.is_dead(node);
                    survey.logs.push((node, report));
                }
                Err(failure) if !survey.is_dead(node) => {
                    survey.may_run = true;
                    survey.unread.push((node, failure));
                }
                // That it is not reached is why it is given up.
                Err(_) => {}
            }
        }
        survey.logs.sort_by_key(|(node, _)| zone.config.members().position(|other| other == *node));
        Ok(survey)
    }

    fn is_dead(&self, node: &Node) -> bool {
        self.dead.iter().any(|dead| dead.name == node.name)
    }

    /// The logs of survivors.
    pub fn of_survivors(&self) -> impl Iterator<Item = &(&'s Node, LogReport)> {
        self.logs.iter().filter(|(node, _)| !self.is_dead(node))
    }

    /// The log that raft itself would elect: with the newest term of the last entry, of those the longest. It
    /// has every entry that was committed and that any survivor has.
    pub fn best(&self) -> Option<&(&'s Node, LogReport)> {
        // Of equals the first.
        self.of_survivors().reduce(|best, one| if one.1.rank() > best.1.rank() { one } else { best })
    }

    /// Refuses survivors whose logs are not all known: the best one may be among those that are not.
    ///
    /// # Errors
    /// Exit 69.
    pub fn refuse_unread(&self, site: &Site) -> Result<()> {
        let Some((node, why)) = self.unread.first() else { return Ok(()) };
        let name = node.name.short();
        let failure = Failure::new(Exit::Unavailable, format!("the log of {name} cannot be read"));
        let failure = std::iter::once(&why.what).chain(&why.causes).cloned().fold(failure, Failure::because);
        let log = site.proposed_on("recover log", name);
        Err(failure.next(format!(
            "read it on {name} and name the file here with --log: {log} --format json > {name}.log.json; if \
             the disk of {name} is lost, name it with --dead"
        )))
    }

    /// Refuses to give up a node whose log can be read, and is better than that of any survivor.
    ///
    /// # Errors
    /// Exit 78.
    pub fn refuse_better_dead(&self) -> Result<()> {
        let Some((best, log)) = self.best() else { return Ok(()) };
        let is_better = |(node, dead): &&(&Node, LogReport)| {
            self.is_dead(node) && dead.cluster_id == log.cluster_id && dead.rank() > log.rank()
        };
        let Some((node, dead)) = self.logs.iter().find(is_better) else { return Ok(()) };
        let (name, best) = (node.name.short(), best.name.short());
        let (theirs, ours) = (dead.position, log.position);
        Err(Failure::new(
            Exit::Configuration,
            format!("{name} is not lost: its log has what that of {best} has not"),
        )
        .because(format!(
            "it ends with entry {} of term {}, and that of {best} with {} of term {}",
            theirs.last_index, theirs.last_term, ours.last_index, ours.last_term
        ))
        .next(format!("leave {name} out of --dead")))
    }

    /// Refuses when the logs that can be read are a majority: their members need only be started.
    ///
    /// # Errors
    /// Exit 78.
    pub fn refuse_majority(&self, site: &Site) -> Result<()> {
        let Some((_, best)) = self.logs.iter().max_by_key(|(_, log)| log.rank()) else { return Ok(()) };
        let voters: BTreeSet<&str> = best
            .members
            .iter()
            .filter(|member| !member.is_learner)
            .map(|member| member.id.as_str())
            .collect();
        let readable: Vec<&str> = self
            .logs
            .iter()
            .filter(|(_, log)| log.cluster_id == best.cluster_id && voters.contains(log.member_id.as_str()))
            .map(|(node, _)| node.name.short())
            .collect();
        if voters.is_empty() || readable.len() <= voters.len() / 2 {
            return Ok(());
        }
        let starts = readable.iter().map(|name| format!("on {name}: {}", site.proposed_on("run", name)));
        let failure =
            Failure::new(Exit::Configuration, "the quorum is not lost: nothing has to be recovered")
                .because(format!(
                    "{} have their data, and are {} of {} voters",
                    enumerated(&readable),
                    readable.len(),
                    voters.len()
                ))
                .because("once they run, they go on with all that was acknowledged");
        let starts: Vec<String> = starts.collect();
        Err(failure.next(format!("start those that do not run: {}", starts.join("; "))))
    }

    /// Refuses logs of different clusters.
    ///
    /// # Errors
    /// Exit 65.
    pub fn refuse_strangers(&self) -> Result<()> {
        let Some((best, log)) = self.best() else { return Ok(()) };
        let Some((other, strange)) =
            self.of_survivors().find(|(_, other)| other.cluster_id != log.cluster_id)
        else {
            return Ok(());
        };
        let (best, other) = (best.name.short(), other.name.short());
        Err(Failure::bad_input(format!("{best} and {other} have data of different clusters"))
            .because(format!("{best}: {}, {other}: {}", log.cluster_id, strange.cluster_id))
            .next(format!("name with --dead the one whose data does not count: --dead {best} or {other}")))
    }
}

fn ask(site: &Site, zone: &ZoneDirectory, node: &Node) -> Result<LogReport> {
    match NodeTransport::of(zone, node) {
        NodeTransport::InPlace => LogReport::read(site, node),
        NodeTransport::Command(command) => command.recover_log(),
        NodeTransport::Offline => {
            Err(Failure::new(Exit::Unavailable, "no command leads there: zone.toml has no [access]"))
        }
    }
}

fn refuse_useless(zone: &ZoneDirectory, dead: &[&Node], survivors: &[&Node]) -> Result<()> {
    let refusal = match (dead, survivors) {
        ([], _) => "no node is named that is lost for good",
        (_, []) => "all nodes are given up: no log is left to recover from",
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, refusal).next(match survivors {
        [] => {
            format!("go on from a snapshot: {}", zone.proposed("recover --dead NODE --method snapshot FILE"))
        }
        _ => format!("name it: {}", zone.proposed("recover --dead NODE")),
    }))
}
