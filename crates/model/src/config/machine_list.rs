//! A list of machines as people keep it, read as the nodes of a new zone: name, address, host names.
//!
//! Lines are told apart one by one: columns with commas, bars or blanks between them, and `Name: value`.

use std::collections::BTreeMap;

use zone_pki::Visible;

use super::problem::{Location, Problem, Severity};
use super::template::TemplateNode;

/// A machine of the list.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What it is as a node.
    pub node: TemplateNode,
}

/// Names of columns and keys, in lower case: of the addresses, and of the host names.
const ADDRESS: [&str; 4] = ["address", "ip", "ip address", "地址"];
const HOST_NAMES: [&str; 6] = ["hostname", "hostnames", "host name", "host names", "host", "主机名"];

/// Reads the list: the machines that can be read, and everything that is wrong with the others.
pub fn read_machine_list(text: &str) -> (Vec<Machine>, Vec<Problem>) {
    let mut reader = Reader::default();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if !line.is_empty() && !line.starts_with('#') {
            reader.read(number, line);
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    /// Of the columns after the address, in a list with a header: none holds host names.
    other_columns: BTreeMap<usize, String>,
    has_begun: bool,
    /// In the form of pairs, the machine whose pairs are read.
    pairs: Option<Row>,
    rows: Vec<Row>,
    problems: Vec<Problem>,
}

#[derive(Default)]
struct Row {
    line: usize,
    name: String,
    address: String,
    host_names: Vec<String>,
}

impl Reader {
    fn read(&mut self, line: usize, text: &str) {
        if let Some((key, value)) = pair(text) {
            self.read_pair(line, text.starts_with('-'), &key, value);
        } else {
            self.end_pairs();
            self.read_columns(line, text);
        }
        self.has_begun = true;
    }

    fn read_columns(&mut self, line: usize, text: &str) {
        let cells = split_cells(text);
        let is_rule = |cell: &String| !cell.is_empty() && cell.bytes().all(|byte| b"-:=+".contains(&byte));
        if cells.iter().all(is_rule) {
            return;
        }
        let lower: Vec<String> = cells.iter().map(|cell| cell.to_lowercase()).collect();
        if !self.has_begun && lower.get(1).is_some_and(|cell| ADDRESS.contains(&cell.as_str())) {
            let others = cells.into_iter().zip(lower).enumerate().skip(2);
            let others = others.filter(|(_, (_, cell))| !HOST_NAMES.contains(&cell.as_str()));
            self.other_columns = others.map(|(index, (cell, _))| (index, cell)).collect();
            return;
        }
        let mut row = Row { line, ..Row::default() };
        for (index, cell) in cells.into_iter().enumerate() {
            match (index, self.other_columns.get(&index)) {
                (0, _) => row.name = cell,
                (1, _) => row.address = cell,
                _ if cell.is_empty() => {}
                (_, Some(column)) => {
                    let what =
                        format!("the column `{column}` says `{cell}`, and only host names are read there");
                    self.fault(line, what, "take the column out; ports and all else go into zone.toml later");
                }
                (_, None) => row.host_names.extend(host_names(&cell)),
            }
        }
        self.rows.push(row);
    }

    fn read_pair(&mut self, line: usize, is_item: bool, key: &str, value: &str) {
        // What names the list as a whole.
        if value.is_empty() && !self.has_begun {
            return;
        }
        let key = key.to_lowercase();
        let begins = is_item || (key == "name" && self.pairs.as_ref().is_none_or(|row| !row.name.is_empty()));
        if begins {
            self.end_pairs();
        }
        let row = self.pairs.get_or_insert_with(|| Row { line, ..Row::default() });
        let place = match key.as_str() {
            "name" => &mut row.name,
            key if ADDRESS.contains(&key) => &mut row.address,
            key if HOST_NAMES.contains(&key) => {
                row.host_names.extend(host_names(value));
                return;
            }
            _ => {
                let what = format!("`{key}` of a machine is not read");
                return self.fault(
                    line,
                    what,
                    "write Name, IP and Hostname; all else goes into zone.toml later",
                );
            }
        };
        if place.is_empty() {
            value.clone_into(place);
        } else {
            self.fault(line, format!("`{key}` is there twice"), "begin each machine with `- Name:`");
        }
    }

    fn end_pairs(&mut self) {
        self.rows.extend(self.pairs.take());
    }

    fn fault(&mut self, line: usize, what: String, instead: &str) {
        self.problems.push(Problem {
            severity: Severity::Error,
            location: Some(Location { line, column: 1 }),
            what: Visible(what).to_string(),
            instead: Some(instead.to_owned()),
        });
    }

    fn finish(mut self) -> (Vec<Machine>, Vec<Problem>) {
        self.end_pairs();
        let mut machines = Vec::new();
        // Where a host name was first read.
        let mut owners: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for row in std::mem::take(&mut self.rows) {
            let Row { line, name, address, host_names } = row;
            let quoted = [&name, &address].into_iter().chain(&host_names).find(|cell| cell.contains('"'));
            if let Some(cell) = quoted {
                let what = format!("`{cell}` has a quotation mark within it");
                self.fault(line, what, "write names and addresses without; none has a comma");
                continue;
            }
            if name.is_empty() || address.is_empty() {
                let missing = if name.is_empty() { "name" } else { "address" };
                let what = format!("the machine on this line has no {missing}");
                self.fault(
                    line,
                    what,
                    "write name, address and host names, such as node1,10.0.1.10,node1.example.org",
                );
                continue;
            }
            for host_name in &host_names {
                let key = host_name.trim_end_matches('.').to_lowercase();
                if let Some((first, owner)) = owners.insert(key, (line, name.clone())) {
                    let what =
                        format!("the host name `{host_name}` is that of {owner} in line {first} as well");
                    self.fault(
                        line,
                        what,
                        "write each host name once: it is in the certificates of its machine alone",
                    );
                }
            }
            let node = TemplateNode {
                name,
                address: Some(address),
                peer_port: None,
                client_port: None,
                metrics_port: None,
                names: host_names,
            };
            machines.push(Machine { line, node });
        }
        self.problems.sort_by_key(|problem| problem.location);
        (machines, self.problems)
    }
}

/// `Key: value`, also as an item of a list. An IPv6 address has no blank after its colons.
fn pair(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix("- ").unwrap_or(text).trim_start();
    let (key, value) = text.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' ');
    (is_key && (value.is_empty() || value.starts_with(' '))).then(|| (key.to_owned(), value.trim()))
}

/// The host names of one cell.
fn host_names(cell: &str) -> impl Iterator<Item = String> {
    split_cells(cell).into_iter().filter(|name| !name.is_empty())
}

/// The cells of a line, by the first of bars, commas and blanks that it has.
fn split_cells(text: &str) -> Vec<String> {
    let bare = |cell: &str| {
        let cell = cell.trim();
        let unquoted = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
        unquoted.map_or(cell, str::trim).to_owned()
    };
    if text.contains('|') {
        let inner = text.strip_prefix('|').unwrap_or(text);
        return inner.strip_suffix('|').unwrap_or(inner).split('|').map(bare).collect();
    }
    if text.contains(',') {
        return text.split(',').map(bare).collect();
    }
    text.split_whitespace().map(bare).collect()
}
