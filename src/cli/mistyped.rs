//! A command line that cannot be read: one that can, as far as it is known what was meant.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Parser};

use super::Cli;
use model::report::shell_quoted;

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
    *typed.first_mut()? = Cli::command().get_name().to_owned();
    let (unknown, instead) = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            typed.push(text(ContextKind::InvalidArg)?.to_owned());
            return Some(typed);
        }
        ErrorKind::UnknownArgument => (text(ContextKind::InvalidArg)?, text(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            (text(ContextKind::InvalidSubcommand)?, text(ContextKind::SuggestedSubcommand))
        }
        _ => return None,
    };
    let instead = match instead {
        Some(instead) => vec![instead],
        None if is_node_of(command, unknown) => vec!["--node", unknown],
        None => return None,
    };
    let place = typed.iter().position(|word| word == unknown)?;
    typed.splice(place..=place, instead.into_iter().map(str::to_owned));
    Some(typed)
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
