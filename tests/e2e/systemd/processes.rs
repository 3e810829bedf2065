//! Processes as units, under systemd itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::manager::Manager;
use super::one_member;
use crate::harness::isolation::isolated;
use crate::harness::processes::until;
use model::config::ProcessConfig;
use model::plan::{UnitFile, UnitSettings, process_units};

/// The first has words that systemd would replace; the second is ready when it says so; the third takes a
/// while until it answers.
const PROCESSES: &str = r#"
[[process]]
name = "words"
command = "/bin/sh"
args = ["-c", """for word in "$@" "$A" "$B"; do printf '<%s>' "$word"; done >/tmp/words
    trap 'echo words >>/tmp/ended; exit 0' TERM; sleep 1000 & wait""",
    "sh", "$HOME", "${HOME}", "%n", "\\", "\\n", "\"", "'", "\n", "\t", "\u0001", ";", "", "a b", "ü"]
env = { A = "$HOME %n \"'\\ \n", B = "" }
ready = "exec:test -s /tmp/words"

[[process]]
name = "says"
command = "/bin/sh"
args = ["-c", """sleep 0.2; touch /tmp/said; systemd-notify --ready
    trap 'echo says >>/tmp/ended; exit 0' TERM; sleep 1000 & wait"""]
ready = "notify"
restart = "always"
backoff = "10ms"

[[process]]
name = "answers"
command = "/bin/sh"
args = ["-c", "[ -e /tmp/said ] && sleep 0.2 && exec perl -MIO::Socket::INET -e \"$0\"", """
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1:7777', Listen => 5, ReuseAddr => 1) or die;
    while (my $client = $listener->accept) {
        while (<$client>) { last if /^\\r?$/ }
        print $client "HTTP/1.0 200 OK\\r\\n\\r\\n";
        close $client;
    }"""]
ready = "http://127.0.0.1:7777/"
dir = "/usr/share"
user = "daemon"
restart = "no"

[[process]]
name = "last"
command = "perl"
args = ["-MIO::Socket::INET", "-e", "IO::Socket::INET->new('127.0.0.1:7777') or die"]
restart = "no"
"#;

fn unit(name: &str) -> String {
    format!("zone-etcd-process-{name}.service")
}

#[test]
fn processes_run_as_units_as_they_are_described() {
    isolated(|| {
        let machine = one_member();
        let manager = Manager::boot(&machine);
        let processes = ProcessConfig::parse_all(PROCESSES).expect("it is valid");
        let units = Path::new("/run/zone-units");
        let program = Path::new("/usr/local/bin/zone-etcd");
        let settings = UnitSettings { program, after: &[], variables: &BTreeMap::new() };
        for UnitFile { name, text } in process_units(&processes, settings) {
            fs::write(units.join(&name), text).expect("a unit");
            // To be stopped as by a shutdown, all at once.
            let more = units.join(format!("{name}.d"));
            fs::create_dir(&more).expect("a directory");
            fs::write(more.join("all.conf"), "[Unit]\nPartOf=all.target\n").expect("a drop-in");
        }
        fs::write(units.join("all.target"), "[Unit]\nDescription=all\n").expect("a target");
        manager.call(&["systemctl", "daemon-reload"]).expect_code(0);
        let started = manager.call(&["systemctl", "start", &unit("last")]);
        let log = fs::read_to_string(machine.output().join("systemd.log")).expect("the log");
        assert_eq!(started.code, 0, "{}\n{log}", started.stderr);
        let words = manager.call(&["cat", "/tmp/words"]).expect_code(0).stdout;
        let expected =
            "<$HOME><${HOME}><%n><\\><\\n><\"><'><\n><\t><\u{1}><;><><a b><ü><$HOME %n \"'\\ \n><>";
        assert_eq!(words, expected);
        until("the end of the last one", || {
            (manager.property(&unit("last"), "ActiveState") == "inactive").then_some(())
        });
        assert_eq!(manager.property(&unit("last"), "ExecMainStatus"), "0");
        let pid = manager.property(&unit("answers"), "MainPID");
        let own = |link: &str| manager.call(&["readlink", &format!("/proc/{pid}/{link}")]).stdout;
        assert_eq!(own("cwd").trim(), "/usr/share");
        assert_eq!(manager.property(&unit("answers"), "User"), "daemon");
        // It is started again by itself, and the others stay.
        let says = || manager.property(&unit("says"), "MainPID");
        let before = says();
        manager.call(&["kill", "-KILL", &before]).expect_code(0);
        until("another process", || {
            let now = says();
            let is_up = manager.property(&unit("says"), "ActiveState") == "active";
            (is_up && now != before && now != "0").then_some(())
        });
        assert_eq!(manager.property(&unit("answers"), "MainPID"), pid);
        manager.call(&["systemctl", "start", "all.target"]).expect_code(0);
        manager.call(&["systemctl", "stop", "all.target"]).expect_code(0);
        let active = |name: &&str| manager.property(&unit(name), "ActiveState") != "inactive";
        until("the end of all", || (!["words", "says", "answers"].iter().any(active)).then_some(()));
        assert_eq!(manager.call(&["cat", "/tmp/ended"]).expect_code(0).stdout, "says\nwords\n");
    });
}
