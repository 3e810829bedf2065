//! What tells that a process is ready.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::{Heard, shell, start, supervisor, watch_until};
use crate::harness::isolation::isolated;
use model::config::{ProcessConfig, Readiness};
use model::error::Failure;

/// How long what is never ready may take: long enough that it was tried.
const LATE: Duration = Duration::from_secs(5);

/// Asks a process to be ready within a short time, in vain.
#[track_caller]
fn never_ready(ready: Readiness) -> Failure {
    let (mut supervisor, heard) = supervisor();
    let process = ProcessConfig { ready, ready_timeout: LATE, ..shell("late", "exec sleep 1000") };
    let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
    let failure = supervisor.await_ready(id).expect_err("it is not ready");
    assert!(failure.to_string().starts_with("late was not ready within 5s: "), "{failure}");
    assert_eq!(failure.exit as i32, 69);
    assert!(!supervisor.is_ready(id));
    // The failure says it.
    heard.expect_none("is not ready after");
    failure
}

/// Answers each connection with a text.
fn serve(text: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).expect("a request");
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            assert!(asked.starts_with("GET /health?a HTTP/1.1\r\n"), "{asked}");
            stream.write_all(text.as_bytes()).expect("an answer");
        }
    });
    address
}

fn http(text: &'static str) -> Readiness {
    Readiness::Http(model::config::HttpProbe { address: serve(text), path: "/health?a".to_owned() })
}

fn notify_socket(heard: &Heard) -> Option<String> {
    heard.all().iter().find_map(|line| line.strip_prefix("a: @").map(str::to_owned))
}

#[test]
fn a_process_says_that_it_is_ready() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let line = "echo $NOTIFY_SOCKET; exec sleep 1000";
        let process = ProcessConfig { ready: Readiness::Notify, ..shell("a", line) };
        let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
        watch_until(&mut supervisor, "the socket", || notify_socket(&heard).is_some());
        let name = notify_socket(&heard).expect("a name");
        let address = SocketAddr::from_abstract_name(&name).expect("an address");
        let socket = UnixDatagram::unbound().expect("a socket");
        let send = |text: &str| {
            socket.send_to_addr(text.as_bytes(), &address).expect("it is read");
        };
        for other in ["STATUS=READY=1", "READY=0", "READY=11", ""] {
            send(other);
        }
        assert_eq!(supervisor.watch_for(Duration::from_millis(100)), None);
        assert!(!supervisor.is_ready(id));
        send("STATUS=up\nREADY=1\n");
        assert!(supervisor.await_ready(id).expect("it is ready").is_continue());
        // What is not read would make it wait some time.
        (0..2000).for_each(|_| send("WATCHDOG=1"));
        let failure = never_ready(Readiness::Notify);
        assert!(failure.to_string().ends_with("it has not sent READY=1"), "{failure}");
    });
}

/// A socket without a file can be written to by every user.
#[test]
fn another_user_cannot_say_that_it_is_ready() {
    isolated(|| {
        let send = "perl -MSocket -e 'my $place = $ENV{NOTIFY_SOCKET}; $place =~ s/^@/\\0/; \
                    socket(my $s, AF_UNIX, SOCK_DGRAM, 0); \
                    send($s, \"READY=1\", 0, pack_sockaddr_un($place))'";
        let (mut supervisor, heard) = supervisor();
        let other = format!("setpriv --reuid 1 {send}; echo sent; exec sleep 1000");
        let process = ProcessConfig { ready: Readiness::Notify, ..shell("other", &other) };
        let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
        watch_until(&mut supervisor, "the message", || heard.count("other: sent") == 1);
        assert_eq!(supervisor.watch_for(Duration::from_millis(100)), None);
        assert!(!supervisor.is_ready(id), "{heard}");
        let own = format!("{send}; exec sleep 1000");
        let process =
            ProcessConfig { ready: Readiness::Notify, user: Some("1".to_owned()), ..shell("own", &own) };
        start(&mut supervisor, &process);
    });
}

#[test]
fn a_process_is_ready_once_its_port_takes_connections() {
    isolated(|| {
        let failure = never_ready(Readiness::Tcp("127.0.0.1:7777".parse().expect("an address")));
        assert!(failure.to_string().contains("127.0.0.1:7777: Connection refused"), "{failure}");
        let _listener = TcpListener::bind("127.0.0.1:7777").expect("a port");
        let (mut supervisor, _heard) = supervisor();
        let ready = Readiness::Tcp("127.0.0.1:7777".parse().expect("an address"));
        start(&mut supervisor, &ProcessConfig { ready, ..shell("a", "exec sleep 1000") });
    });
}

