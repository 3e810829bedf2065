//! What was measured, for a terminal, for programs and for a browser.

mod json;
mod markup;
mod page;
mod text;
mod timeline;

pub(super) use json::json;
pub(super) use page::html;
pub(super) use text::text;

use std::time::Duration;

/// `18 ms`, or `1.01 s`: as exact as one looks.
fn short(duration: Duration) -> String {
    match duration.as_millis() {
        0..=999 => format!("{} ms", duration.as_millis()),
        1000..=59_999 => format!("{:.2} s", duration.as_secs_f64()),
        _ => format!("{:.0} s", duration.as_secs_f64()),
    }
}
