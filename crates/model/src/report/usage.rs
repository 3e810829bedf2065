//! What clap says of a command line. The words that it quotes are the caller's, who may have them from
//! others.

use std::error::Error as _;
use std::io;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use zone_pki::Visible;
use zone_pki::printable::is_visible;

use super::terminal;

/// Where clap refers to the help of a command, which is not named.
const REFERENCE: &str = "For more information, try ";

pub(super) fn print(mut error: clap::Error, next: &str) {
    quote(&mut error);
    // It names the hidden ones as well; the next step shows all that there are for a person.
    error.remove(ContextKind::ValidSubcommand);
    let reason = error.source().map(ToString::to_string).unwrap_or_default();
    // The reason of a parser of ours stands in the midst of clap's text, and its colours.
    let mut text = error.render().ansi().to_string();
    if !is_line(&reason) {
        text = text.replace(&reason, &Visible(&reason).to_string());
    }
    if !terminal::has_colour(&io::stderr()) {
        text = StyledStr::from(text).to_string();
    }
    let text = text.split_once(REFERENCE).map_or(text.as_str(), |(before, _)| before);
    super::to_standard_error(text.trim_end());
    super::to_standard_error(&super::next_step(next));
}

/// Makes visible what clap has noted of the command line.
fn quote(error: &mut clap::Error) {
    let shown = |text: &String| Visible(text).to_string();
    let hidden: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if !is_line(text) => Some((kind, ContextValue::String(shown(text)))),
            ContextValue::Strings(texts) if !texts.iter().all(|text| is_line(text)) => {
                Some((kind, ContextValue::Strings(texts.iter().map(shown).collect())))
            }
            _ => None,
        })
        .collect();
    if !hidden.is_empty() {
        // They quote it as well, as text that is painted already.
        error.remove(ContextKind::Suggested);
    }
    for (kind, value) in hidden {
        error.insert(kind, value);
    }
}

fn is_line(text: &str) -> bool {
    text.chars().all(is_visible)
}