#[test]
fn a_process_is_ready_once_it_answers_over_http() {
    isolated(|| {
        let rows = [
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "the answer is 503"),
            ("HTTP/1.1 404 Not Found\r\n\r\n", "the answer is 404"),
            ("HTTP/1.1 100 Continue\r\n\r\n", "the answer is 100"),
            ("SSH-2.0-OpenSSH_9.6\r\n", "the answer is not HTTP/1"),
            ("HTTP/2 200\r\n", "the answer is not HTTP/1"),
            ("", "the answer is not HTTP/1"),
        ];
        let (mut supervisor, _heard) = supervisor();
        let begin = |(answer, expected): (&'static str, &'static str)| {
            let process = ProcessConfig {
                ready: http(answer),
                ready_timeout: LATE,
                ..shell("late", "exec sleep 1000")
            };
            (supervisor.start(&process, &BTreeMap::new()).expect("it starts"), answer, expected)
        };
        for (id, answer, expected) in rows.map(begin) {
            let failure = supervisor.await_ready(id).expect_err("it is not ready");
            assert!(failure.to_string().ends_with(expected), "{answer:?}: {failure}");
        }
        for answer in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 204\r\n\r\n", "HTTP/1.1 302 Found\r\n\r\n"] {
            start(&mut supervisor, &ProcessConfig { ready: http(answer), ..shell("a", "exec sleep 1000") });
        }
    });
}

#[test]
fn a_process_is_ready_once_a_command_succeeds() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let words = |line: &str| Readiness::Exec(["/bin/sh", "-c", line].map(str::to_owned).to_vec());
        let failure = never_ready(words("exit 4"));
        assert!(failure.to_string().ends_with("the command ended with exit code 4"), "{failure}");
        let (mut supervisor, _heard) = supervisor();
        // It has the directory and the variables of its process.
        let process = ProcessConfig {
            ready: words("[ \"$A\" = 1 ] && [ -e here ]"),
            env: [("A".to_owned(), "1".to_owned())].into(),
            directory: Some(directory.path().to_owned()),
            ..shell("a", "sleep 0.1; touch here; exec sleep 1000")
        };
        start(&mut supervisor, &process);
        assert!(directory.path().join("here").exists());
    });
}

/// Also where it ends while it is looked at.
#[test]
fn a_program_that_cannot_be_run_is_not_ready_for_an_instant() {
    isolated(|| {
        let (mut supervisor, _heard) = supervisor();
        for number in 1..=300 {
            let process = ProcessConfig {
                ready_timeout: Duration::from_millis(15),
                backoff: Duration::from_secs(60),
                ..ProcessConfig::new("none", vec!["/nonexistent".to_owned()])
            };
            let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
            assert!(supervisor.await_ready(id).is_err(), "start {number}");
        }
    });
}

/// Who else answers at its port is not the process.
#[test]
fn a_program_that_cannot_be_run_is_never_ready() {
    isolated(|| {
        let _listener = TcpListener::bind("127.0.0.1:7777").expect("a port");
        for ready in [Readiness::None, Readiness::Tcp("127.0.0.1:7777".parse().expect("an address"))] {
            let (mut supervisor, heard) = supervisor();
            let process = ProcessConfig {
                ready,
                ready_timeout: Duration::from_secs(1),
                backoff: Duration::from_secs(5),
                ..ProcessConfig::new("none", vec!["/nonexistent".to_owned()])
            };
            let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
            watch_until(&mut supervisor, "its end", || heard.count("* none ended with exit code 66") == 1);
            let failure = supervisor.await_ready(id).expect_err("it cannot be run");
            assert!(failure.to_string().contains("it ended with exit code 66"), "{failure}");
            heard.expect("none: error: cannot run /nonexistent");
        }
    });
}

/// A process is given what is configured, and nothing of its supervisor but the environment.
#[test]
fn a_process_has_its_variables_user_and_directory() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let open = std::fs::File::open(directory.path()).expect("a file");
        // Passed on by mistake, as by a shell.
        nix::fcntl::fcntl(&open, nix::fcntl::FcntlArg::F_DUPFD(100)).expect("a descriptor");
        let (mut supervisor, heard) = supervisor();
        let line = "echo $(id -u):$(id -g):$(id -G):$HOME:$USER:$A:$B:$C; pwd; echo $(ls /proc/self/fd); \
                    cat; cut -d' ' -f5 /proc/$$/stat; echo $$; exec sleep 1000";
        let process = ProcessConfig {
            env: [("A", "own"), ("B", "own")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            user: Some("daemon".to_owned()),
            directory: Some("/tmp".into()),
            ..shell("a", line)
        };
        let shared =
            [("B", "shared"), ("C", "shared")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        supervisor.start(&process, &shared.into()).expect("it starts");
        watch_until(&mut supervisor, "its lines", || heard.all().len() >= 5);
        heard.expect("a: 1:1:1:/usr/sbin:daemon:own:own:shared");
        heard.expect("a: /tmp");
        let lines = heard.all();
        assert_eq!(lines[2], "a: 0 1 2 3", "{heard}");
        assert_eq!(lines[3], lines[4], "{heard}");
        let user = Some("no-such-user".to_owned());
        let process =
            ProcessConfig { user, restart: model::config::RestartPolicy::No, ..shell("b", "echo never") };
        supervisor.start(&process, &BTreeMap::new()).expect("it starts");
        watch_until(&mut supervisor, "its end", || heard.count("* b ended with exit code 78") == 1);
        heard.expect("b: error: there is no user no-such-user");
    });
}
