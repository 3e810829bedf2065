//! `explain`: the pages of the documentation, which are in the program.

use std::fmt::Write as _;

use crate::cli::ExplainArgs;
use crate::output::{print, print_styled};
use diagnosis::CHECKS;
use diagnosis::log::explanations;
use documents::{FILES, Page, TOPICS, explain_command, names, page, problems, rendered};
use model::config::nearest;
use model::error::{Exit, Failure, Result};
use model::report::{self, Table, wrapped};

/// Where the width of a terminal is not known.
const COLUMNS: usize = 80;

pub(super) fn run(arguments: &ExplainArgs) -> Result<()> {
    let Some(asked) = &arguments.page else { return print(&list()) };
    if let Some(file) = FILES.iter().find(|file| file.name == asked) {
        return print(file.text);
    }
    let found = called(asked).ok_or_else(|| unknown(asked))?;
    if report::is_terminal() {
        print_styled(&rendered(found, report::columns().unwrap_or(COLUMNS)))?;
    } else {
        print(found.text)?;
    }
    if let Some((_, other)) = problems().find(|(name, _)| *name == found.name()) {
        report::message(&format!("see also: {} ({})", explain_command(other.name()), other.title()));
    }
    Ok(())
}

/// Every page, by topic.
fn list() -> String {
    let head = "zone-etcd explain PAGE shows one of these pages. PAGE may also be what `check`, `doctor` \
                or `doctor --log` call a problem.";
    let mut out = wrapped("", head);
    for topic in TOPICS {
        let mut table = Table::new(&[]);
        for page in topic.pages {
            table.row([page.name().to_owned(), page.title().to_owned()]);
        }
        let _ = write!(out, "\n{}\n{}", topic.title, table.render_indented());
    }
    let _ = writeln!(out, "\nFiles to install, printed as they are");
    FILES.iter().for_each(|file| {
        let _ = writeln!(out, "  {}", file.name);
    });
    out
}

/// The page of this name, or that of a check or of a line that etcd logs.
fn called(name: &str) -> Option<&'static Page> {
    let of_problem = |stem: &str| page(&format!("problems/{stem}"));
    let of_check = || CHECKS.iter().find(|check| check.name == name).and_then(|check| of_problem(check.page));
    let of_line = || explanations().find(|row| row.id == name).and_then(|row| of_problem(row.page));
    page(name).or_else(of_check).or_else(of_line)
}

fn unknown(name: &str) -> Failure {
    let checks = CHECKS.iter().map(|check| check.name);
    let lines = explanations().map(|row| row.id);
    let near = nearest(name, names().chain(checks).chain(lines).chain(FILES.iter().map(|file| file.name)));
    Failure::new(Exit::Usage, format!("there is no page `{name}`")).next(match near {
        Some(near) => format!("did you mean `{near}`? {}", explain_command(near)),
        None => "see which pages there are: zone-etcd explain".to_owned(),
    })
}
