//! The goals as one picture: how much of each is used up, on a scale of powers of ten.

use std::fmt::Write;

use crate::report::Judged;

const WIDTH: u32 = 960;
const ROW: u32 = 22;
const TOP: u32 = 64;
const BELOW: u32 = 12;
/// What the rows are about, from here.
const NAMES: u32 = 28;
const BARS: (u32, u32) = (448, 690);
/// Where the columns of text to the right of the bars end.
const FIGURES: u32 = 800;
const GOALS: u32 = 940;
/// The least share that is told apart.
const LEAST: f64 = 0.01;
/// The greatest, beyond which a bar goes on no further.
const MOST: f64 = 3.0;

/// Stated without variables: what draws SVG outside of a browser knows none.
const STYLE: &str = "text{font:13px Helvetica,Arial,\"Liberation Sans\",sans-serif;fill:#1c2128}\
.title,.subject{font-weight:bold}.end{text-anchor:end}.middle{text-anchor:middle}\
.soft{fill:#59636e}.met{fill:#1a7f37}.missed{fill:#b42318}line{stroke:#b6c0cb}\
.paper{fill:#ffffff}.goal{stroke:#1c2128;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9da7b1}line{stroke:#4b5561}\
.paper{fill:#161b22}.goal{stroke:#e6edf3}.met{fill:#5fc97d}.missed{fill:#ff8f85}}";

/// An SVG that has its colours for light and dark.
pub fn svg(goals: &[Judged]) -> String {
    let mut rows = String::new();
    let mut y = TOP;
    let mut subject = "";
    for goal in goals {
        let (of, what) = goal.what.split_once(": ").unwrap_or(("", &goal.what));
        if of != subject {
            subject = of;
            text(&mut rows, "subject", 12, y + 15, of);
            y += ROW;
        }
        row(&mut rows, y, what, goal);
        y += ROW;
    }
    let height = y + BELOW;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Each figure as a share of its goal</title>\n\
         <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n"
    );
    text(&mut svg, "title", 12, 24, "Measured, as a share of the goal: left of the line it is met");
    text(&mut svg, "end soft", FIGURES, TOP - 14, "measured");
    text(&mut svg, "end soft", GOALS, TOP - 14, "goal");
    for (share, label) in [(0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %")] {
        let x = place(share);
        let class = if share == 1.0 { " class=\"goal\"" } else { "" };
        let _ = writeln!(svg, "<line{class} x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\"/>", TOP - 8, y);
        text(&mut svg, "middle soft", x, TOP - 14, label);
    }
    svg + &rows + "</svg>\n"
}

fn row(svg: &mut String, y: u32, what: &str, goal: &Judged) {
    let class = if goal.share <= 1.0 { "met" } else { "missed" };
    let length = (place(goal.share) - BARS.0).max(1);
    text(svg, "", NAMES, y + 15, what);
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{length}\" height=\"{}\"/>",
        BARS.0,
        y + 4,
        ROW - 8
    );
    text(svg, "end", FIGURES, y + 15, &goal.figure);
    text(svg, "end soft", GOALS, y + 15, &goal.goal);
}

fn text(svg: &mut String, class: &str, x: u32, y: u32, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>");
}

fn place(share: f64) -> u32 {
    let part = (share.clamp(LEAST, MOST) / LEAST).log10() / (MOST / LEAST).log10();
    BARS.0 + (part * f64::from(BARS.1 - BARS.0)).round() as u32
}
