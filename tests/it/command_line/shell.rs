//! `completions` and `man`.

use std::io::Write;
use std::process::{Command, Stdio};

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

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn each_shell_accepts_its_completions() {
    for (shell, check) in [("bash", ["-n"].as_slice()), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = outcome(&mut zone_etcd(["completions", shell])).expect_code(0).stdout;
        for word in ["plan", "pki", "zone"] {
            assert!(script.contains(word), "no `{word}` in the completions for {shell}");
        }
        if is_installed(shell) {
            piped(Command::new(shell).args(check), &script).expect_code(0);
        } else {
            println!("{shell} is not installed: its completions were not handed to it");
        }
    }
}

/// Bash proposes the commands after the program's name.
#[test]
fn bash_completes_a_command() {
    let script = outcome(&mut zone_etcd(["completions", "bash"])).expect_code(0).stdout;
    let ask = "COMP_WORDS=(zone-etcd pl); COMP_CWORD=1; COMPREPLY=()\n_zone__etcd zone-etcd pl zone-etcd\n\
               printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    let proposed = piped(&mut Command::new("bash"), &(script + ask)).expect_code(0);
    assert_eq!(proposed.stdout.trim(), "plan", "{}", proposed.stderr);
}

/// Every command that the help of `parent` lists.
fn commands(parent: &[&str]) -> Vec<String> {
    let help = outcome(&mut zone_etcd(parent.iter().chain(&["--help"]))).expect_code(0).stdout;
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn every_command_has_a_page() {
    let mut pages: Vec<Vec<String>> = vec![Vec::new()];
    pages.extend(commands(&[]).into_iter().map(|command| vec![command]));
    pages.extend(commands(&["pki"]).into_iter().map(|command| vec!["pki".to_owned(), command]));
    assert!(pages.len() > 12, "{pages:?}");
    for names in pages {
        let arguments = ["man".to_owned()].into_iter().chain(names.clone());
        let page = outcome(&mut zone_etcd(arguments)).expect_code(0).stdout;
        let title = ["zone-etcd".to_owned()].into_iter().chain(names).collect::<Vec<_>>().join("-");
        assert!(page.contains(&format!(".TH {title} ")), "the title of {title}:\n{page}");
        assert!(!page.contains(".SH EXTRA"), "{title}:\n{page}");
        if ["zone-etcd", "zone-etcd-status"].contains(&title.as_str()) {
            assert!(page.contains(".SH \"EXIT STATUS\""), "{title}:\n{page}");
        }
        for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH FILES"] {
            assert!(page.contains(section), "no {section} in {title}");
        }
        check_rendering(&title, &page);
    }
}

fn check_rendering(title: &str, page: &str) {
    // `man` alone may be a stub of a small installation; groff is what renders.
    if is_installed("groff") {
        let rendered =
            piped(Command::new("groff").args(["-man", "-Tascii", "-P-cbou", "-ww"]), page).expect_code(0);
        assert_eq!(rendered.stderr, "", "{title}");
        assert!(rendered.stdout.contains("SYNOPSIS"), "{title}");
    } else {
        println!("groff is not installed: the page {title} was not rendered");
    }
}

/// The script completes what follows a command, not the command alone.
#[test]
fn bash_completes_options_of_commands() {
    let zone = TestZone::empty();
    let script = outcome(&mut zone_etcd(["completions", "bash"])).expect_code(0).stdout;
    let file = zone.around().join("completions");
    std::fs::write(&file, script).expect("written");
    for (words, expected) in [
        ("zone-etcd plan --for", "--format"),
        ("zone-etcd pki is", "issue"),
        ("zone-etcd pki issue --cli", "--client"),
        ("zone-etcd plan --format ar", "argv"),
    ] {
        let asked = r#"source "$1"; COMP_WORDS=($2); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _zone__etcd zone-etcd "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            echo "${COMPREPLY[*]}""#;
        let mut bash = std::process::Command::new("bash");
        let completed = outcome(bash.args(["-c", asked, "bash"]).arg(&file).arg(words)).expect_code(0);
        assert_eq!(completed.stdout.trim(), expected, "{words}");
    }
}
