//! The wording of a row: literal text with holes.
//!
//! `*` stands for anything, and `{name}` for anything that becomes the fact of that name. Both reach as short
//! as they can up to the literal text that follows; a fact at the end of a pattern reaches up to what cannot
//! be part of a word or address.

use memchr::memmem::Finder;

/// A fact that was taken out of a line: its name in the pattern, and its text.
pub(super) type Fact = (&'static str, String);

/// A fact is cut here, in characters: names, addresses and paths are shorter, and memory stays bounded.
const LONGEST_FACT: usize = 240;

#[derive(Debug)]
pub(super) struct Pattern {
    /// What the text has to contain first. Nearly every pattern fails here, so this is what reading a log
    /// costs.
    start: Finder<'static>,
    /// Each hole with the literal text behind it, which is empty only at the end.
    rest: Vec<(Hole, &'static str)>,
}

#[derive(Clone, Copy, Debug)]
enum Hole {
    Anything,
    Fact(&'static str),
}

impl Pattern {
    /// Takes a pattern apart. What is not well formed is literal text.
    pub(super) fn new(pattern: &'static str) -> Self {
        let (start, mut following) = literal(pattern);
        let mut rest = Vec::new();
        while !following.is_empty() {
            let (hole, after) = match following.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, after)) => (Hole::Fact(name), after),
                None => (Hole::Anything, &following[1..]),
            };
            let (text, next) = literal(after);
            rest.push((hole, text));
            following = next;
        }
        Self { start: Finder::new(start), rest }
    }

    /// The facts of `text`, if it has this wording.
    pub(super) fn facts(&self, text: &str) -> Option<Vec<Fact>> {
        let start = self.start.find(text.as_bytes())?;
        let mut remaining = text.get(start + self.start.needle().len()..)?;
        let mut facts = Vec::new();
        for (hole, literal) in &self.rest {
            let (between, after) = match literal.is_empty() {
                true => remaining.split_at(remaining.find(ends_a_word).unwrap_or(remaining.len())),
                false => remaining.split_once(literal)?,
            };
            if let Hole::Fact(name) = hole {
                facts.push((*name, cut(between)));
            }
            remaining = after;
        }
        Some(facts)
    }
}

/// The value of a field in the text of a line, see [`super::line`].
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    let mut remaining = text;
    loop {
        let after = remaining.split_once(name)?;
        let is_whole = after.0.ends_with("  ");
        remaining = after.1;
        if let (true, Some(value)) = (is_whole, remaining.strip_prefix('=')) {
            let value = value.split_once("  ").map_or(value, |(value, _)| value);
            return (!value.is_empty()).then(|| cut(value));
        }
    }
}

/// Splits at the first hole.
fn literal(pattern: &'static str) -> (&'static str, &'static str) {
    pattern.split_at(pattern.find(['*', '{']).unwrap_or(pattern.len()))
}

fn ends_a_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | ',' | ';' | ')' | '}')
}

fn cut(fact: &str) -> String {
    fact.trim().chars().take(LONGEST_FACT).collect()
}
