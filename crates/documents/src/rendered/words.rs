//! Text as words, which are put on lines.

use model::report::{Span, Style};
use unicode_width::UnicodeWidthStr;

/// A blank at which no line ends.
pub(super) const NO_BREAK: &str = "\u{a0}";

/// What stays on one line, with the styles of its parts.
pub(super) type Word = Vec<Span>;

pub(super) fn width_of(word: &Word) -> usize {
    word.iter().map(|span| span.text.width()).sum()
}

/// The words of a text.
pub(super) fn words_of(spans: Vec<Span>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut is_open = false;
    for span in spans {
        for (index, part) in span.text.split([' ', '\n']).enumerate() {
            is_open &= index == 0;
            if part.is_empty() {
                continue;
            }
            let part = Span::new(span.style, part.replace(NO_BREAK, " "));
            match words.last_mut().filter(|_| is_open) {
                Some(word) => word.push(part),
                None => words.push(vec![part]),
            }
            is_open = true;
        }
    }
    words
}

/// The words in lines of at most `limit` columns: the first after `first`, the others after `indent`. A word
/// that is longer than a line stands alone.
pub(super) fn wrapped(first: &str, indent: &str, words: &[Word], limit: usize) -> Vec<Vec<Span>> {
    let mut lines = vec![vec![Span::plain(first)]];
    let (mut column, mut start) = (first.width(), first.width());
    for word in words {
        if column > start && column + 1 + width_of(word) > limit {
            lines.push(vec![Span::plain(indent)]);
            (column, start) = (indent.width(), indent.width());
        }
        let Some(line) = lines.last_mut() else { break };
        if column > start {
            let blank = blank_between(line.last(), word.first());
            append(line, blank);
            column += 1;
        }
        column += width_of(word);
        word.iter().cloned().for_each(|span| append(line, span));
    }
    lines
}

/// Adds to a line; what looks the same is one part.
fn append(line: &mut Vec<Span>, span: Span) {
    match line.last_mut() {
        Some(last) if last.style == span.style => last.text.push_str(&span.text),
        _ => line.push(span),
    }
}

fn blank_between(before: Option<&Span>, after: Option<&Span>) -> Span {
    let style = match (before, after) {
        (Some(before), Some(after)) if before.style == after.style => before.style,
        _ => Style::Plain,
    };
    Span::new(style, " ")
}
