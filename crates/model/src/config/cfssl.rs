//! What cfssl's files say, as settings of `[pki]`: its signing config, and requests for certificates and CAs
//! (`config/config.go` and `csr/csr.go` of cfssl).

use std::time::Duration;

use serde_json::Value;

use super::template::quoted;
use crate::foreign_text::said;

/// What every certificate for servers has without being told.
const ALWAYS_THERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// What follows from roles and kinds of keys.
const FOLLOWS: [&str; 6] =
    ["signing", "digital signature", "key encipherment", "server auth", "client auth", "content commitment"];

/// Settings from files of cfssl, one after the other.
#[derive(Clone, Debug, Default)]
pub struct CfsslSettings {
    leaf_validity: Option<String>,
    ca_validity: Option<String>,
    key: Option<&'static str>,
    hosts: Vec<String>,
}

/// A value, and how one gets to it.
struct Field<'v> {
    path: Vec<String>,
    value: &'v Value,
}

impl CfsslSettings {
    /// Takes in a file. Returns what has no place in a zone, each with why, in words for the operator.
    ///
    /// # Errors
    /// It is not a file of cfssl, or says another thing than one before.
    pub fn read(&mut self, text: &str) -> Result<Vec<String>, String> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
        let known = ["signing", "CN", "hosts", "key", "names", "ca"];
        if !known.iter().any(|key| document.get(key).is_some()) {
            return Err("it is neither a signing config nor a request of cfssl".to_owned());
        }
        let mut fields = Vec::new();
        collect(&document, &mut Vec::new(), &mut fields);
        let mut left = self.read_key(&document)?;
        left.extend(self.read_expiry(&document)?);
        for field in fields {
            left.extend(self.read_field(&field)?);
        }
        Ok(left)
    }

    /// Lines of `[pki]`, with their values as TOML has them. `is_there` tells names and addresses that the
    /// certificates have anyway.
    pub fn lines(&self, is_there: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
        let text = |value: &Option<String>| value.as_deref().map(quoted);
        let has_place = |host: &&String| !ALWAYS_THERE.contains(&host.as_str()) && !is_there(host);
        let hosts: Vec<String> = self.hosts.iter().filter(has_place).map(|host| quoted(host)).collect();
        let names = (!hosts.is_empty()).then(|| format!("[{}]", hosts.join(", ")));
        let lines = [
            ("leaf_validity", text(&self.leaf_validity)),
            ("ca_validity", text(&self.ca_validity)),
            ("key", self.key.map(quoted)),
            ("server_names", names),
        ];
        lines.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    fn read_field(&mut self, field: &Field<'_>) -> Result<Option<String>, String> {
        let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
        let no_place = |why: &str| Ok(Some(format!("{}: {why}", said(&path.join(".")))));
        match path.as_slice() {
            // Read together with others.
            ["key", "algo" | "size"]
            | ["signing", "default", "expiry"]
            | ["signing", "profiles", _, "expiry"] => Ok(None),
            ["ca", "expiry"] => {
                let expiry = text_of(field)?;
                settle(&mut self.ca_validity, expiry, "ca.expiry")?;
                Ok(None)
            }
            ["hosts"] => {
                let hosts = field.value.as_array().into_iter().flatten().filter_map(Value::as_str);
                for host in hosts {
                    let host = host.to_owned();
                    if !self.hosts.contains(&host) {
                        self.hosts.push(host);
                    }
                }
                Ok(None)
            }
            ["signing", "default", "usages"] | ["signing", "profiles", _, "usages"] => {
                let usages = field.value.as_array().into_iter().flatten().filter_map(Value::as_str);
                let others: Vec<String> = usages.filter(|usage| !FOLLOWS.contains(usage)).map(said).collect();
                match others.as_slice() {
                    [] => Ok(None),
                    others => no_place(&format!("no role has the usage {}", others.join(", "))),
                }
            }
            ["CN"] => no_place("the subject is the name of the node or client that it is issued to"),
            ["names", ..] => {
                no_place("the organization is the name of the zone, and the subject says no more")
            }
            ["ca", "pathlen" | "pathlenzero"] => no_place("the CAs of the planes sign leaves alone"),
            ["signing", _, "auth_key" | "remote"] | ["signing", "profiles", _, "auth_key" | "remote"] => {
                no_place("nothing signs over the network: `pki csr` and `pki sign` carry requests as files")
            }
            _ => no_place("it has no place in zone.toml"),
        }
    }

    /// The kind of key, of the two fields that tell it.
    fn read_key(&mut self, document: &Value) -> Result<Vec<String>, String> {
        let Some(key) = document.get("key") else { return Ok(Vec::new()) };
        let algorithm = key.get("algo").and_then(Value::as_str).unwrap_or("ecdsa");
        let size = key.get("size").and_then(Value::as_u64).filter(|size| *size != 0);
        let kind = match (algorithm, size) {
            ("ecdsa", None | Some(256)) => "p256",
            ("ecdsa", Some(384)) => "p384",
            ("rsa", None | Some(2048)) => "rsa2048",
            ("rsa", Some(3072)) => "rsa3072",
            ("rsa", Some(4096)) => "rsa4096",
            ("ed25519", _) => "ed25519",
            (other, size) => {
                let size = size.map(|size| format!(" {size}")).unwrap_or_default();
                return Ok(vec![format!(
                    "key: no key of the kind {}{size} is made here, so it is the default, p256",
                    said(other)
                )]);
            }
        };
        match self.key.replace(kind) {
            Some(before) if before != kind => Err(format!(
                "its key is {kind}, and that of a file before is {before}: a zone has one kind of key"
            )),
            _ => Ok(Vec::new()),
        }
    }

    /// How long leaves last: one time for all, the shortest that a profile has.
    fn read_expiry(&mut self, document: &Value) -> Result<Vec<String>, String> {
        let Some(signing) = document.get("signing") else { return Ok(Vec::new()) };
        let expiry = |value: &Value| Some(value.get("expiry")?.as_str()?.to_owned());
        let default = signing.get("default").and_then(expiry);
        let profiles = signing.get("profiles").and_then(Value::as_object).into_iter().flatten();
        let mut profiles: Vec<(Duration, String, &String)> = profiles
            .filter_map(|(name, profile)| Some((expiry(profile)?, name)))
            .map(|(expiry, name)| Ok((length(&expiry)?, expiry, name)))
            .collect::<Result<_, String>>()?;
        profiles.sort();
        let mut left = Vec::new();
        let taken = match (profiles.first(), default) {
            (Some((shortest, taken, _)), default) => {
                for (_, expiry, name) in profiles.iter().filter(|(length, ..)| length != shortest) {
                    left.push(format!(
                        "signing.profiles.{}.expiry: {} is not used: all leaves last as long, {}",
                        said(name),
                        said(expiry),
                        said(taken)
                    ));
                }
                left.extend(default.map(|_| {
                    "signing.default.expiry: nothing is issued without a role, and roles are the profiles"
                        .to_owned()
                }));
                taken.clone()
            }
            (None, Some(default)) => default,
            (None, None) => return Ok(left),
        };
        length(&taken)?;
        settle(&mut self.leaf_validity, taken, "the expiry of profiles")?;
        Ok(left)
    }
}

/// Keeps a setting of which there is one.
fn settle(setting: &mut Option<String>, value: String, what: &str) -> Result<(), String> {
    match setting.replace(value.clone()) {
        Some(before) if before != value => {
            Err(format!("{what} is {}, and {} in a file before", said(&value), said(&before)))
        }
        _ => Ok(()),
    }
}

fn text_of(field: &Field<'_>) -> Result<String, String> {
    let text = field.value.as_str().ok_or_else(|| format!("{} is no text", said(&field.path.join("."))))?;
    length(text)?;
    Ok(text.to_owned())
}

/// Go's form of a length of time, as far as zone.toml has it.
fn length(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("`{}` is no length of time", said(text)))
}

/// All values that are no objects; a list of texts is one.
fn collect<'v>(value: &'v Value, path: &mut Vec<String>, fields: &mut Vec<Field<'v>>) {
    let mut below = |key: String, value: &'v Value| {
        path.push(key);
        collect(value, path, fields);
        path.pop();
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(place, item)| below(place.to_string(), item));
        }
        _ => fields.push(Field { path: path.clone(), value }),
    }
}
