//! A page as statements: sentences, and rows of tables.

/// Each with the heading above it, as its line has it. Code, pictures and lists of links say nothing.
pub fn statements(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in text.lines().map(str::trim).chain([""]) {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        let ends = line.is_empty() || line.starts_with(['#', '|', '!']) || line.starts_with("```");
        if ends || line.starts_with("- ") {
            found.extend(sentences(&paragraph).map(|sentence| (section.clone(), sentence)));
            paragraph.clear();
        }
        if in_code {
            continue;
        }
        if line.starts_with('#') {
            line.clone_into(&mut section);
        } else if let Some(row) = row(line) {
            found.push((section.clone(), row));
        } else if !ends {
            paragraph.push_str(line.trim_start_matches("- "));
            paragraph.push(' ');
        }
    }
    // The line below the head of a table.
    found.retain(|(_, statement)| !statement.is_empty());
    found
}

/// The cells of a row.
fn row(line: &str) -> Option<String> {
    let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let is_rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-'));
    Some(if is_rule { String::new() } else { cells.join("; ") })
}

/// One ends at a point before what begins no word in small letters.
fn sentences(paragraph: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = paragraph.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = rest.match_indices(['.', '!', '?']).map(|(at, end)| at + end.len()).find(|at| {
            let mut after = rest[*at..].chars().skip_while(|c| matches!(c, '*' | ')'));
            after.next() == Some(' ') && after.next().is_some_and(|c| !c.is_lowercase())
        });
        let (sentence, next) = rest.split_at(ends.unwrap_or(rest.len()));
        rest = next.trim_start_matches(['*', ')']).trim_start();
        Some(sentence.to_owned())
    })
    .filter(|sentence| !is_links(sentence))
}

/// Nothing but links, and the topic before them.
fn is_links(sentence: &str) -> bool {
    let mut words = sentence.to_owned();
    while let Some(from) = words.find('[') {
        let Some(to) =
            words[from..].find("](").and_then(|to| words[from + to..].find(')').map(|end| to + end))
        else {
            break;
        };
        words.replace_range(from..=from + to, "");
    }
    let topic = words.split("**").nth(1).unwrap_or_default().to_owned();
    words.replace(&topic, "").chars().all(|c| !c.is_alphanumeric())
}
