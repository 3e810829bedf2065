//! What stands between the supervisor and a program: a process of ours that ties itself to the supervisor,
//! gives up what the program is not to have, and becomes the program.
//!
//! Between fork and exec in the supervisor the same would take `unsafe`: that process has threads.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, Uid, User, geteuid, getppid, initgroups, setgroups, setresgid, setresuid};

use model::error::{Exit, Failure, Result};

/// The hidden subcommand that becomes a program.
pub(super) const SUBCOMMAND: &str = "child";

/// What the variables of a user's session are that another user must not have.
pub(super) const OF_A_USER: [&str; 4] = ["HOME", "USER", "LOGNAME", "SHELL"];

/// What to become.
#[derive(Clone, Debug)]
pub struct ChildOptions {
    /// The process id of the supervisor.
    pub parent: i32,
    /// The user to be, by name or number.
    pub user: Option<String>,
    /// The directory to be in.
    pub directory: Option<PathBuf>,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

impl ChildOptions {
    /// Becomes the program, and returns only if that failed.
    pub fn become_program(&self) -> Failure {
        match self.prepare() {
            Ok(mut command) => {
                let error = command.exec();
                let program = command.get_program().to_string_lossy().into_owned();
                Failure::new(Exit::for_io(&error), format!("cannot run {program}"))
                    .because(&error)
                    .next("check `command` of this process, and who may execute it")
            }
            Err(failure) => failure,
        }
    }

    fn prepare(&self) -> Result<Command> {
        let (program, arguments) = self.command.split_first().ok_or_else(|| {
            Failure::new(Exit::Usage, "no program is named")
                .next("this is no command to type: zone-etcd --help")
        })?;
        self.end_with_parent()?;
        // Before another user's id is taken: /proc/self is root's where a process may not be dumped.
        host::close_inherited(-1).map_err(|error| internal("cannot close inherited files", &error))?;
        SigSet::empty()
            .thread_set_mask()
            .map_err(|error| internal("cannot unblock signals", &error.into()))?;
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(name) = &self.user {
            self.become_user(name, &mut command)?;
            // A change of user takes the setting away (PR_SET_PDEATHSIG in prctl(2)).
            self.end_with_parent()?;
        }
        if let Some(directory) = &self.directory {
            std::env::set_current_dir(directory).map_err(|error| Failure::read(directory, &error))?;
        }
        Ok(command)
    }

    /// SIGTERM when the supervisor is killed. It survives execve(2), but not of a program that is set-user-ID
    /// or has capabilities.
    fn end_with_parent(&self) -> Result<()> {
        set_pdeathsig(Signal::SIGTERM)
            .map_err(|error| internal("cannot tie this process to its parent", &error.into()))?;
        if getppid().as_raw() == self.parent {
            return Ok(());
        }
        let what = format!("process {}, which started this one, has ended", self.parent);
        Err(Failure::new(Exit::Unavailable, what).next("start it again"))
    }

    fn become_user(&self, name: &str, command: &mut Command) -> Result<()> {
        let refused = |error: nix::Error| {
            Failure::new(Exit::Permission, format!("cannot become user {name}"))
                .because(&io::Error::from(error))
                .next("run the supervisor as root, or leave `user` out")
        };
        let number = name.parse().ok().map(Uid::from_raw);
        let by_name = User::from_name(name).map_err(refused)?;
        let known = match (by_name, number) {
            (Some(user), _) => Some(user),
            (None, Some(uid)) => User::from_uid(uid).map_err(refused)?,
            (None, None) => None,
        };
        let Some(uid) = known.as_ref().map(|user| user.uid).or(number) else {
            return Err(Failure::new(Exit::Configuration, format!("there is no user {name}"))
                .next("correct `user` of this process, or create that user"));
        };
        if uid != geteuid() {
            match &known {
                Some(user) => CString::new(user.name.as_str())
                    .map_err(|_| nix::Error::EINVAL)
                    .and_then(|name| initgroups(&name, user.gid))
                    .and_then(|()| setresgid(user.gid, user.gid, user.gid)),
                None => {
                    let gid = Gid::from_raw(uid.as_raw());
                    setgroups(&[]).and_then(|()| setresgid(gid, gid, gid))
                }
            }
            .and_then(|()| setresuid(uid, uid, uid))
            .map_err(refused)?;
        }
        let Some(user) = known else { return Ok(()) };
        let values = [user.dir.as_os_str(), user.name.as_ref(), user.name.as_ref(), user.shell.as_os_str()];
        // The supervisor has left them out, unless they are configured.
        for (name, value) in OF_A_USER.into_iter().zip(values) {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        Ok(())
    }
}

fn internal(what: &str, error: &io::Error) -> Failure {
    Failure::internal(what).because(error)
}
