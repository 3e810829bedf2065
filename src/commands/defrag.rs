//! `defrag`: database files made smaller, one member after the other; and the way out of the alarm NOSPACE.

use bytesize::ByteSize;
use time::OffsetDateTime;

use crate::arguments::{members_of, open_zone};
use crate::cli::{DefragArgs, Format};
use crate::output::{json, print, print_dry_run};
use live::{AlarmKind, LiveZone, WORTH_DEFRAGMENTING};
use model::error::{Exit, Failure, Result};
use model::report::{Table, message};
use operations::defragmentation::{Defragmentation, Defragmented};
use operations::event::Told;
use operations::interruption::Interruption;
use operations::lock::OperationLock;
use operations::observer::Observer;
use operations::operation::Operation;
use operations::runbook::{DryRun, Gates, Runbook};
use store::clients::bring_admin_up_to_date;
use store::site::Site;

#[tracing::instrument(skip_all, name = "defrag")]
pub(super) fn run(arguments: &DefragArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let nodes = members_of(&site, &arguments.nodes)?;
    site.act_as_owner()?;
    let mut gates = Gates::new(arguments.dry_run);
    if !gates.is_dry_run() {
        bring_admin_up_to_date(&site, now);
    }
    let live = Observer::new(&site).observe()?;
    if arguments.nospace && live.list_is_confirmed && !live.has_alarm(AlarmKind::NoSpace) {
        message("no member has raised the alarm NOSPACE: there is nothing to do");
        return tell(&Defragmented::default(), arguments.format);
    }
    let title = if arguments.nospace { "defrag --nospace" } else { "defrag" };
    if !arguments.nospace {
        gates.pass("no alarm NOSPACE", refuse_out_of_space(&site, &live))?;
    }
    let (mut watch, timeout) = (Told(&site), arguments.timeout.into());
    let operation = match (gates.is_dry_run(), arguments.nospace) {
        (true, false) => Operation::with(None, &site, title, timeout, &mut watch),
        (true, true) => Operation::with(None, &site, title, timeout, &mut watch).despite_no_space(),
        (false, false) => Operation::begin(&site, title, timeout, &mut watch)?,
        (false, true) => Operation::begin_despite_no_space(&site, title, timeout, &mut watch)?,
    };
    let mut operation = operation.interrupting_for(Interruption::Defragmentation);
    if gates.is_dry_run() {
        gates.pass("no other operation", OperationLock::refuse_held(&site))?;
    }
    if gates.is_dry_run() || arguments.nospace {
        // History that is dropped does not come back, so it is known before whether the rest can be done.
        operation.pass_gates_of_cluster(&mut gates, &nodes)?;
    }
    let mut defragmentation = Defragmentation {
        operation: &mut operation,
        nodes,
        over: arguments.over.map_or(WORTH_DEFRAGMENTING, |over| over.as_u64()),
        recovery: arguments.nospace.then_some(arguments.keep_revisions),
        done: Defragmented::default(),
    };
    if gates.is_dry_run() {
        let listed = DryRun::of(title, gates, &defragmentation, &live)?;
        return print_dry_run(listed, arguments.format);
    }
    let ended = defragmentation.run();
    tell(&defragmentation.done, arguments.format)?;
    ended
}

fn refuse_out_of_space(site: &Site, live: &LiveZone) -> Result<()> {
    if !live.has_alarm(AlarmKind::NoSpace) {
        return Ok(());
    }
    Err(Failure::new(Exit::Unavailable, "the alarm NOSPACE is raised: smaller files alone do not end it")
        .next(format!("make room and end it: {}", site.proposed("defrag --nospace"))))
}

fn tell(done: &Defragmented, format: Format) -> Result<()> {
    print(&match format {
        Format::Json => json(done)?,
        Format::Text => text(done),
    })
}

fn text(done: &Defragmented) -> String {
    if done.members.is_empty() && done.left_alone.is_empty() {
        return String::new();
    }
    let iec = |bytes: u64| ByteSize::b(bytes).display().iec().to_string();
    let mut table = Table::new(&["node", "before", "free", "now", "took", "leadership to"]);
    for member in &done.members {
        let before = &member.before;
        table.row([
            before.node.clone(),
            iec(before.size),
            iec(before.free),
            iec(member.size_after),
            format!("{:.2} s", std::time::Duration::from_millis(member.took_ms).as_secs_f64()),
            member.leadership_moved_to.clone().unwrap_or_default(),
        ]);
    }
    for alone in &done.left_alone {
        let (size, free, none) = (iec(alone.size), iec(alone.free), String::new);
        table.row([alone.node.clone(), size, free, "left alone".to_owned(), none(), none()]);
    }
    table.render()
}
