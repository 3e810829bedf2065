//! The table: what was measured, the figure, and the goal where there is one.

/// A table under a title.
#[derive(Debug)]
pub struct Section {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    figure: String,
    goal: Option<Goal>,
}

#[derive(Debug)]
struct Goal {
    text: String,
    met: bool,
}

/// Everything that was printed, as far as it decides how the program ends.
#[derive(Debug)]
pub struct Report {
    /// A few runs on a busy machine say whether it works, not whether a goal is met.
    judges: bool,
    missed: usize,
}

impl Section {
    /// A table without rows.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// A figure that has no goal.
    pub fn figure(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        self.rows.push(Row { what: what.into(), figure: figure.into(), goal: None });
    }

    /// A figure that is to be at most `limit`; `show` writes both.
    pub fn at_most(&mut self, what: impl Into<String>, value: f64, limit: f64, show: fn(f64) -> String) {
        let goal = Goal { text: format!("at most {}", show(limit)), met: value <= limit };
        self.rows.push(Row { what: what.into(), figure: show(value), goal: Some(goal) });
    }

    /// How many times `slower` takes as long as `faster`, which is to be at least `limit`.
    pub fn at_least_times(&mut self, what: impl Into<String>, slower: f64, faster: f64, limit: f64) {
        let times = slower / faster;
        let goal = Goal { text: format!("at least {limit:.0} times"), met: times >= limit };
        self.rows.push(Row { what: what.into(), figure: format!("{times:.1} times"), goal: Some(goal) });
    }
}

impl Report {
    /// A report that says of each goal whether it is met, or one that shows figures and goals alone.
    pub fn new(judges: bool) -> Self {
        Self { judges, missed: 0 }
    }

    /// Prints a table.
    pub fn print(&mut self, section: Section) {
        let width = |text: fn(&Row) -> &str| section.rows.iter().map(|row| text(row).chars().count()).max();
        let what_width = width(|row| &row.what).unwrap_or_default();
        let figure_width = width(|row| &row.figure).unwrap_or_default();
        println!("\n{}", section.title);
        for Row { what, figure, goal } in &section.rows {
            let verdict = goal.as_ref().map(|goal| match (self.judges, goal.met) {
                (false, _) => format!("   goal {}", goal.text),
                (true, true) => format!("   goal {:<18} met", goal.text),
                (true, false) => format!("   goal {:<18} missed", goal.text),
            });
            println!("  {what:<what_width$}  {figure:>figure_width$}{}", verdict.unwrap_or_default());
        }
        let goals = section.rows.iter().filter_map(|row| row.goal.as_ref());
        self.missed += goals.filter(|goal| self.judges && !goal.met).count();
    }

    /// How many goals were missed.
    pub fn missed(&self) -> usize {
        self.missed
    }
}

/// `0.25 ms`, with as many digits as mean something.
pub fn in_milliseconds(value: f64) -> String {
    match value.abs() {
        size if size < 1.0 => format!("{value:.3} ms"),
        size if size < 100.0 => format!("{value:.2} ms"),
        _ => format!("{value:.0} ms"),
    }
}

/// `0.25 s`
pub fn in_seconds(milliseconds: f64) -> String {
    format!("{:.2} s", milliseconds / 1000.0)
}

/// `1.23 times`
pub fn in_times(ratio: f64) -> String {
    format!("{ratio:.2} times")
}

/// `8.1 MiB`
pub fn in_mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}
