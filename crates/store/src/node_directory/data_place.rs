//! Where etcd's data may lie: not among keys, and with no keys among it.

use std::path::{Component, Path, PathBuf};

use zone_pki::ShowPath;

use model::config::Node;
use model::error::{Exit, Failure, Result};

/// Refuses a `data_dir` that is, holds or lies in `keys`, a directory in which keys are. `own` is where the
/// data of this node is by default, which may lie there. Links are followed as far as they lead somewhere.
pub fn refuse_data_among(keys: &Path, own: &Path, node: &Node) -> Result<()> {
    let Some(written) = &node.data_directory else { return Ok(()) };
    let (data, keys_place) = (resolved(written), resolved(keys));
    let relation = match () {
        () if data == resolved(own) => return Ok(()),
        () if data == keys_place => "is",
        () if data.starts_with(&keys_place) => "lies in",
        () if keys_place.starts_with(&data) => "holds",
        () => return Ok(()),
    };
    let (name, shown) = (node.name.short(), written.shown());
    Err(Failure::new(Exit::Configuration, format!("`data_dir` of {name} cannot be `{shown}`"))
        .because(format!("it {relation} {}, in which keys are", keys.shown()))
        .next(format!("give the data of {name} a directory of its own, such as /var/lib/etcd")))
}

/// The path without links and `..`, also where its end is not there yet.
fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            resolved.pop();
        } else {
            resolved.push(component);
        }
        if let Ok(real) = resolved.canonicalize() {
            resolved = real;
        }
    }
    resolved
}
