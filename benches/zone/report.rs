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

#[derive(Clone, Debug)]
struct Goal {
    text: String,
    /// Of it that is used up: above 1 it is missed.
    share: f64,
}

/// A figure that has a goal, as the last table and the picture have it.
#[derive(Debug)]
pub struct Judged {
    /// The table that it is from, and its row there.
    pub what: String,
    /// What was measured.
    pub figure: String,
    /// The goal.
    pub goal: String,
    /// Of the goal that is used up: above 1 it is missed.
    pub share: f64,
}

/// Everything that was printed, as far as it decides how the program ends.
#[derive(Debug)]
pub struct Report {
    /// A few runs on a busy machine say whether it works, not whether a goal is met.
    judges: bool,
    goals: Vec<Judged>,
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
        let goal = Goal { text: format!("at most {}", show(limit)), share: share_of(value, limit) };
        self.rows.push(Row { what: what.into(), figure: show(value), goal: Some(goal) });
    }

    /// How many times `slower` takes as long as `faster`, which is to be at least `limit`.
    pub fn at_least_times(&mut self, what: impl Into<String>, slower: f64, faster: f64, limit: f64) {
        let times = slower / faster;
        let goal = Goal { text: format!("at least {limit:.0} times"), share: share_of(limit, times) };
        self.rows.push(Row { what: what.into(), figure: format!("{times:.1} times"), goal: Some(goal) });
    }
}

impl Report {
    /// A report that says of each goal whether it is met, or one that shows figures and goals alone.
    pub fn new(judges: bool) -> Self {
        Self { judges, goals: Vec::new() }
    }

    /// Prints a table.
    pub fn print(&mut self, section: Section) {
        let width = |text: fn(&Row) -> &str| section.rows.iter().map(|row| text(row).chars().count()).max();
        let what_width = width(|row| &row.what).unwrap_or_default();
        let figure_width = width(|row| &row.figure).unwrap_or_default();
        println!("\n{}", section.title);
        for Row { what, figure, goal } in &section.rows {
            let verdict = goal.as_ref().map(|goal| match (self.judges, goal.share <= 1.0) {
                (false, _) => format!("   goal {}", goal.text),
                (true, true) => format!("   goal {:<18} met", goal.text),
                (true, false) => format!("   goal {:<18} missed", goal.text),
            });
            println!("  {what:<what_width$}  {figure:>figure_width$}{}", verdict.unwrap_or_default());
        }
        let subject = section.title.split([':', ',']).next().unwrap_or_default();
        self.goals.extend(section.rows.iter().filter_map(|row| {
            let Goal { text, share } = row.goal.clone()?;
            let what = format!("{subject}: {}", row.what.trim_start());
            Some(Judged { what, figure: row.figure.clone(), goal: text, share })
        }));
    }

    /// Prints every goal again, in one table.
    pub fn print_goals(&mut self) {
        let mut section = Section::new("all goals");
        for goal in &self.goals {
            let with = Goal { text: goal.goal.clone(), share: goal.share };
            section.rows.push(Row { what: goal.what.clone(), figure: goal.figure.clone(), goal: Some(with) });
        }
        let counted = std::mem::take(&mut self.goals);
        self.print(section);
        self.goals = counted;
    }

    /// Every figure that has a goal.
    pub fn goals(&self) -> &[Judged] {
        &self.goals
    }

    /// How many goals were missed.
    pub fn missed(&self) -> usize {
        if self.judges { self.goals.iter().filter(|goal| goal.share > 1.0).count() } else { 0 }
    }
}

/// Nothing at all is no part of nothing.
fn share_of(value: f64, limit: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / limit }
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
