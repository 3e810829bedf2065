//! A page in the text format of Prometheus' exposition (version 0.0.4).

use std::fmt::Write as _;

use zone_pki::Visible;

/// What is written so far. The samples of a family stand together, after its help and type.
pub(super) struct Page<'z> {
    zone: &'z str,
    text: String,
}

impl<'z> Page<'z> {
    /// An empty page for a zone.
    pub(super) fn of(zone: &'z str) -> Self {
        Self { zone, text: String::new() }
    }

    pub(super) fn text(self) -> String {
        self.text
    }

    pub(super) fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP zone_etcd_{name} {help}\n# TYPE zone_etcd_{name} gauge");
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "zone_etcd_{name}{{zone=\"{}\"", escaped(self.zone));
        for (label, text) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(text));
        }
        let _ = writeln!(self.text, "}} {value}");
    }

    pub(super) fn single(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, help);
        self.sample(name, &[], value);
    }
}

/// A label's value: names of members are free text in etcd. There is no escape for what is made visible here.
fn escaped(text: &str) -> String {
    Visible(text).to_string().replace('\\', "\\\\").replace('"', "\\\"")
}
