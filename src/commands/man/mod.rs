//! `man`: pages that are generated from the command line itself, so that they cannot differ from it, with
//! examples and what else a command takes to be known.

mod examples;
mod facts;
mod sections;

use std::fs;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use roff::Roff;

use crate::cli::{Cli, ManArgs};
use crate::output::print;
use model::error::{Exit, Failure, Result};
use model::report;
use sections::{environment, examples, exit_status, files, see_also};
use zone_pki::ShowPath;

/// The section of the manual that has programs, and with it the end of a page's file.
const SECTION: &str = "1";

pub(super) fn run(arguments: &ManArgs) -> Result<()> {
    let root = Cli::described();
    match &arguments.out {
        Some(directory) => write_all(&root, directory),
        None => print(&page(command_named(&root, &arguments.command)?, &arguments.command)?),
    }
}

fn command_named<'c>(root: &'c Command, names: &[String]) -> Result<&'c Command> {
    names.iter().try_fold(root, |command, name| command.find_subcommand(name)).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("there is no command `{}`", names.join(" ")))
            .next("zone-etcd --help lists them")
    })
}

fn write_all(root: &Command, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| Failure::write(directory, &error))?;
    let mut written = 0;
    let mut open = vec![(root, Vec::new())];
    while let Some((command, names)) = open.pop() {
        let path = directory.join(format!("{}.{SECTION}", title(&names)));
        fs::write(&path, page(command, &names)?).map_err(|error| Failure::write(&path, &error))?;
        written += 1;
        let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
        open.extend(shown.filter(|command| command.get_name() != "help").map(|command| {
            let name = command.get_name().to_owned();
            (command, names.iter().cloned().chain([name]).collect())
        }));
    }
    report::message(&format!("{written} pages in {}", directory.shown()));
    Ok(())
}

fn title(names: &[String]) -> String {
    std::iter::once("zone-etcd").chain(names.iter().map(String::as_str)).collect::<Vec<_>>().join("-")
}

fn page(command: &Command, names: &[String]) -> Result<String> {
    let name = names.join(" ");
    let man = Man::new(command.clone().disable_help_subcommand(true))
        .title(title(names))
        .source(concat!("zone-etcd ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    let has_subcommands = command.get_subcommands().any(|command| !command.is_hide_set());
    let generated = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| if has_subcommands { man.render_subcommands_section(&mut page) } else { Ok(()) });
    generated.map_err(|error| Failure::internal("cannot make the manual page").because(&error))?;
    let mut own = Roff::new();
    examples(&mut own, &name);
    files(&mut own, command, &name);
    environment(&mut own, command, &name);
    exit_status(&mut own, command, &name);
    see_also(&mut own, names);
    Ok(String::from_utf8_lossy(&page).into_owned() + &without_preamble(&own))
}

/// What roff writes before each document is there already.
fn without_preamble(part: &Roff) -> String {
    let text = part.render();
    let start = text.find(".SH ").unwrap_or_default();
    text.get(start..).unwrap_or_default().to_owned()
}
