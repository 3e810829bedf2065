//! The JSON Schemas of docs/schemas, and reports compared with them: every report that a test brings about.
//!
//! The published schemas let fields be added. Here a field that no schema has is a fault.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The schema of a command, by its words.
const REPORTS: [(&[&str], &str); 42] = [
    (&["status"], "status"),
    (&["check"], "check"),
    (&["doctor"], "doctor"),
    (&["plan"], "plan"),
    (&["pki", "list"], "pki-list"),
    (&["pki", "check"], "pki-check"),
    (&["pki", "renew"], "pki-renew"),
    (&["pki", "revoke"], "pki-revoke"),
    (&["pki", "sign"], "bundle"),
    (&["pki", "rotate-ca"], "pki-rotate-ca"),
    (&["member", "list"], "member-list"),
    (&["snapshot", "save"], "snapshot-save"),
    (&["snapshot", "list"], "snapshot-list"),
    (&["snapshot", "status"], "snapshot-status"),
    (&["snapshot", "verify"], "snapshot-status"),
    (&["access", "grants"], "access-grants"),
    (&["access", "recipient"], "access-recipient"),
    (&["activate"], "activate"),
    (&["bundle", "inspect"], "bundle-inspect"),
    (&["bundle"], "bundle"),
    (&["ca", "status"], "ca-status"),
    (&["defrag"], "defrag"),
    (&["discovery", "create"], "discovery-create"),
    (&["discovery", "show"], "discovery-show"),
    (&["dns", "check"], "dns-check"),
    (&["dns", "export"], "dns-export"),
    (&["member", "add"], "member-change"),
    (&["member", "promote"], "member-change"),
    (&["member", "remove"], "member-change"),
    (&["member", "replace"], "member-change"),
    (&["member", "update"], "member-update"),
    (&["nameservice", "verify"], "nameservice-verify"),
    (&["recover", "log"], "recover-log"),
    (&["recover", "salvage"], "recover-salvage"),
    (&["recover"], "recover"),
    (&["restart"], "restart"),
    (&["snapshot", "restore"], "snapshot-restore"),
    (&["sync"], "sync"),
    (&["upgrade"], "upgrade"),
    (&["boot"], "boot-dry-run"),
    (&["self-test"], "self-test"),
    (&["version"], "version"),
];

/// Where the schemas are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

/// A schema.
#[track_caller]
pub fn schema(name: &str) -> Value {
    let path = directory().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares what a call has printed with its schema, if it has one.
#[track_caller]
pub fn check(command: &Command, stdout: &str) {
    let arguments: Vec<OsString> = command.get_args().map(OsString::from).collect();
    let Some(name) = schema_of(&arguments) else { return };
    let schema = schema(name);
    // Of a call that ended in between nothing may be there; a report is never cut off.
    for report in serde_json::Deserializer::from_str(stdout).into_iter::<Value>() {
        let report = report.unwrap_or_else(|error| panic!("{name}: {error}:\n{stdout}"));
        let faults = faults(&schema, &report);
        assert!(faults.is_empty(), "docs/schemas/{name}.json:\n{}\nin: {report:#}", faults.join("\n"));
    }
}

/// The schema of what a call prints; none if that is no JSON, or has no schema.
pub fn schema_of(arguments: &[OsString]) -> Option<&'static str> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let has = |option: &str| words.contains(&option);
    let is_json = words.windows(2).any(|pair| matches!(pair, ["--format" | "-o", "json"]))
        || has("--format=json")
        || has("-ojson");
    if !is_json || has("--help") {
        return None;
    }
    let name = match words.as_slice() {
        ["boot", ..] => "boot-dry-run",
        _ if has("--dry-run") => "dry-run",
        ["doctor", ..] if has("--log") => "doctor-log",
        ["pki", "renew", ..] if has("--continue") => "pki-renew-answers",
        ["pki", "rotate-ca", ..] if has("--out") => "pki-rotate-ca-out",
        ["pki", "rotate-ca", ..] if has("--rehearse") => "pki-rotate-ca-rehearsal",
        ["snapshot", "restore", ..] if has("--config") => "snapshot-restore-node",
        ["status", ..] if has("--nodes") => "status-nodes",
        _ => REPORTS.into_iter().find(|(command, _)| words.starts_with(command))?.1,
    };
    Some(name)
}

/// Where a value is not as its schema has it.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    compare(schema, schema, value, "$", &mut faults);
    faults
}

fn compare(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.strip_prefix('#').expect("a reference within the schema");
        let target = root.pointer(pointer).unwrap_or_else(|| panic!("no {target}"));
        return compare(root, target, value, place, faults);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let tried = choices.iter().map(|choice| {
            let mut faults = Vec::new();
            compare(root, choice, value, place, &mut faults);
            faults
        });
        // The fewest faults are those of the choice that was meant.
        return faults.extend(tried.min_by_key(Vec::len).unwrap_or_default());
    }
    let types = types(schema);
    if !types.iter().any(|name| is_of_type(value, name)) {
        return faults.push(format!("{place} is no {}", types.join(" or ")));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        faults.push(format!("{place}: {value} is not among {words:?}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        faults.push(format!("{place} is below {least}"));
    }
    if let ("date-time", Some(text)) = (schema["format"].as_str().unwrap_or_default(), value.as_str())
        && OffsetDateTime::parse(text, &Rfc3339).is_err()
    {
        faults.push(format!("{place}: {text} is no time"));
    }
    match value {
        Value::Object(fields) => compare_fields(root, schema, fields, place, faults),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                compare(root, &schema["items"], item, &format!("{place}[{index}]"), faults);
            }
        }
        _ => {}
    }
}

fn compare_fields(
    root: &Value,
    schema: &Value,
    fields: &Map<String, Value>,
    place: &str,
    faults: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            faults.push(format!("{place} has no {name}"));
        }
    }
    for (name, field) in fields {
        let place = format!("{place}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(property), _) | (None, Some(property)) => compare(root, property, field, &place, faults),
            (None, None) => faults.push(format!("{place} is not in the schema")),
        }
    }
}

/// The types that a schema allows.
pub fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("a type {other}"),
    }
}
