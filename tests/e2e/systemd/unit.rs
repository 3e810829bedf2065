//! A unit file, and what a system manager would make of it (systemd.service(5), systemd.exec(5)).

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

/// The files of `packaging/systemd`.
pub fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd").join(name)
}

/// A template unit with the name of its instance.
pub struct Unit {
    settings: Vec<(String, String)>,
}

impl Unit {
    /// Reads `NAME@.service` for an instance.
    #[track_caller]
    pub fn load(name: &str, instance: &str) -> Self {
        let text = std::fs::read_to_string(packaged(name)).expect("the unit file");
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
        let settings = lines.map(|line| {
            let (name, value) = line.split_once('=').expect("a setting");
            (name.to_owned(), value.replace("%i", instance))
        });
        Self { settings: settings.collect() }
    }

    /// Every value of a setting, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.settings.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a setting that is there once.
    #[track_caller]
    pub fn one(&self, name: &str) -> &str {
        let values: Vec<&str> = self.all(name).collect();
        let [value] = values[..] else { panic!("{name} is there {} times", values.len()) };
        value
    }

    /// What `Environment=` and then the files of `EnvironmentFile=` set; of two values the later is in
    /// effect.
    #[track_caller]
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut text: Vec<String> = self.all("Environment").map(str::to_owned).collect();
        for file in self.all("EnvironmentFile") {
            let path = file.strip_prefix('-').expect("an optional file");
            if let Ok(content) = std::fs::read_to_string(path) {
                text.extend(content.lines().filter(|line| !line.starts_with('#')).map(str::to_owned));
            }
        }
        text.iter()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The words of a command such as `ExecStart=`, with the variables of [`Self::environment`].
    #[track_caller]
    pub fn command_line(&self, setting: &str) -> Vec<String> {
        let environment = self.environment();
        let words = self.one(setting).split_whitespace().map(|word| {
            let Some(name) = word.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
                return word.to_owned();
            };
            let value = environment.iter().rev().find(|(key, _)| key == name);
            value.expect("a variable of the unit").1.clone()
        });
        words.collect()
    }

    /// The exit codes after which the service is not started again.
    #[track_caller]
    pub fn final_codes(&self) -> Vec<i32> {
        self.one("RestartPreventExitStatus")
            .split_whitespace()
            .map(|code| code.parse().expect("an exit code"))
            .collect()
    }

    /// Whether the service is started again after the main process has ended in this way.
    #[track_caller]
    pub fn restarts_after(&self, status: ExitStatus) -> bool {
        assert_eq!(self.one("Restart"), "on-failure");
        let signal = status.signal().map(|number| Signal::try_from(number).expect("a signal"));
        let listed = |setting: &str| {
            self.all(setting).flat_map(str::split_whitespace).any(|entry| {
                status.code().is_some_and(|code| entry == code.to_string())
                    || signal.is_some_and(|signal| entry == signal.as_str())
            })
        };
        let is_clean = match signal {
            None => status.code() == Some(0),
            Some(signal) => {
                [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE].contains(&signal)
            }
        };
        if listed("RestartPreventExitStatus") { false } else { listed("RestartForceExitStatus") || !is_clean }
    }

    /// `TimeoutStopSec=`, after which the process would be killed.
    #[track_caller]
    pub fn stop_timeout(&self) -> Duration {
        humantime::parse_duration(self.one("TimeoutStopSec")).expect("a time")
    }
}
