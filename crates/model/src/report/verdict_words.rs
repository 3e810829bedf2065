//! The colours of verdicts.

/// Verdicts, and the colour of each. What stands further in than a verdict does is prose.
const VERDICTS: [(&str, &str); 15] = [
    ("healthy", GREEN),
    ("ok", GREEN),
    ("up", GREEN),
    ("note", CYAN),
    ("warning", YELLOW),
    ("degraded", YELLOW),
    ("data not compared", YELLOW),
    ("unstarted", YELLOW),
    ("unreachable", RED),
    ("unhealthy", RED),
    ("failed", RED),
    ("no quorum", RED),
    ("down", RED),
    ("absent", RED),
    ("foreign", RED),
];
const GREEN: &str = "32";
const CYAN: &str = "36";
const YELLOW: &str = "33";
const RED: &str = "31";

/// The text, in colour where the first or second word of a line is a verdict, if standard output is a
/// terminal that may have colours.
pub(super) fn painted(text: &str) -> String {
    if !super::terminal::has_colour(&std::io::stdout()) {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| line_painted(line).unwrap_or_else(|| line.to_owned())).collect()
}

fn line_painted(line: &str) -> Option<String> {
    let first = line.find(|c: char| c != ' ').filter(|&start| start <= 2)?;
    let second = line.get(first..)?.find(' ').map(|end| first + end);
    let second = second.and_then(|end| Some(end + line.get(end..)?.find(|c: char| c != ' ')?));
    [Some(first), second].into_iter().flatten().find_map(|start| {
        let (before, rest) = line.split_at_checked(start)?;
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "-.:/".contains(c));
        let verdict = |(word, code): &(_, _)| {
            rest.strip_prefix(*word).filter(|rest| ends(rest)).map(|rest| (*word, *code, rest))
        };
        let (word, code, rest) = VERDICTS.iter().find_map(verdict)?;
        Some(format!("{before}\x1b[{code}m{word}\x1b[0m{rest}"))
    })
}
