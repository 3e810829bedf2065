//! Commands of ours in a text, read as a shell and our command line would read them.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use zone_etcd::cli::Cli;

const NAME: &str = "zone-etcd ";
/// The options that say how a bundle is sealed.
const SEALS: [&str; 6] = [
    "--no-encryption",
    "--passphrase-file",
    "--passphrase-fd",
    "--passphrase-credential",
    "--recipient",
    "--recipients-file",
];

/// A command, without the name of the program.
pub struct Typed {
    /// What stands before it.
    pub before: String,
    pub words: Vec<String>,
    /// Whether it is only named, in backticks and without arguments.
    pub is_named_only: bool,
}

impl Typed {
    /// Whether it is a command of ours at all.
    pub fn is_subcommand(&self) -> bool {
        let first = self.words.first().map(String::as_str);
        Cli::command().get_subcommands().any(|command| Some(command.get_name()) == first)
    }

    /// Whether it stands where a shell takes it for a command.
    pub fn is_in_command_position(&self) -> bool {
        let before = self.before.trim_end();
        let is_remote = before.rsplit(' ').next().is_some_and(|word| word.contains('@'));
        before.is_empty() || is_remote || ["|", "&", ";", " --"].iter().any(|end| before.ends_with(end))
    }

    pub fn has(&self, option: &str) -> bool {
        self.words.iter().any(|word| word == option)
    }

    /// Why it would not do what it is for, if that can be told without running it.
    pub fn fault(&self) -> Option<String> {
        let parsed =
            Cli::try_parse_from(std::iter::once("zone-etcd").chain(self.words.iter().map(String::as_str)));
        if let Err(error) = parsed
            && !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
        {
            return Some(format!("it does not parse: {error}"));
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let makes_bundles = words.first() == Some(&"bundle") || words.starts_with(&["pki", "rotate-ca"]);
        let is_bundle = makes_bundles && self.has("--out");
        if is_bundle && !SEALS.iter().any(|seal| self.has(seal)) {
            return Some("nothing says how the bundle is sealed".to_owned());
        }
        // `zone-etcd member add` takes the steps itself.
        let is_etcdctl = words.first() == Some(&"ctl");
        if is_etcdctl && words.windows(2).any(|pair| pair == ["member", "add"]) && !self.has("--learner") {
            return Some("a member is added as a learner, which cannot cost the quorum".to_owned());
        }
        let has_endpoint = words.iter().any(|word| word.starts_with("--endpoints="));
        if is_etcdctl && words.windows(2).any(|pair| pair == ["snapshot", "save"]) && !has_endpoint {
            return Some("a snapshot is of one member, and `ctl` names all of them".to_owned());
        }
        None
    }
}

/// Whatever follows the name of the program in a text.
pub fn commands_in(text: &str) -> Vec<Typed> {
    let starts = text.match_indices(NAME).filter(|(start, _)| {
        text[..*start].chars().last().is_none_or(|last| last.is_whitespace() || "`(".contains(last))
    });
    starts
        .map(|(start, _)| {
            let before = text[..start].to_owned();
            let (words, is_named_only) = words(&text[start + NAME.len()..], before.ends_with('`'));
            Typed { before, words, is_named_only }
        })
        .collect()
}

/// The words of a command as a shell would see them, up to where the sentence goes on; and whether it is only
/// named, in backticks and without arguments.
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
            '<' | '>' => {
                // The number of a descriptor belongs to the redirection.
                if word.chars().all(|character| character.is_ascii_digit()) {
                    word.clear();
                }
                break;
            }
            '`' | ';' | '\n' | ')' | '&' | '|' => break,
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
