//! The `zone.toml` that `init` is to write, from its options or from a list of machines.

use std::path::{Path, PathBuf};

use zone_pki::{ShowPath, regular_file};

use crate::arguments::parse_node;
use crate::cli::InitArgs;
use model::config::{
    CfsslSettings, Location, Machine, Problem, Severity, Template, TemplateNode, ZoneConfig,
    read_machine_list,
};
use model::error::{Exit, Failure, Result};
use model::plan::ZonePaths;
use model::report;

/// The text of the new `zone.toml`, or none if there is one. It is read again before anything is written, so
/// a bad option leaves nothing behind.
pub(super) fn of(arguments: &InitArgs, paths: &ZonePaths) -> Result<Option<String>> {
    let present = match regular_file::read_to_string(&paths.config()) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::read(&paths.config(), &error)),
    };
    let names_nodes = !arguments.nodes.is_empty() || arguments.nodes_from.is_some();
    if present.is_some() && arguments.name.is_none() && !names_nodes {
        return Ok(None);
    }
    let described_already = || {
        Failure::new(Exit::CannotCreate, format!("{} is there already", paths.config().shown()))
            .because("--name and --node describe a new zone, and it describes another")
            .next("edit the file, or choose another directory with --zone")
    };
    let Some(name) = &arguments.name else {
        return Err(match present {
            Some(_) => described_already(),
            None => Failure::new(Exit::Usage, format!("there is no {}", paths.config().shown()))
                .next("describe the zone: --name example.zone --node node1=10.0.1.10"),
        });
    };
    if present.is_none() && !names_nodes {
        return Err(Failure::new(Exit::Usage, format!("the zone {name} would have no node"))
            .next("add one for each machine: --node node1=10.0.1.10"));
    }
    let (cfssl, left) = read_cfssl(&arguments.from_cfssl)?;
    let Description { text, fault } = match &arguments.nodes_from {
        Some(file) => from_list(name, &cfssl, file)?,
        None => from_options(name, &cfssl, &arguments.nodes)?,
    };
    match (present, fault) {
        // The same call again, after one that was interrupted.
        (Some(present), None) if present == text => Ok(None),
        (Some(_), _) => Err(described_already()),
        (None, Some(fault)) => Err(fault),
        (None, None) => {
            left.iter().for_each(|left| report::message(left));
            Ok(Some(text))
        }
    }
}

/// The settings of all the files, and what has no place in a zone.
fn read_cfssl(files: &[PathBuf]) -> Result<(CfsslSettings, Vec<String>)> {
    let (mut settings, mut told) = (CfsslSettings::default(), Vec::new());
    for file in files {
        let text = regular_file::read_to_string(file).map_err(|error| Failure::read(file, &error))?;
        let left = settings.read(&text).map_err(|why| {
            Failure::bad_input(format!("{} cannot be used", file.shown()))
                .because(why)
                .next("name files as `cfssl print-defaults config` and `cfssl print-defaults csr` print them")
        })?;
        told.extend(left.into_iter().map(|left| format!("{}: not taken over: {left}", file.shown())));
    }
    Ok((settings, told))
}

/// The text, and why it describes no zone, if it does not.
struct Description {
    text: String,
    fault: Option<Failure>,
}

fn rendered(zone: &str, cfssl: &CfsslSettings, nodes: Vec<TemplateNode>) -> String {
    let is_of = |node: &TemplateNode, host: &str| {
        let full = format!("{}.{zone}", node.name);
        [Some(&node.name), Some(&full), node.address.as_ref()].into_iter().flatten().any(|name| name == host)
            || node.names.iter().any(|name| name == host)
    };
    let pki = cfssl.lines(|host| host == zone || nodes.iter().any(|node| is_of(node, host)));
    Template { zone: zone.to_owned(), nodes, pki, etcd: Vec::new() }.render()
}

fn from_options(zone: &str, cfssl: &CfsslSettings, nodes: &[String]) -> Result<Description> {
    let nodes = nodes.iter().map(|text| parse_node(text)).collect::<Result<Vec<_>>>()?;
    let text = rendered(zone, cfssl, nodes);
    let problems = errors(&text);
    if problems.is_empty() {
        return Ok(Description { text, fault: None });
    }
    let mut failure = Failure::new(Exit::Configuration, format!("no zone can be made for {zone}"));
    failure.causes = problems.iter().map(without_location).collect();
    Ok(Description { text, fault: Some(failure.next("correct the options; nothing was written")) })
}

/// What is wrong with the list as such, and what is wrong with the zone that it describes, by the lines of
/// the list.
fn from_list(zone: &str, cfssl: &CfsslSettings, file: &Path) -> Result<Description> {
    let list = regular_file::read_to_string(file).map_err(|error| Failure::read(file, &error))?;
    let (machines, mut problems) = read_machine_list(&list);
    let is_whole = problems.is_empty();
    if machines.is_empty() && is_whole {
        return Err(Failure::new(Exit::Configuration, format!("{} names no machine", file.shown()))
            .next("write a line for each: node1,10.0.1.10,node1.example.org"));
    }
    let (lines, nodes): (Vec<usize>, Vec<TemplateNode>) =
        machines.into_iter().map(|Machine { line, node }| (line, node)).unzip();
    let text = rendered(zone, cfssl, nodes);
    for problem in errors(&text) {
        match line_in_list(&problem, &text, &lines) {
            Some(line) => {
                problems.push(Problem { location: Some(Location { line, column: 1 }), ..problem });
            }
            // Without the machines that could not be read, what is said of all of them may not hold.
            None if is_whole => problems.push(Problem { location: None, ..problem }),
            None => {}
        }
    }
    if problems.is_empty() {
        return Ok(Description { text, fault: None });
    }
    problems.sort_by_key(|problem| problem.location);
    let count = problems.len();
    let what = format!("{} has {count} problem{}", file.shown(), if count == 1 { "" } else { "s" });
    let mut failure = Failure::new(Exit::Configuration, what);
    let name = file.shown().to_string();
    failure.causes = problems
        .iter()
        .map(|problem| match problem.location {
            Some(_) => problem.render(&name),
            None => without_location(problem),
        })
        .collect();
    Ok(Description { text, fault: Some(failure.next("correct the list; nothing was written")) })
}

/// The line of the machine whose `[[node]]` the problem is in.
fn line_in_list(problem: &Problem, text: &str, lines: &[usize]) -> Option<usize> {
    let before = text.lines().take(problem.location?.line);
    let tables = before.filter(|line| *line == "[[node]]").count();
    lines.get(tables.checked_sub(1)?).copied()
}

fn errors(text: &str) -> Vec<Problem> {
    let problems = ZoneConfig::parse(text).err().unwrap_or_default();
    problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect()
}

/// The options have no lines, so the places in the text that was made from them would mean nothing.
fn without_location(problem: &Problem) -> String {
    match &problem.instead {
        Some(instead) => format!("{}\n  {instead}", problem.what),
        None => problem.what.clone(),
    }
}
