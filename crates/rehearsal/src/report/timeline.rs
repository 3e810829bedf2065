//! The picture: stages as bands, the gaps of each client as a line, and what happened to each member below.

use std::fmt::Write as _;
use std::time::Duration;

use super::markup::escaped;
use super::short;
use crate::{GOAL, Measurement, Track};
use operations::event::Event;

const WIDTH: f64 = 1100.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 10.0;
/// Of the lines, below the names of the stages and the legend.
const TOP: f64 = 76.0;
const HEIGHT: f64 = 220.0;
const LANE: f64 = 22.0;
/// As fine as a screen shows.
const COLUMNS: usize = 500;
/// The axis: from the pace of the writers to the end of their patience, in milliseconds, by powers of ten.
const LEAST: f64 = 1.0;
const MOST: f64 = 10_000.0;
/// The names of the stages stand in two rows, in turn, since a short stage is narrower than its name.
const NAMES: [f64; 2] = [46.0, 60.0];
/// A character of such a name takes no more.
const CHARACTER: f64 = 6.5;

/// The picture, as SVG within the page.
pub(super) fn timeline(measured: &Measurement) -> String {
    let picture = Picture { measured };
    let height = picture.lanes_top() + LANE * measured.subject.members.len() as f64 + 24.0;
    format!(
        "<h2>Timeline</h2>\n<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Longest gap between two answers over time, with stages and \
         restarts\">\n{}{}{}{}{}</svg></div>\n",
        picture.bands(height),
        picture.axes(height),
        picture.legend(),
        picture.lines(),
        picture.lanes(),
    )
}

struct Picture<'m> {
    measured: &'m Measurement,
}

