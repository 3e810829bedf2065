//! What a run has done and found, and the table that `scripts/faults` prints.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// What is found, as the table and the tests of seeded faults name it.
pub const HISTORY: &str = "history";
pub const REVOCATION: &str = "lost revocation";
pub const FOUNDING: &str = "second founding";
pub const RESTORE: &str = "stale read after restore";
pub const STUCK: &str = "stuck";
pub const ENDING: &str = "undocumented end";

#[derive(Default)]
struct Operation {
    done: usize,
    /// Commands by how they ended: a documented exit code, or killed.
    endings: BTreeMap<String, usize>,
}

#[derive(Default)]
pub struct Tally {
    operations: BTreeMap<&'static str, Operation>,
    faults: BTreeMap<&'static str, usize>,
    clients: BTreeMap<&'static str, u64>,
    pub violations: Vec<(&'static str, String)>,
}

/// Numbers of etcd-writer that are summed up.
const COUNTED: [&str; 7] = ["keys", "listings", "told", "operations", "unanswered", "written", "failed"];

impl Tally {
    pub fn ended(&mut self, operation: &'static str, ending: String) {
        *self.operations.entry(operation).or_default().endings.entry(ending).or_default() += 1;
    }

    pub fn done(&mut self, operation: &'static str) {
        self.operations.entry(operation).or_default().done += 1;
    }

    pub fn fault(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// Takes what etcd-writer says in the end.
    pub fn writer(&mut self, told: &Value) {
        for name in COUNTED {
            *self.clients.entry(name).or_default() += told[name].as_u64().expect("a number");
        }
        for violation in told["violations"].as_array().expect("violations") {
            self.violations.push((HISTORY, violation.as_str().expect("a text").to_owned()));
        }
    }

    pub fn has(&self, kind: &str) -> bool {
        self.violations.iter().any(|(found, _)| *found == kind)
    }

    /// The table.
    pub fn table(&self, head: &str) -> String {
        let of = |name| self.clients.get(name).copied().unwrap_or_default();
        let mut text = format!("{head}\n");
        let answered = of("operations") - of("unanswered");
        let _ = writeln!(
            text,
            "histories  {} keys, {} range reads of all keys in use, {} changes told by watches\n\
             clients    {} operations: {answered} ok, {} unknown; {} writes acknowledged, \
             {} failed for good\n",
            of("keys"),
            of("listings"),
            of("told"),
            of("operations"),
            of("unanswered"),
            of("written"),
            of("failed"),
        );
        let _ = writeln!(text, "{:<16} {:>6}   commands by how they ended", "operation", "done");
        for (name, operation) in &self.operations {
            let endings = operation.endings.iter().map(|(ending, count)| format!("{ending}: {count}"));
            let endings: Vec<String> = endings.collect();
            let _ = writeln!(text, "{name:<16} {:>6}   {}", operation.done, endings.join(", "));
        }
        let _ = writeln!(text, "\n{:<16} {:>6}", "fault", "times");
        for (name, count) in &self.faults {
            let _ = writeln!(text, "{name:<16} {count:>6}");
        }
        let _ = writeln!(text, "\nviolations       {:>6}", self.violations.len());
        for (kind, what) in &self.violations {
            let _ = writeln!(text, "{kind}: {}", what.trim_end().replace('\n', "\n  "));
        }
        text
    }
}
