//! The report for a browser: one file that needs no other, readable in light and dark, and well-formed XML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use time::format_description::well_known::Rfc3339;

use super::markup::escaped;
use super::short;
use super::text::{against_goal, verdict};
use super::timeline::timeline;
use crate::{Figures, Measurement, Stage};

const STYLE: &str = include_str!("page.css");
/// More reasons than this are no help.
const REASONS: usize = 20;

/// The whole page.
pub(crate) fn html(measured: &Measurement) -> String {
    let subject = &measured.subject;
    let title = format!(
        "Rehearsal: {} members, {} keys, etcd {}",
        subject.members.len(),
        escaped(&subject.key),
        escaped(&subject.etcd)
    );
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let tone = if measured.judge().is_ok() { "good" } else { "bad" };
    let _ = write!(
        page,
        "<p class=\"quiet\">{}, on loopback, {} writes in {}</p>\n<p class=\"verdict \
         {tone}\">{}</p>\n<p>{}</p>\n",
        measured.began_at.format(&Rfc3339).unwrap_or_default(),
        measured.writes(),
        short(measured.duration()),
        escaped(&verdict(measured)),
        escaped(&against_goal(measured)),
    );
    page.push_str(&timeline(measured));
    page.push_str(&stages(measured));
    page.push_str(&failed_tries(measured));
    page.push_str(EXPLANATION);
    page.push_str("</body>\n</html>\n");
    page
}

const EXPLANATION: &str = "<h2>How to read this</h2>\n<p>A gap is the time from one acknowledged write to \
the next. One over the border of two stages counts for both. The round robin client asks a member that is \
connected, and the next one if a try fails. The pinned client stays on one member until a request of its own \
has not been answered for a second: each restart of its member may cost it that, once. A write is lost if it \
was acknowledged and is not there, with its value, when everything is read back in the end.</p>\n";

fn stages(measured: &Measurement) -> String {
    let mut table = String::from(
        "<h2>Stages</h2>\n<div class=\"wide\"><table>\n<tr><th>stage</th><th>took</th><th>writes</th>",
    );
    for track in &measured.history.writers {
        let _ = write!(table, "<th>longest gap, {}</th>", escaped(track.client));
    }
    table.push_str(
        "<th>longest gap, reads</th><th>tries failed</th><th>failed for good</th><th>lost</th></tr>\n",
    );
    for stage in &measured.stages {
        table.push_str(&row(stage));
    }
    table.push_str("</table></div>\n");
    table
}

fn row(stage: &Stage) -> String {
    let all_clients = |figure: fn(&Figures) -> usize| stage.sum(figure) + figure(&stage.reader);
    let mut row = format!(
        "<tr><td><b>{}</b><br /><span class=\"quiet\">{}</span></td><td>{}</td><td>{}</td>",
        escaped(stage.name),
        escaped(&stage.what),
        short(stage.ended.saturating_sub(stage.began)),
        stage.writes(),
    );
    for figures in stage.writers.iter().chain([&stage.reader]) {
        let _ = write!(row, "<td>{}</td>", short(figures.longest_gap));
    }
    let _ = write!(row, "<td>{}</td>", all_clients(|figures| figures.failed_tries));
    for count in [all_clients(|figures| figures.failed), stage.sum(|figures| figures.lost)] {
        let tone = if count == 0 { "" } else { " class=\"bad\"" };
        let _ = write!(row, "<td{tone}>{count}</td>");
    }
    row + "</tr>\n"
}

/// Tries that failed, counted by whom they asked and why.
fn failed_tries(measured: &Measurement) -> String {
    let history = &measured.history;
    let mut counted: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for track in history.writers.iter().chain([&history.reader]) {
        for failed in &track.failed_tries {
            *counted.entry((track.client, &failed.node, &failed.why)).or_default() += 1;
        }
    }
    if counted.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = counted.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut table = String::from(
        "<h2>Tries that failed</h2>\n<p class=\"quiet\">Each was tried again at once, on another member or \
         the same.</p>\n\
         <div class=\"wide\"><table>\n<tr><th>client</th><th class=\"left\">member</th><th \
         class=\"left\">why</th><th>tries</th></tr>\n",
    );
    for ((client, node, why), count) in rows.into_iter().take(REASONS) {
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td class=\"left\">{}</td><td class=\"left\">{}</td><td>{count}</td></tr>",
            escaped(client),
            escaped(node),
            escaped(why),
        );
    }
    table + "</table></div>\n"
}
