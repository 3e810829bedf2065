//! The log: what this program does, step by step, for who asks for it. Its lines go the way of all output,
//! through [`model::report`], at once: nothing is left to be written when this process becomes etcd.

use std::io;

use model::report;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::{self, MakeWriter, format::FmtSpan};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::cli::{LogArgs, LogFormat};

const VARIABLE: &str = "ZONE_ETCD_LOG";

/// Those whose steps are logged. What the libraries below would log of their own, such as the headers of a
/// connection, was not looked through for secrets.
const OWN: [&str; 9] =
    ["zone_etcd", "diagnosis", "etcd", "host", "launch", "live", "operations", "payload", "store"];

/// Begins to log, if the command line or the environment asks for it. The command line comes first.
pub fn begin(arguments: LogArgs) {
    if arguments.log_format == LogFormat::Json {
        report::write_for_programs();
    }
    let asked = std::env::var(VARIABLE).ok().filter(|asked| !asked.trim().is_empty());
    let directives = match (arguments.verbosity, &asked) {
        (0, None) => return,
        (0, Some(asked)) => asked,
        (1, _) => "info",
        (2, _) => "debug",
        _ => "trace",
    };
    // A mistake in it is no reason to keep a member from starting.
    let filter = match EnvFilter::builder().parse(directives) {
        Ok(filter) => filter,
        Err(error) => {
            return report::warning(&format!("{VARIABLE} is not a filter, nothing is logged: {error}"));
        }
    };
    let is_own =
        filter_fn(|metadata| OWN.contains(&metadata.target().split("::").next().unwrap_or_default()));
    let lines = lines(arguments.log_format, host::is_read_by_journal());
    let subscriber = Registry::default().with(lines.with_filter(filter.and(is_own)));
    // It is set once, here.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Spans are written when they end, with the time that they took.
fn lines<S>(format: LogFormat, to_journal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let lines =
        fmt::layer().with_ansi(false).with_span_events(FmtSpan::CLOSE).with_writer(Lines { to_journal });
    match format {
        LogFormat::Json => lines.json().boxed(),
        // The journal has its own.
        LogFormat::Text if to_journal => lines.without_time().boxed(),
        LogFormat::Text => lines.boxed(),
    }
}

struct Lines {
    to_journal: bool,
}

/// A line, and the level by which the journal files it (sd-daemon(3)).
struct Line(&'static str);

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line;

    fn make_writer(&'w self) -> Line {
        Line("")
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Line {
        Line(match *metadata.level() {
            _ if !self.to_journal => "",
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        })
    }
}

impl io::Write for Line {
    /// Called once for each line, with all of it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        report::log(self.0, String::from_utf8_lossy(line).trim_end_matches('\n'));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
