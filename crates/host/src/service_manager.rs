//! systemd, asked by systemctl: by this process, or by one that stays root where this one gives root up for
//! good.
//!
//! That other process reads nothing but requests, and restarts nothing but services whose main process is the
//! owner's: who makes it do something by what he has written into his files gets what he could do himself.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};

/// Where systemctl is. PATH may have been set by any user.
const SYSTEMCTL: [&str; 3] = ["/usr/bin/systemctl", "/bin/systemctl", "/run/current-system/sw/bin/systemctl"];
/// Names of units are no longer (`UNIT_NAME_MAX` in systemd's `basic/unit-name.h`).
const UNIT_AT_MOST: usize = 255;

/// The hidden subcommand that [`serve`] is behind.
const AGENT: &str = "service-agent";
/// systemd answers a question in milliseconds. One that is silent, or frozen, cannot be asked.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

static ROOT: OnceLock<Mutex<Agent>> = OnceLock::new();

/// The process that stays root.
#[derive(Debug)]
struct Agent {
    requests: ChildStdin,
    answers: Sender<(u64, Sender<Answer>)>,
    number: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    number: u64,
    unit: String,
    /// To be restarted; otherwise its main process is asked for.
    restart: bool,
}

/// What came of a call of systemctl.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Answer {
    number: u64,
    is_done: bool,
    text: String,
}

/// A restart that systemd was asked for, and what came of it. It ends when the service is ready again.
#[derive(Debug)]
pub struct ServiceRestart {
    answers: Receiver<Answer>,
    is_done: bool,
}

impl ServiceRestart {
    /// What systemctl said, if it has given up; none while it waits, or once it is done.
    pub fn complaint(&mut self) -> Option<String> {
        match self.answers.try_recv() {
            Ok(answer) => {
                self.is_done = answer.is_done;
                (!answer.is_done).then_some(answer.text)
            }
            Err(TryRecvError::Disconnected) if !self.is_done => {
                Some("the process that asks systemd is gone".to_owned())
            }
            Err(TryRecvError::Disconnected | TryRecvError::Empty) => None,
        }
    }
}

/// The main process of a service; none if there is no such service, or no systemd.
pub fn main_process(unit: &str) -> Option<u32> {
    let answer = ask(unit, false).ok()?.recv_timeout(ANSWER_LIMIT).ok()?;
    answer.text.trim().parse().ok().filter(|pid| answer.is_done && *pid != 0)
}

/// Asks for a service to be restarted, and does not wait for it.
pub fn restart_service(unit: &str) -> io::Result<ServiceRestart> {
    ask(unit, true).map(|answers| ServiceRestart { answers, is_done: false })
}

fn ask(unit: &str, restart: bool) -> io::Result<Receiver<Answer>> {
    let (sender, receiver) = channel();
    let Some(agent) = ROOT.get() else {
        let mut command = systemctl(unit, restart)?;
        thread::Builder::new().spawn(move || sender.send(run(0, &mut command)))?;
        return Ok(receiver);
    };
    let mut agent = agent.lock().unwrap_or_else(PoisonError::into_inner);
    agent.number += 1;
    let request = Request { number: agent.number, unit: unit.to_owned(), restart };
    let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the process that stays root has ended");
    agent.answers.send((request.number, sender)).map_err(|_| gone())?;
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    agent.requests.write_all(&line)?;
    Ok(receiver)
}

/// Starts the process that stays root, which serves this one as long as that runs. To be called by root,
/// before anything of the owner's was acted on.
pub(super) fn leave_an_agent(owner: Uid) -> io::Result<()> {
    let mut child = Command::new("/proc/self/exe")
        .args([AGENT, &owner.to_string()])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(requests), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("its streams are not there"));
    };
    let (answers, waiting) = channel();
    thread::Builder::new().spawn(move || hand_on(stdout, waiting, child))?;
    let _ = ROOT.set(Mutex::new(Agent { requests, answers, number: 0 }));
    Ok(())
}

/// Gives each answer to who waits for it, until the process has ended.
fn hand_on(answers: impl Read, waiting: Receiver<(u64, Sender<Answer>)>, mut child: Child) {
    let mut open: Vec<(u64, Sender<Answer>)> = Vec::new();
    for line in BufReader::new(answers).lines().map_while(Result::ok) {
        let Ok(answer) = serde_json::from_str::<Answer>(&line) else { break };
        open.extend(waiting.try_iter());
        if let Some(place) = open.iter().position(|(number, _)| *number == answer.number) {
            // The receiver may be gone.
            let _ = open.swap_remove(place).1.send(answer);
        }
    }
    // A caller that still waits is told that no member answers.
    drop((open, waiting));
    let _ = child.wait();
}

/// What the process that stays root does: answers requests until there are no more.
pub fn serve(owner: u32) -> io::Result<()> {
    let (sender, answers) = channel::<Answer>();
    thread::Builder::new().spawn(move || {
        for answer in answers {
            let mut line = serde_json::to_vec(&answer).unwrap_or_default();
            line.push(b'\n');
            let mut stdout = io::stdout().lock();
            if stdout.write_all(&line).and_then(|()| stdout.flush()).is_err() {
                return;
            }
        }
    })?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let sender = sender.clone();
        thread::Builder::new().spawn(move || {
            let number = request.number;
            let answer = match granted(&request, owner) {
                Ok(mut command) => run(number, &mut command),
                Err(error) => Answer { number, is_done: false, text: error.to_string() },
            };
            sender.send(answer)
        })?;
    }
    Ok(())
}

/// The call that a request asks for, if the owner could bring about the same.
fn granted(request: &Request, owner: u32) -> io::Result<Command> {
    if request.restart {
        let shown = run(0, &mut systemctl(&request.unit, false)?);
        let is_owners = shown.is_done
            && shown.text.trim().parse::<u32>().is_ok_and(|pid| pid != 0 && uid_of(pid) == Some(owner));
        if !is_owners {
            let text = format!("{} does not run as user {owner}, who asks for it", request.unit);
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
    }
    systemctl(&request.unit, request.restart)
}

fn uid_of(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|metadata| metadata.uid())
}

fn systemctl(unit: &str, restart: bool) -> io::Result<Command> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":_.\\@-".contains(c);
    let is_service = unit.ends_with(".service") && !unit.starts_with('-') && unit.len() <= UNIT_AT_MOST;
    if !is_service || !unit.chars().all(is_plain) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a service"));
    }
    let program = SYSTEMCTL.into_iter().find(|path| Path::new(path).exists());
    let program = program.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no systemctl"))?;
    let mut command = Command::new(program);
    command.arg("--no-ask-password").stdin(Stdio::null());
    match restart {
        true => command.args(["restart", unit]),
        false => command.args(["show", "--property", "MainPID", "--value", unit]),
    };
    Ok(command)
}

fn run(number: u64, command: &mut Command) -> Answer {
    match command.output() {
        Ok(output) if output.status.success() => {
            Answer { number, is_done: true, text: String::from_utf8_lossy(&output.stdout).into_owned() }
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let text = if said.is_empty() { format!("systemctl ended with {}", output.status) } else { said };
            Answer { number, is_done: false, text }
        }
        Err(error) => Answer { number, is_done: false, text: error.to_string() },
    }
}
