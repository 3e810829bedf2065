//! What every command returns when it cannot go on: what failed, on what, why, and one next step.

use std::fmt;
use std::process::ExitCode;

use zone_pki::{ShowPath, Visible};

/// The result of everything above the libraries.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Exit codes, after `sysexits.h`. They are part of the command line: scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command line is wrong (EX_USAGE).
    Usage = 64,
    /// A file or certificate is there, but wrong (EX_DATAERR).
    BadInput = 65,
    /// A file that is needed is not there (EX_NOINPUT).
    MissingInput = 66,
    /// Peers, or the etcd that was started, do not answer (EX_UNAVAILABLE).
    Unavailable = 69,
    /// Our own fault (EX_SOFTWARE).
    Internal = 70,
    /// A file cannot be written (EX_CANTCREAT).
    CannotCreate = 73,
    /// Something else holds what is needed, or the clock is behind; the same command may work later
    /// (EX_TEMPFAIL).
    TryAgain = 75,
    /// Modes or owners are wrong, or the system refuses (EX_NOPERM).
    Permission = 77,
    /// `zone.toml` is wrong, or what it asks for cannot be done (EX_CONFIG).
    Configuration = 78,
}

impl Exit {
    /// The meaning of an exit code, as another `zone-etcd` has ended with it.
    pub fn of_code(code: i32) -> Option<Self> {
        let all = [
            Self::Usage,
            Self::BadInput,
            Self::MissingInput,
            Self::Unavailable,
            Self::Internal,
            Self::CannotCreate,
            Self::TryAgain,
            Self::Permission,
            Self::Configuration,
        ];
        all.into_iter().find(|exit| *exit as i32 == code)
    }

    /// The code for an I/O error on a file that the user named or that we own.
    pub fn for_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound => Self::MissingInput,
            Kind::PermissionDenied => Self::Permission,
            Kind::StorageFull | Kind::ReadOnlyFilesystem | Kind::QuotaExceeded => Self::CannotCreate,
            _ => Self::BadInput,
        }
    }

    /// The code for an I/O error while writing.
    pub fn for_write(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            Self::Permission
        } else {
            Self::CannotCreate
        }
    }
}

/// Why a command ends without having done its work.
///
/// The texts are lower case and without a full stop; `report` is the one place that prints them.
#[derive(Debug)]
pub struct Failure {
    /// The exit code of the process.
    pub exit: Exit,
    /// What failed, and on what.
    pub what: String,
    /// Why: one fact a line, the nearest cause first.
    pub causes: Vec<String>,
    /// The one step to take next.
    pub next: Option<String>,
}

impl Failure {
    /// A failure with its code and what failed.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), causes: Vec::new(), next: None }
    }

    /// A file or certificate is wrong.
    pub fn bad_input(what: impl Into<String>) -> Self {
        Self::new(Exit::BadInput, what)
    }

    /// The system gives no more threads.
    pub fn no_thread(error: &std::io::Error) -> Self {
        Self::new(Exit::TryAgain, "there are too many threads or processes")
            .because(error)
            .next("allow more (TasksMax= of the systemd unit, or ulimit -u), and run the command again")
    }

    /// Something that only a mistake of ours can bring about.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(Exit::Internal, what)
            .next("this is a fault of zone-etcd: please report it with this message")
    }

    /// A file that cannot be written.
    pub fn write(path: &std::path::Path, error: &std::io::Error) -> Self {
        let failure =
            Self::new(Exit::for_write(error), format!("cannot write {}", path.shown())).because(error);
        match error.kind() {
            std::io::ErrorKind::StorageFull => {
                failure.next("free space on that file system and run the command again")
            }
            std::io::ErrorKind::ReadOnlyFilesystem => {
                failure.next("mount that file system writable, or choose another directory")
            }
            std::io::ErrorKind::PermissionDenied => {
                failure.next("run the command as the owner of that directory, or choose another one")
            }
            _ => failure.next("choose another directory, or fix this one"),
        }
    }

    /// An error of a library that failed to write; the I/O error somewhere among its sources tells the code.
    pub fn write_chain(what: String, error: &(impl std::error::Error + 'static), unharmed: &str) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        let mut io_error = None;
        while let Some(current) = source {
            io_error = current.downcast_ref::<std::io::Error>().or(io_error);
            source = current.source();
        }
        let exit = io_error.map_or(Exit::CannotCreate, Exit::for_write);
        let step = match io_error.map(std::io::Error::kind) {
            Some(std::io::ErrorKind::StorageFull) => "free space there",
            Some(std::io::ErrorKind::ReadOnlyFilesystem) => "mount that file system writable",
            _ => "fix this",
        };
        Self::new(exit, what).because(error).next(format!("{step} and run the command again: {unharmed}"))
    }

    /// A file that cannot be read.
    pub fn read(path: &std::path::Path, error: &std::io::Error) -> Self {
        let failure = Self::new(Exit::for_io(error), format!("cannot read {}", path.shown())).because(error);
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                failure.next("run the command as the owner of that file, or let this user read it")
            }
            std::io::ErrorKind::IsADirectory => failure.next("name the file itself: this is a directory"),
            std::io::ErrorKind::NotADirectory => {
                failure.next("a part of that path is a file: name the directory itself")
            }
            std::io::ErrorKind::NotFound => failure.next("check the path, or put the file there"),
            _ => failure.next("fix this and run the command again"),
        }
    }

    /// Adds a cause, with its own sources below it.
    pub fn because(mut self, cause: impl Cause) -> Self {
        self.causes.extend(cause.lines());
        self
    }

    /// The same with another code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Sets the next step.
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Visible(&self.what))?;
        for cause in &self.causes {
            write!(f, ": {}", Visible(cause))?;
        }
        Ok(())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What can be given as a cause: a sentence, or an error with its sources.
pub trait Cause {
    /// One line a fact, the nearest first.
    fn lines(&self) -> Vec<String>;
}

impl Cause for &str {
    fn lines(&self) -> Vec<String> {
        vec![(*self).to_owned()]
    }
}

impl Cause for String {
    fn lines(&self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl<E: std::error::Error> Cause for &E {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.to_string()];
        let mut source = self.source();
        while let Some(error) = source {
            let line = error.to_string();
            // An error that already quotes its source would say the same thing twice.
            if !lines.last().is_some_and(|last| last.contains(&line)) {
                lines.push(line);
            }
            source = error.source();
        }
        lines
    }
}
