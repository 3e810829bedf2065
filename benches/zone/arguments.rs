//! The command line of the measurement.

use std::path::PathBuf;

/// How it is called.
pub const USAGE: &str =
    "usage: zone [--short] [--all] [--plot FILE] [--tools DIR] [--program FILE] [SUBJECT ...]";

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Issuing certificates: in memory, on disk, and the memory that it takes.
    Issue,
    /// Making a bundle for each node of a large zone, and the memory that it takes.
    Bundle,
    /// What `run` adds to a start of etcd.
    Launch,
    /// From the start of several members until all are ready.
    Start,
    /// From an empty directory to a cluster that takes requests.
    Dev,
    /// What changes of the members cost clients.
    Members,
    /// What the replacement of CAs costs clients.
    Rotation,
    /// How long it takes to bring back a zone whose quorum is lost, and what is lost with it.
    Recover,
    /// A diagnosis of five members with a fault of each kind.
    Doctor,
    /// Thousands of nodes whose bundles the zone's etcd has.
    Fleet,
}

/// What is asked for.
#[derive(Debug)]
pub struct Arguments {
    /// Few runs, a minute at most; goals are then shown and not judged.
    pub short: bool,
    /// Print all goals again in the end, in one table.
    pub all: bool,
    /// Where to write them as a picture.
    pub plot: Option<PathBuf>,
    /// The `zone-etcd` to measure, if not the one that cargo has built.
    pub program: Option<String>,
    /// Where `cfssl`, `mkcert` and `step` are, to compare with.
    pub tools: Option<PathBuf>,
    /// In the order in which they were named; all of them by default.
    pub subjects: Vec<Subject>,
}

impl Arguments {
    /// Reads the arguments after the program's name, or says what is wrong with them.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments =
            Self { short: false, all: false, plot: None, program: None, tools: None, subjects: Vec::new() };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--short" => arguments.short = true,
                "--all" => arguments.all = true,
                "--plot" => arguments.plot = Some(words.next().ok_or("--plot needs a path")?.into()),
                "--program" => arguments.program = Some(words.next().ok_or("--program needs a path")?),
                "--tools" => arguments.tools = Some(words.next().ok_or("--tools needs a path")?.into()),
                // `cargo bench` gives it to every benchmark.
                "--bench" => {}
                "issue" => arguments.subjects.push(Subject::Issue),
                "bundle" => arguments.subjects.push(Subject::Bundle),
                "launch" => arguments.subjects.push(Subject::Launch),
                "start" => arguments.subjects.push(Subject::Start),
                "dev" => arguments.subjects.push(Subject::Dev),
                "members" => arguments.subjects.push(Subject::Members),
                "rotation" => arguments.subjects.push(Subject::Rotation),
                "recover" => arguments.subjects.push(Subject::Recover),
                "doctor" => arguments.subjects.push(Subject::Doctor),
                "fleet" => arguments.subjects.push(Subject::Fleet),
                other => return Err(format!("unknown argument `{other}`")),
            }
        }
        if arguments.subjects.is_empty() {
            arguments.subjects = vec![
                Subject::Issue,
                Subject::Bundle,
                Subject::Launch,
                Subject::Start,
                Subject::Dev,
                Subject::Members,
                Subject::Rotation,
                Subject::Recover,
                Subject::Doctor,
                Subject::Fleet,
            ];
        }
        Ok(arguments)
    }

    /// The number of runs: `short` or `full`.
    pub fn runs(&self, short: usize, full: usize) -> usize {
        if self.short { short } else { full }
    }
}
