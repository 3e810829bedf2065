//! `completions` and `man`: generated from the command line itself, so that they cannot differ from it.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::output::print;
use model::error::{Exit, Failure, Result};
use store::site::DEFAULT_CONFIG;

pub(super) fn completions(arguments: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "zone-etcd", &mut script);
    let script = String::from_utf8_lossy(&script);
    print(&match arguments.shell {
        // clap_complete sets one form of a name with a hyphen and compares with another, so nothing would be
        // completed after the first word.
        Shell::Bash => script.replace("zone__subcmd__etcd", "zone__etcd"),
        _ => script.into_owned(),
    })
}

pub(super) fn manual_page(arguments: &ManArgs) -> Result<()> {
    let mut root = Cli::command();
    // Fills in what a command inherits, such as its full name.
    root.build();
    let mut command = &root;
    for name in &arguments.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no command `{}`", arguments.command.join(" ")))
                .next("zone-etcd --help lists them")
        })?;
    }
    let title = ["zone-etcd"]
        .into_iter()
        .chain(arguments.command.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("-");
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(title)
        .source(concat!("zone-etcd ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| Failure::internal("cannot make the manual page").because(&error))?;
    // What follows the options are exit codes, of every command that has such a part.
    let page = String::from_utf8_lossy(&page).replace(".SH EXTRA", ".SH \"EXIT STATUS\"");
    print(&(page + &files_section()))
}

/// Where things are that no option names.
fn files_section() -> String {
    format!(
        ".SH FILES\n.TP\n\\fI{DEFAULT_CONFIG}\\fR\nThe local config of an activated node. It is used where \
         neither \\-\\-config nor \\-\\-zone is given, and there is no zone.toml in the working \
         directory.\n.TP\n\\fIzone.toml\\fR\nThe description of a zone, in the zone directory.\n"
    )
}
