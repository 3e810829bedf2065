//! A command line that cannot be read: one that can, as far as it is known what was meant.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Parser};

use super::Cli;
use model::report::shell_quoted;

const PROGRAM: &str = "zone-etcd";

/// What to type instead of these words, the name of the program first.
pub fn next_step(error: &clap::Error, words: &[String]) -> String {
    let root = Cli::described();
    let (command, mut named) = called(&root, words);
    let meant = meant(error, command, words).filter(|meant| Cli::try_parse_from(meant).is_ok());
    named.push("--help".to_owned());
    let typed = meant.unwrap_or(named);
    typed.iter().map(|word| shell_quoted(word)).collect::<Vec<_>>().join(" ")
}

/// The command that the words call, and its name.
fn called<'c>(mut command: &'c Command, words: &[String]) -> (&'c Command, Vec<String>) {
    let mut named = vec![command.get_name().to_owned()];
    for word in words.iter().skip(1).take_while(|word| *word != "--") {
        if let Some(found) = command.find_subcommand(word) {
            command = found;
            // `help` takes no options.
            named.extend(Some(found.get_name()).filter(|name| *name != "help").map(str::to_owned));
        }
    }
    (command, named)
}

/// The words with the one that was not known put right, or with the one option that they lack.
fn meant(error: &clap::Error, command: &Command, words: &[String]) -> Option<Vec<String>> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.as_str()),
        ContextValue::Strings(texts) if texts.len() == 1 => texts.first().map(String::as_str),
        _ => None,
    };
    let mut typed = words.to_vec();
    *typed.first_mut()? = PROGRAM.to_owned();
    let (unknown, instead) = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let lacking = match text(ContextKind::InvalidArg)? {
                choice if choice.contains("--all") => vec!["--all"],
                "<ARGS>..." => vec!["--", "get", "KEY"],
                other if other.contains('<') => return None,
                other => vec![other],
            };
            typed.extend(lacking.into_iter().map(str::to_owned));
            return Some(typed);
        }
        ErrorKind::UnknownArgument => (text(ContextKind::InvalidArg)?, text(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            (text(ContextKind::InvalidSubcommand)?, text(ContextKind::SuggestedSubcommand))
        }
        _ => return None,
    };
    let instead = match instead {
        _ if let Some(elsewhere) = elsewhere(command, unknown) => elsewhere,
        Some(instead) => vec![instead],
        // Where nodes are named without an option.
        _ if unknown == "--node" && command.get_positionals().any(is_of_nodes) => vec![],
        None if is_node_of(command, unknown) => vec!["--node", unknown],
        None => return None,
    };
    let place = typed.iter().position(|word| word == unknown)?;
    typed.splice(place..=place, instead.into_iter().map(str::to_owned));
    Some(typed)
}

/// What other programs call a command of this one, or the place of a command that is below another.
fn elsewhere<'c>(root: &'c Command, word: &'c str) -> Option<Vec<&'c str>> {
    match (root.get_name(), word) {
        ("snapshot", "take") => return Some(vec!["save"]),
        (PROGRAM, "etcdctl") => return Some(vec!["ctl"]),
        (PROGRAM, "get" | "put" | "del") => return Some(vec!["ctl", "--", word]),
        (PROGRAM, "start") => return Some(vec!["run"]),
        (PROGRAM, _) => {}
        _ => return None,
    }
    let has_it = |group: &&Command| group.find_subcommand(word).is_some_and(|found| !found.is_hide_set());
    let mut groups = root.get_subcommands().filter(has_it);
    let group = groups.next().filter(|_| groups.next().is_none())?;
    Some(vec![group.get_name(), word])
}

fn is_of_nodes(argument: &Arg) -> bool {
    argument.get_value_names().is_some_and(|names| names[0] == "NODE")
}

/// Whether a word is the name of a node, where that is said by an option.
fn is_node_of(command: &Command, word: &str) -> bool {
    let is_name = word.starts_with(|first: char| first.is_ascii_alphanumeric());
    let takes_node = command.get_arguments().any(|argument| {
        argument.get_long() == Some("node")
            && argument.get_value_names().is_some_and(|names| !names[0].contains('='))
    });
    is_name && takes_node
}
