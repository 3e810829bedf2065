//! Text whose parts look different.

use zone_pki::Visible;

use super::terminal;

/// How a part of a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it comes.
    Plain,
    /// A heading.
    Heading,
    /// What stands out in a sentence.
    Strong,
    /// What is typed, or printed by a program.
    Code,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// How it looks.
    pub style: Style,
    /// What it says, on one line.
    pub text: String,
}

impl Span {
    /// Text of this style.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }

    /// Text as it comes.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::Plain, text)
    }
}

/// The lines as text, in colour if standard output is a terminal that may have colours.
pub(super) fn painted(lines: &[Vec<Span>]) -> String {
    let has_colour = terminal::has_colour(&std::io::stdout());
    let mut out = String::new();
    for line in lines {
        for span in line {
            let text = Visible(&span.text).to_string();
            match code(span.style).filter(|_| has_colour) {
                Some(code) => out.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
                None => out.push_str(&text),
            }
        }
        out.push('\n');
    }
    out
}

fn code(style: Style) -> Option<&'static str> {
    match style {
        Style::Plain => None,
        Style::Heading => Some("1;36"),
        Style::Strong => Some("1"),
        Style::Code => Some("33"),
    }
}
