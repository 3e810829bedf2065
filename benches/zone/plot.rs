//! The goals as one picture: how much of each is used up, on a scale of powers of ten.

use std::fmt::Write;

use crate::report::Judged;

const WIDTH: u32 = 900;
const ROW: u32 = 24;
/// Where the bars begin, after what they are about.
const LEFT: u32 = 430;
/// For the figure behind the longest bar.
const RIGHT: u32 = 150;
const TOP: u32 = 56;
/// The least share that is told apart.
const LEAST: f64 = 0.01;
/// The greatest, beyond which a bar goes on no further.
const MOST: f64 = 10.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}\
.met{fill:#2da44e}.missed{fill:#cf222e}line{stroke:#8c959f}.goal{stroke:#24292f;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.goal{stroke:#e6edf3}\
.met{fill:#3fb950}.missed{fill:#f85149}}";

/// An SVG that has its colours for light and dark.
pub fn svg(goals: &[Judged]) -> String {
    let height = TOP + ROW * u32::try_from(goals.len()).unwrap_or(u32::MAX / ROW) + 12;
    let bottom = height - 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Measured against the goals</title>\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"12\" y=\"20\">\
         Measured, as a share of the goal: left of the line it is met</text>\n"
    );
    for (share, label) in [(0.01, "1 %"), (0.1, "10 %"), (1.0, "the goal"), (10.0, "10 times")] {
        let x = place(share);
        let class = if share == 1.0 { " class=\"goal\"" } else { "" };
        let _ = writeln!(
            svg,
            "<line{class} x1=\"{x:.0}\" y1=\"{}\" x2=\"{x:.0}\" y2=\"{bottom}\"/>\
             <text x=\"{x:.0}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            TOP - 8,
            TOP - 14
        );
    }
    for (row, goal) in (0..).zip(goals) {
        let y = TOP + ROW * row;
        let end = place(goal.share);
        let class = if goal.share <= 1.0 { "met" } else { "missed" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.0}\" height=\"{}\"/>\
             <text x=\"{:.0}\" y=\"{}\">{}</text>",
            LEFT - 8,
            y + 15,
            escaped(&goal.what),
            y + 3,
            (end - f64::from(LEFT)).max(1.0),
            ROW - 8,
            end + 6.0,
            y + 15,
            escaped(&goal.figure)
        );
    }
    svg + "</svg>\n"
}

fn place(share: f64) -> f64 {
    let width = f64::from(WIDTH - LEFT - RIGHT);
    let part = (share.clamp(LEAST, MOST) / LEAST).log10() / (MOST / LEAST).log10();
    f64::from(LEFT) + part * width
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
