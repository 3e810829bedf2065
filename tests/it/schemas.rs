//! The published JSON Schemas: complete, used for every report of the tests, and compatible with what was
//! published before.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use serde_json::{Value, json};
use zone_etcd::cli::Cli;

use crate::harness::schemas::{directory, faults, schema, schema_of, types};

/// What the schemas are made of, all of which the harness compares; and what only readers use.
const COMPARED: [&str; 9] =
    ["$ref", "additionalProperties", "anyOf", "enum", "format", "items", "minimum", "required", "type"];
const READ: [&str; 5] = ["$defs", "$id", "$schema", "properties", "version"];

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory())
        .expect("the schemas")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned()
        })
        .collect();
    names.sort();
    names
}

/// Calls `look` with each schema within a schema, and where it is.
fn each(schema: &Value, place: &str, look: &mut dyn FnMut(&Value, &str)) {
    look(schema, place);
    for part in ["properties", "$defs"] {
        for (name, property) in schema[part].as_object().into_iter().flatten() {
            let place = if part == "$defs" { format!("{name}:") } else { format!("{place}.{name}") };
            each(property, &place, look);
        }
    }
    for part in ["items", "additionalProperties"] {
        if let Some(items) = schema.get(part) {
            each(items, &format!("{place}[]"), look);
        }
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        each(choice, &format!("{place}?"), look);
    }
}

#[test]
fn schemas_are_complete_and_made_of_what_is_compared() {
    assert!(names().len() >= 18, "{:?}", names());
    for name in names() {
        let schema = schema(&name);
        let id = format!("urn:zone-etcd:schema:{name}:{}", schema["version"]);
        assert_eq!(schema["$id"], id);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        each(&schema, "$", &mut |part, place| {
            for keyword in part.as_object().expect("a schema").keys() {
                let is_text = keyword == "title" || keyword == "description";
                let is_known = COMPARED.contains(&keyword.as_str()) || READ.contains(&keyword.as_str());
                assert!(is_text || is_known, "{name}: {place} has {keyword}");
            }
            for (field, property) in part["properties"].as_object().into_iter().flatten() {
                let described = property["description"].as_str().is_some_and(|text| text.ends_with('.'));
                assert!(described, "{name}: {place}.{field} has no description");
            }
            if part.get("properties").is_some() {
                assert!(part["title"].is_string() && part["description"].is_string(), "{name}: {place}");
            }
        });
    }
}

/// Every command that has `json` among its formats, by its words.
fn commands_with_json(command: &Command, words: &[&str]) -> Vec<Vec<OsString>> {
    let is_format = |argument: &&Arg| argument.get_id() == "format";
    let format = command.get_arguments().find(is_format);
    let has_json = format
        .is_some_and(|format| format.get_possible_values().iter().any(|value| value.get_name() == "json"));
    let typed = words.iter().chain(&["--format", "json"]).map(OsString::from).collect();
    let mut found: Vec<Vec<OsString>> = has_json.then_some(typed).into_iter().collect();
    for subcommand in command.get_subcommands() {
        found.extend(commands_with_json(subcommand, &[words, &[subcommand.get_name()]].concat()));
    }
    found
}

#[test]
fn every_command_that_prints_json_has_a_schema_and_a_row_of_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let page = fs::read_to_string(page).expect("the page");
    let commands = commands_with_json(&Cli::described(), &[]);
    assert!(commands.len() >= 40, "{commands:?}");
    for command in commands {
        let schema = schema_of(&command).unwrap_or_else(|| panic!("{command:?} has no schema"));
        assert!(names().iter().any(|name| name == schema), "{command:?}: {schema}");
    }
    for name in names() {
        assert!(page.contains(&format!("[{name}](schemas/{name}.json)")), "docs/json.md has no {name}");
    }
}

