//! `man`: a page of each command, with what an operator looks for in one.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::typed::commands_in;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// Hands `input` to a command.
fn piped(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).expect("written");
    Outcome::from(child.wait_with_output().expect("it ends"))
}

/// The commands that the help of `parent` lists, and all below them.
fn commands(parent: &[String]) -> Vec<Vec<String>> {
    let help = ["--help".to_owned()];
    let help = outcome(&mut zone_etcd(parent.iter().chain(&help))).expect_code(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let below = names.flat_map(|name| {
        let command = [parent, &[name.to_owned()]].concat();
        [vec![command.clone()], commands(&command)].concat()
    });
    below.collect()
}

fn pages() -> Vec<(Vec<String>, String)> {
    let mut all = vec![Vec::new()];
    all.extend(commands(&[]));
    assert!(all.len() > 60, "{all:?}");
    let page = |names: &Vec<String>| {
        let arguments = ["man".to_owned()].into_iter().chain(names.clone());
        outcome(&mut zone_etcd(arguments)).expect_code(0).stdout
    };
    all.iter().map(|names| (names.clone(), page(names))).collect()
}

#[test]
fn every_command_has_a_page_that_renders() {
    for (names, page) in pages() {
        let title = [vec!["zone-etcd".to_owned()], names.clone()].concat().join("-");
        assert!(page.contains(&format!(".TH {title} ")), "the title of {title}:\n{page}");
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "ENVIRONMENT", "\"EXIT STATUS\"", "\"SEE ALSO\""]
        {
            assert!(page.contains(&format!("\n.SH {section}\n")), "no {section} in {title}:\n{page}");
        }
        let rendered =
            piped(Command::new("groff").args(["-man", "-Tascii", "-P-cbou", "-ww"]), &page).expect_code(0);
        assert_eq!(rendered.stderr, "", "{title}");
        assert!(rendered.stdout.contains("EXIT STATUS"), "{title}");
    }
}

/// What an example shows can be typed: it is of the command whose page it is on, and it parses.
#[test]
fn every_command_has_examples_that_parse() {
    let (mut count, pages) = (0, pages());
    for (names, page) in &pages {
        let has_subcommands =
            pages.iter().any(|(other, _)| other.len() > names.len() && other.starts_with(names));
        let examples = page.split(".SH EXAMPLES\n").nth(1).and_then(|rest| rest.split("\n.SH ").next());
        let Some(examples) = examples else {
            assert!(has_subcommands, "no example of {names:?}");
            continue;
        };
        for line in examples.split(".nf\n").skip(1).filter_map(|block| block.split("\n.fi").next()) {
            let line = line.replace("\\-", "-").replace("\\(aq", "'").replace("\\.", ".");
            for typed in commands_in(&line) {
                count += 1;
                assert!(typed.words.starts_with(names), "on the page of {names:?}: {line}");
                assert!(typed.fault().is_none(), "{line}: {:?}", typed.fault());
            }
        }
    }
    assert!(count >= 80, "{count}");
}

#[test]
fn a_page_tells_codes_and_variables_of_its_command() {
    let page = |names: &[&str]| outcome(&mut zone_etcd([&["man"], names].concat())).expect_code(0).stdout;
    let status = page(&["status"]);
    assert!(status.contains("69 no quorum or no member answers."), "{status}");
    assert!(status.contains("\\fBZONE_ETCD_CONFIG\\fR") && status.contains("\\fB78\\fR"), "{status}");
    let issue = page(&["pki", "issue"]);
    assert!(issue.contains("\\fBZONE_ETCD_ZONE\\fR") && !issue.contains("ZONE_ETCD_CONFIG"), "{issue}");
    assert!(page(&["run"]).contains("\\fBETCD_*\\fR"));
    assert!(page(&["member", "add"]).contains("\\fBzone\\-etcd\\-member\\fR(1)"));
}

#[test]
fn writes_all_pages_for_a_package() {
    let zone = TestZone::empty();
    let directory = zone.around().join("man1");
    let out = directory.to_string_lossy().into_owned();
    outcome(&mut zone_etcd(["man", "--out", &out])).expect_code(0);
    for (names, page) in pages() {
        let name = [vec!["zone-etcd".to_owned()], names].concat().join("-") + ".1";
        assert_eq!(fs::read_to_string(directory.join(&name)).expect("a page"), page, "{name}");
    }
    let hidden = ["child", "service-agent", "await-ready", "recover-serve", "boot-connect", "help"];
    for name in hidden {
        assert!(!directory.join(format!("zone-etcd-{name}.1")).exists(), "{name}");
    }
    outcome(&mut zone_etcd(["man", "pki", "--out", &out])).expect_code(64);
    outcome(&mut zone_etcd(["man", "no-such"])).expect_code(64).expect_error_with(&["no command `no-such`"]);
}
