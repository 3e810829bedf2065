//! The sections of a page that the arguments do not give.

use clap::Command;
use roff::{Inline, Roff, bold, italic, roman};

use super::SECTION;
use super::examples::of as examples_of;
use super::facts::{ENDS, EXIT_CODES, FILES, Fact, VARIABLES};

pub(super) fn examples(page: &mut Roff, name: &str) {
    let mut shown = examples_of(name).peekable();
    if shown.peek().is_none() {
        return;
    }
    page.control("SH", ["EXAMPLES"]);
    for example in shown {
        page.control("PP", []);
        page.text([roman(format!("{}:", example.what))]);
        page.control("PP", []);
        page.control("RS", ["4"]);
        page.control("nf", []);
        page.text([roman(example.line)]);
        page.control("fi", []);
        page.control("RE", []);
    }
}

pub(super) fn files(page: &mut Roff, command: &Command, name: &str) {
    page.control("SH", ["FILES"]);
    facts(page, &FILES, command, name, |file| italic(file));
}

pub(super) fn environment(page: &mut Roff, command: &Command, name: &str) {
    page.control("SH", ["ENVIRONMENT"]);
    facts(page, &VARIABLES, command, name, |variable| bold(variable));
}

fn facts(page: &mut Roff, known: &[Fact], command: &Command, name: &str, style: fn(&str) -> Inline) {
    for (_, called, what) in known.iter().filter(|(of, ..)| of.has(command, name)) {
        page.control("TP", []);
        page.text([style(called)]);
        page.text([roman(*what)]);
    }
}

/// What the help of the command says of them, and what each means for any command.
pub(super) fn exit_status(page: &mut Roff, command: &Command, name: &str) {
    page.control("SH", ["EXIT STATUS"]);
    if let Some(codes) = command.get_after_help().filter(|_| !name.is_empty()) {
        page.text([roman(codes.to_string().split_whitespace().collect::<Vec<_>>().join(" "))]);
        page.control("PP", []);
    }
    for (_, end) in ENDS.iter().filter(|(of, _)| of.has(command, name)) {
        page.text([roman(*end)]);
        page.control("PP", []);
    }
    page.text([roman("Of every command:")]);
    let codes = EXIT_CODES.iter().map(|(exit, what)| (*exit as u8, *what));
    for (code, what) in std::iter::once((0, "Done.")).chain(codes) {
        page.control("TP", []);
        page.text([bold(code.to_string())]);
        page.text([roman(what)]);
    }
}

/// The pages above this one, and where the documents are.
pub(super) fn see_also(page: &mut Roff, names: &[String]) {
    page.control("SH", ["SEE ALSO"]);
    let mut above = Vec::new();
    for count in 0..names.len() {
        let words = std::iter::once("zone-etcd").chain(names.iter().take(count).map(String::as_str));
        above.push(bold(words.collect::<Vec<_>>().join("-")));
        above.push(roman(format!("({SECTION}), ")));
    }
    above.extend([bold("etcd"), roman("(1), the documents: "), bold("zone-etcd explain")]);
    page.text(above);
}