impl Picture<'_> {
    fn lanes_top(&self) -> f64 {
        TOP + HEIGHT + 26.0
    }

    /// Where a time is, from left to right.
    fn x(&self, at: Duration) -> f64 {
        let whole = self.measured.duration().as_secs_f64().max(0.001);
        let since = at.saturating_sub(self.measured.history.steady).as_secs_f64();
        LEFT + (since / whole).min(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn bands(&self, height: f64) -> String {
        let mut out = String::new();
        for (index, stage) in self.measured.stages.iter().enumerate() {
            let (from, to) = (self.x(stage.began), self.x(stage.ended));
            let width = to - from;
            if index % 2 == 0 {
                let _ = writeln!(
                    out,
                    "<rect class=\"band\" x=\"{from:.1}\" y=\"30\" width=\"{width:.1}\" height=\"{:.1}\" />",
                    height - 48.0
                );
            }
            let half = stage.name.chars().count() as f64 * CHARACTER / 2.0;
            let _ = writeln!(
                out,
                "<text class=\"middle\" x=\"{:.1}\" y=\"{}\">{}<title>{}</title></text>",
                ((from + to) / 2.0).clamp(LEFT + half, WIDTH - half),
                NAMES[index % 2],
                escaped(stage.name),
                escaped(&stage.what)
            );
        }
        out
    }

    fn axes(&self, height: f64) -> String {
        let mut out = String::new();
        for (milliseconds, label) in
            [(1.0, "1 ms"), (10.0, "10 ms"), (100.0, "100 ms"), (1000.0, "1 s"), (MOST, "10 s")]
        {
            let y = y(milliseconds);
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" />\
                 <text class=\"small end\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 3.5
            );
        }
        let goal = y(GOAL.as_secs_f64() * 1000.0);
        let _ = writeln!(
            out,
            "<line class=\"goal\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{goal:.1}\" y2=\"{goal:.1}\"><title>goal: \
             at most {} for a client that uses all endpoints</title></line>",
            WIDTH - RIGHT,
            short(GOAL)
        );
        for tenth in 0..=10_u32 {
            let at = self.measured.history.steady + self.measured.duration() * tenth / 10;
            let since = at.saturating_sub(self.measured.history.steady).as_secs_f64();
            let _ = writeln!(
                out,
                "<text class=\"small middle\" x=\"{:.1}\" y=\"{:.1}\">{since:.1} s</text>",
                self.x(at).min(WIDTH - RIGHT - 12.0),
                height - 6.0
            );
        }
        out
    }

    fn legend(&self) -> String {
        let history = &self.measured.history;
        let mut out = String::from("<text x=\"0\" y=\"16\">longest gap:</text>\n");
        let mut x = LEFT + 10.0;
        for (index, track) in history.writers.iter().chain([&history.reader]).enumerate() {
            let _ = writeln!(
                out,
                "<line class=\"series c{index}\" x1=\"{x}\" x2=\"{}\" y1=\"12\" y2=\"12\" /><text x=\"{}\" \
                 y=\"16\">{}</text>",
                x + 24.0,
                x + 30.0,
                escaped(track.client)
            );
            x += 120.0;
        }
        let _ = writeln!(
            out,
            "<rect class=\"away\" x=\"{x}\" y=\"7\" width=\"24\" height=\"9\" /><text x=\"{}\" \
             y=\"16\">member away</text><path class=\"leader\" d=\"{}\" /><text x=\"{}\" y=\"16\">leadership \
             arrives</text><line class=\"issued\" x1=\"{}\" x2=\"{}\" y1=\"6\" y2=\"18\" /><text x=\"{}\" \
             y=\"16\">new certificates</text><line class=\"goal\" x1=\"{}\" x2=\"{}\" y1=\"12\" y2=\"12\" \
             /><text x=\"{}\" y=\"16\">goal, round robin</text>",
            x + 30.0,
            diamond(x + 136.0, 12.0),
            x + 148.0,
            x + 264.0,
            x + 264.0,
            x + 272.0,
            x + 376.0,
            x + 400.0,
            x + 408.0,
        );
        out
    }

    fn lines(&self) -> String {
        let history = &self.measured.history;
        let mut out = String::new();
        let tracks: Vec<&Track> = history.writers.iter().chain([&history.reader]).collect();
        // What matters most is drawn last.
        for (index, track) in tracks.into_iter().enumerate().rev() {
            let mut path = String::new();
            for (column, gap) in self.columns(track).into_iter().enumerate() {
                let x = LEFT + (column as f64 + 0.5) / COLUMNS as f64 * (WIDTH - LEFT - RIGHT);
                let letter = if column == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{x:.1} {:.1} ", y(gap.as_secs_f64() * 1000.0));
            }
            let _ = writeln!(
                out,
                "<path class=\"series c{index}\" d=\"{}\"><title>{}</title></path>",
                path.trim_end(),
                escaped(track.client)
            );
        }
        out
    }

    /// The longest gap that lies in each column, even in part, so that a gap is as wide as it is long.
    fn columns(&self, track: &Track) -> Vec<Duration> {
        let (steady, whole) =
            (self.measured.history.steady, self.measured.duration().as_secs_f64().max(0.001));
        let column = |at: Duration| {
            let part = at.saturating_sub(steady).as_secs_f64() / whole;
            ((part * COLUMNS as f64) as usize).min(COLUMNS - 1)
        };
        let mut columns = vec![Duration::ZERO; COLUMNS];
        let answers = || track.answered.iter().map(|answer| answer.at);
        let ends = answers().skip(1).chain([self.measured.history.ended]);
        for (began, ended) in answers().zip(ends).filter(|(_, ended)| *ended > steady) {
            let gap = ended.saturating_sub(began);
            for longest in &mut columns[column(began)..=column(ended.max(began))] {
                *longest = gap.max(*longest);
            }
        }
        columns
    }

    /// A lane for each member: when it was away, when leadership came to it, and when it had new
    /// certificates.
    fn lanes(&self) -> String {
        let mut out = String::new();
        for (index, member) in self.measured.subject.members.iter().enumerate() {
            let top = self.lanes_top() + LANE * index as f64;
            let middle = top + LANE / 2.0;
            let _ = writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\" />\
                 <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                middle + 4.0,
                escaped(member)
            );
            out.push_str(&self.lane(member, middle));
        }
        out
    }

    fn lane(&self, member: &str, middle: f64) -> String {
        let mut out = String::new();
        for noted in &self.measured.history.events {
            let x = self.x(noted.at);
            let _ = match &noted.event {
                Event::Restarted { node, took } if node == member => {
                    let from = self.x(noted.at.saturating_sub(*took));
                    writeln!(
                        out,
                        "<rect class=\"away\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
                         height=\"9\"><title>{} is restarted: {}</title></rect>",
                        middle - 4.5,
                        (x - from).max(1.5),
                        escaped(node),
                        short(*took)
                    )
                }
                Event::LeaderMoved { from, to } if to == member => writeln!(
                    out,
                    "<path class=\"leader\" d=\"{}\"><title>leadership moves from {} to {}</title></path>",
                    diamond(x, middle),
                    escaped(from),
                    escaped(to)
                ),
                Event::Issued { holder } if holder == member => writeln!(
                    out,
                    "<line class=\"issued\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"><title>new \
                     certificates for {}</title></line>",
                    middle - 7.0,
                    middle + 7.0,
                    escaped(holder)
                ),
                _ => Ok(()),
            };
        }
        out
    }
}

/// Where a gap is, from below to above.
fn y(milliseconds: f64) -> f64 {
    let part = (milliseconds.clamp(LEAST, MOST) / LEAST).log10() / (MOST / LEAST).log10();
    TOP + HEIGHT * (1.0 - part)
}

fn diamond(x: f64, y: f64) -> String {
    format!("M{x:.1} {:.1} L{:.1} {y:.1} L{x:.1} {:.1} L{:.1} {y:.1} Z", y - 6.0, x + 6.0, y + 6.0, x - 6.0)
}