#[test]
fn a_report_that_is_not_as_its_schema_is_found() {
    let schema = schema("pki-check");
    let row = |changed: Value| {
        let mut row = json!({ "node": "n1", "role": "peer", "finding": "old", "next": "renew" });
        let fields = row.as_object_mut().expect("an object");
        for (name, value) in changed.as_object().expect("an object") {
            match value {
                Value::String(text) if text == "-" => drop(fields.remove(name)),
                value => drop(fields.insert(name.clone(), value.clone())),
            }
        }
        faults(&schema, &json!([row]))
    };
    assert_eq!(row(json!({})), Vec::<String>::new());
    assert_eq!(row(json!({ "more": 1 })), ["$[0].more is not in the schema"]);
    assert_eq!(row(json!({ "next": "-" })), ["$[0] has no next"]);
    assert_eq!(row(json!({ "role": null })), ["$[0].role is no string"]);
    assert_eq!(faults(&schema, &json!({})), ["$ is no array"]);
    let of = |line: &str| schema_of(&line.split(' ').map(Into::into).collect::<Vec<_>>());
    assert_eq!(of("pki check --zone z -o json"), Some("pki-check"));
    assert_eq!(of("pki check --zone z"), None);
    assert_eq!(of("status --nodes --format=json"), Some("status-nodes"));
    assert_eq!(of("restart --rolling --dry-run --format json"), Some("dry-run"));
}

/// The version of a schema, and the types of its fields.
type Shape = (u64, BTreeMap<String, String>);

fn shape(schema: &Value) -> Shape {
    let mut fields = BTreeMap::new();
    each(schema, "$", &mut |part, place| {
        let kind = part["$ref"].as_str().map_or_else(|| types(part).join(" or "), str::to_owned);
        fields.insert(place.to_owned(), kind);
        for name in part["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            fields.insert(format!("{place}.{name} is always there"), String::new());
        }
    });
    (schema["version"].as_u64().expect("a version"), fields)
}

/// What a program that was made for `old` does not find in `new`.
fn broken(name: &str, old: &Shape, new: Option<&Shape>) -> Vec<String> {
    let Some(new) = new else { return vec![format!("{name} is gone")] };
    if new.0 > old.0 {
        return Vec::new();
    }
    let missing = old.1.iter().filter(|(place, kind)| new.1.get(*place) != Some(*kind));
    missing.map(|(place, kind)| format!("{name} {}: {place} {kind}", old.0)).collect()
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schemas.json")
}

/// `UPDATE_GOLDEN=1` takes what was added, and refuses what was taken away as well.
#[test]
fn golden_schemas_lose_no_field_without_another_version() {
    let now: BTreeMap<String, Shape> =
        names().into_iter().map(|name| (name.clone(), shape(&schema(&name)))).collect();
    let published = fs::read_to_string(golden()).unwrap_or_else(|_| "{}".to_owned());
    let published: BTreeMap<String, Shape> = serde_json::from_str(&published).expect("JSON");
    let broken: Vec<String> =
        published.iter().flat_map(|(name, old)| broken(name, old, now.get(name))).collect();
    assert!(
        broken.is_empty(),
        "programs rely on these; keep them, or raise `version` and `$id` of the schema:\n{}",
        broken.join("\n")
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&now).expect("JSON") + "\n";
        fs::write(golden(), text).expect("the golden file");
    } else {
        assert!(now == published, "fields were added: UPDATE_GOLDEN=1 cargo test --release --test it golden");
    }
}

#[test]
fn a_field_is_taken_away_or_changed_only_with_another_version() {
    let old = shape(&schema("pki-check"));
    let without = |place: &str| {
        let mut new = old.clone();
        new.1.remove(place);
        new
    };
    assert_eq!(broken("pki-check", &old, Some(&old)), Vec::<String>::new());
    let place = "$[].node";
    assert_eq!(broken("pki-check", &old, Some(&without(place))), ["pki-check 1: $[].node string"]);
    let mut retyped = old.clone();
    retyped.1.insert(place.to_owned(), "string or null".to_owned());
    assert_eq!(broken("pki-check", &old, Some(&retyped)).len(), 1);
    let optional = without("$[].node is always there");
    assert_eq!(broken("pki-check", &old, Some(&optional)).len(), 1);
    assert_eq!(broken("pki-check", &old, None), ["pki-check is gone"]);
    let mut raised = without(place);
    raised.0 += 1;
    assert_eq!(broken("pki-check", &old, Some(&raised)), Vec::<String>::new());
}
