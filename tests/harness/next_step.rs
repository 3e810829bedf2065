//! The next steps that the program proposes: each command in them has to be one of ours that parses, and to fit where it was said. Every
//! call that a test makes is looked at, so whatever a test can bring about is tried.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use clap::Parser;
use clap::error::ErrorKind;
use zone_etcd::cli::Cli;

/// Looks at everything that a call has proposed.
#[track_caller]
pub fn check(command: &Command, stderr: &str) {
    let arguments: Vec<OsString> = command.get_args().map(OsString::from).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let is_on_node = (has("--config") || has("--node-dir")) && !has("--zone");
    for step in next_steps(stderr) {
        note(stderr, &step);
        for (before, proposed) in commands_in(&step) {
            let parsed = Cli::try_parse_from(std::iter::once("zone-etcd".to_owned()).chain(proposed.clone()));
            if let Err(error) = parsed
                && !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
            {
                panic!("`zone-etcd {}` does not parse: {error}\nproposed in: {step}", proposed.join(" "));
            }
            // The CAs are on the signing host, and never on a node.
            let is_elsewhere =
                ["signing", "there", "where the CAs are"].iter().any(|word| before.contains(word));
            assert!(
                !is_on_node || is_elsewhere || !proposed.iter().any(|word| word == "--zone"),
                "`zone-etcd {}` needs a zone directory, which a node does not have\nproposed in: {step}",
                proposed.join(" ")
            );
        }
    }
}

/// The parts of standard error that begin with `next: `, each with the lines that belong to it.
fn next_steps(stderr: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_within = false;
    for line in stderr.lines() {
        if let Some(step) = line.strip_prefix("next: ") {
            steps.push(step.to_owned());
            is_within = true;
        } else if let (true, Some(more), Some(step)) =
            (is_within, line.strip_prefix("      "), steps.last_mut())
        {
            step.push('\n');
            step.push_str(more);
        } else {
            is_within = false;
        }
    }
    steps
}

/// The commands of ours in a text, without the name of the program, each with the text before it.
fn commands_in(text: &str) -> Vec<(String, Vec<String>)> {
    const NAME: &str = "zone-etcd ";
    let mut found = Vec::new();
    for (start, _) in text.match_indices(NAME) {
        let before = &text[..start];
        let is_word = before.chars().last().is_none_or(|last| last.is_whitespace() || "`(".contains(last));
        let (words, is_named_only) = words(&text[start + NAME.len()..], before.ends_with('`'));
        let is_command = words.first().is_some_and(|word| is_subcommand(word));
        // "`zone-etcd bundle` printed it": what it is called, and not what to type.
        if is_word && is_command && !is_named_only {
            found.push((before.to_owned(), words));
        }
    }
    found
}

fn is_subcommand(word: &str) -> bool {
    use clap::CommandFactory;
    Cli::command().get_subcommands().any(|command| command.get_name() == word)
}

/// The words of a command as a shell would see them, up to where the sentence goes on; and whether it is only named, in backticks and
/// without arguments.
fn words(text: &str, is_quoted: bool) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    let mut word = String::new();
    // A path with characters that cannot be seen is a call of printf(1).
    let printed = text.replace("\"$(printf '", "'").replace("')\"", "'").replace("$'", "'");
    let (mut is_in_quotes, mut is_escaped) = (false, false);
    for character in printed.chars() {
        match character {
            _ if is_escaped => {
                is_escaped = false;
                word.push(character);
            }
            '\\' if !is_in_quotes => is_escaped = true,
            '\'' => is_in_quotes = !is_in_quotes,
            _ if is_in_quotes => word.push(character),
            '`' | ';' | '\n' | ')' | '&' | '|' | '>' | '<' => break,
            // An explanation stands apart.
            ' ' if word.is_empty() && !words.is_empty() => break,
            ' ' => {
                let ends = word.ends_with([',', ':']);
                let done = std::mem::take(&mut word);
                let done = done.trim_end_matches([',', ':']).to_owned();
                if !done.is_empty() {
                    words.push(done);
                }
                if ends {
                    return finish(words, is_quoted);
                }
            }
            _ => word.push(character),
        }
    }
    if !word.is_empty() {
        words.push(word.trim_end_matches([',', ':']).to_owned());
    }
    finish(words, is_quoted)
}

fn finish(words: Vec<String>, is_quoted: bool) -> (Vec<String>, bool) {
    let has_no_arguments = words.len() <= 2 && !words.iter().any(|word| word.starts_with('-'));
    (words, is_quoted && has_no_arguments)
}

/// Writes down a refusal and what it proposes, where `TEST_NEXT_STEPS` names a file.
fn note(stderr: &str, step: &str) {
    let Some(path) = std::env::var_os("TEST_NEXT_STEPS") else { return };
    let what = stderr.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
    let line = format!("{what}\t{}\n", step.replace('\n', " "));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(Path::new(&path));
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list of next steps");
}
