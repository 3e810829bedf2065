//! What opens a bundle on its node.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;

use super::{activate, command, fingerprint, node_directory, zone};
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{NOBODY, Refusal, use_as_nobody};

fn private(zone: &TestZone, name: &str, text: &str) -> PathBuf {
    let path = zone.around().join(name);
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.expect("a file").write_all(text.as_bytes()).expect("its text");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn sealed(zone: &TestZone, how: &[&str]) -> PathBuf {
    let out = zone.around().join("out");
    let mut command = zone.command(&["bundle", "node1"]);
    outcome(command.args(how).arg("--out").arg(&out)).expect_code(0);
    out.join("node1.bundle")
}

/// Whoever sealed it knew the passphrase, so no fingerprint is needed.
#[test]
fn a_passphrase_stands_for_the_fingerprint() {
    let zone = zone();
    let passphrase = private(&zone, "passphrase", "correct horse battery staple\n");
    let other = private(&zone, "other", "incorrect horse battery staple\n");
    let file = sealed(&zone, &["--passphrase-file", text(&passphrase)]);
    let directory = node_directory(&zone, "n1");
    activate(&file, &directory, &["--passphrase-file", text(&other)])
        .expect_refusal(77, &["the passphrase is not the one", "other holds the passphrase alone"]);
    // There is no terminal to ask at.
    activate(&file, &directory, &[]).expect_code(66).expect_error_with(&["--passphrase-file"]);
    assert!(!directory.exists(), "nothing was made");
    activate(&file, &directory, &["--passphrase-file", text(&passphrase)]).expect_code(0);
}

#[test]
fn the_key_of_the_node() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    let identity = private(&zone, "identity", key.to_string().expose_secret());
    let file = sealed(&zone, &["--recipient", &key.to_public().to_string()]);
    let directory = node_directory(&zone, "n1");
    // To a key anyone can seal.
    activate(&file, &directory, &["--identity", text(&identity)])
        .expect_refusal(64, &["--root-fingerprint SHA256"]);
    let known = ["--identity", text(&identity), "--root-fingerprint", &fingerprint(&zone)];
    activate(&file, &directory, &known).expect_code(0);
}

/// Another program gives the bundle on standard input and the passphrase by another descriptor.
#[test]
fn a_sealed_bundle_on_standard_input() {
    let zone = zone();
    let passphrase = private(&zone, "passphrase", "correct horse battery staple\n");
    let file = sealed(&zone, &["--passphrase-file", text(&passphrase)]);
    let directory = node_directory(&zone, "n1");
    let with = |arguments: &[&str]| {
        let mut command = command(Path::new("-"), &directory, arguments);
        outcome(command.stdin(std::fs::File::open(&file).expect("the bundle")))
    };
    with(&[]).expect_refusal(66, &["standard input", "--passphrase-file FILE"]);
    with(&["--passphrase-file", text(&passphrase)]).expect_code(0);
}

/// What is no key is not read into memory, and not waited for.
#[test]
fn an_identity_that_is_no_file_with_a_key() {
    let zone = zone();
    let key = age::x25519::Identity::generate().to_public().to_string();
    let file = sealed(&zone, &["--recipient", &key]);
    let directory = node_directory(&zone, "n1");
    let huge = private(&zone, "huge", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(&huge)
        .and_then(|file| file.set_len(100 << 30))
        .expect("a file");
    let pipe = zone.around().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    for (identity, why) in [
        (huge.as_path(), "no key has more than"),
        (&pipe, "expected a regular file"),
        (Path::new("/dev/zero"), "expected a regular file"),
    ] {
        activate(&file, &directory, &["--identity", text(identity)]).expect_refusal(65, &[why, "age-keygen"]);
    }
    assert!(!directory.exists(), "nothing was made");
}

/// A call with the file open as descriptor 3.
fn with_open(command: &Command, file: &Path) -> Command {
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec 3<\"$1\"; shift; exec \"$@\"", "bash"]).arg(file);
    shell.arg(command.get_program()).args(command.get_args()).env_remove("CREDENTIALS_DIRECTORY");
    shell.stdin(Stdio::null());
    shell
}

#[test]
fn a_key_by_a_file_descriptor() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    let identity = private(&zone, "identity", key.to_string().expose_secret());
    let file = sealed(&zone, &["--recipient", &key.to_public().to_string()]);
    let directory = node_directory(&zone, "n1");
    let known = ["--root-fingerprint", &fingerprint(&zone)];
    let call = |arguments: &[&str]| {
        outcome(&mut with_open(&command(&file, &directory, &[arguments, &known].concat()), &identity))
    };
    call(&["--identity-fd", "9"])
        .expect_refusal(66, &["file descriptor 9", "it is not open", "--identity-fd 3 3< FILE"]);
    call(&["--identity-fd", "3", "--identity", text(&identity)]).expect_code(64);
    activate(&file, &directory, &["--identity", "-"]).expect_refusal(64, &["--identity-fd"]);
    // What is no key, and never ends.
    outcome(&mut with_open(&command(&file, &directory, &["--identity-fd", "3"]), Path::new("/dev/zero")))
        .expect_refusal(65, &["cannot use file descriptor 3", "no key has more than"]);
    assert!(!directory.exists(), "nothing was made");
    call(&["--identity-fd", "3"]).expect_code(0);
    let mut inspect = zone_etcd(["bundle", "inspect", "--identity-fd", "3"]);
    outcome(&mut with_open(inspect.arg(&file), &identity)).expect_code(0);
}

/// A unit without a passphrase has the key as a credential, whose mode is systemd's matter.
#[test]
fn a_key_as_a_credential() {
    let zone = zone();
    let key = age::x25519::Identity::generate();
    let credentials = zone.around().join("credentials");
    std::fs::create_dir(&credentials).expect("a directory");
    std::fs::write(credentials.join("zone-etcd.bundle-identity"), key.to_string().expose_secret())
        .expect("a key");
    let file = sealed(&zone, &["--recipient", &key.to_public().to_string()]);
    let directory = node_directory(&zone, "n1");
    let mut command = command(&file, &directory, &["--root-fingerprint", &fingerprint(&zone)]);
    outcome(command.env("CREDENTIALS_DIRECTORY", &credentials)).expect_code(0);
}

/// The key of a host is root's, and the member has a user of its own: root opens the key, and that user reads
/// it.
#[test]
fn the_key_of_the_host_for_a_user_who_may_not_read_it() {
    if !nix::unistd::geteuid().is_root() {
        println!("not root: a file of root's was not handed to another user");
        return;
    }
    let zone = zone();
    let host_key = zone.around().join("ssh_host_ed25519_key");
    let mut keygen = Command::new("ssh-keygen");
    outcome(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host_key)).expect_code(0);
    let public = std::fs::read_to_string(host_key.with_extension("pub")).expect("the public key");
    let file = sealed(&zone, &["--recipient", public.trim()]);
    let place = tempfile::tempdir().expect("a directory");
    let own = place.path().join("own");
    std::fs::create_dir(&own).expect("a directory");
    std::os::unix::fs::chown(&own, Some(NOBODY), Some(NOBODY)).expect("given away");
    let bundle = own.join("node1.bundle");
    std::fs::copy(&file, &bundle).expect("copied");
    std::os::unix::fs::chown(&bundle, Some(NOBODY), Some(NOBODY)).expect("given away");
    let reachable = place.path().join("ssh_host_ed25519_key");
    std::fs::copy(&host_key, &reachable).expect("copied");
    std::fs::set_permissions(&reachable, PermissionsExt::from_mode(0o600)).expect("its mode");
    let known = fingerprint(&zone);
    let call = |options: &str| {
        // For the copy of the program that others can reach; its `--zone` is not of `activate`.
        let program = use_as_nobody(place.path(), &[], &zone.path()).get_program().to_owned();
        let mut shell = Command::new("bash");
        let line = format!(
            "exec runuser -u nobody -- \"$0\" activate \"$1\" --node-dir \"$2\" --root-fingerprint \"$3\" \
             {options}"
        );
        shell.args(["-c", &line]).arg(program).arg(&bundle).arg(own.join("n1")).arg(&known).arg(&reachable);
        outcome(shell.current_dir("/").stdin(Stdio::null()))
    };
    call("--identity \"$4\"").expect_refusal(
        77,
        &[
            "Permission denied",
            "runuser -u nobody -- zone-etcd activate … --identity-fd 3 3<",
            "ssh_host_ed25519_key",
        ],
    );
    call("--identity-fd 3 3<\"$4\"").expect_code(0);
    assert!(own.join("n1/node.json").is_file());
}

/// The copy that is proposed for a key of the zone directory is none of a key of the node.
#[test]
fn an_identity_that_is_not_there() {
    let zone = zone();
    let file = sealed(&zone, &["--recipient", &age::x25519::Identity::generate().to_public().to_string()]);
    let refused = activate(&file, &node_directory(&zone, "n1"), &["--identity", "ssh/nope"])
        .expect_refusal(66, &["cannot read ssh/nope", "check the path"]);
    assert!(!refused.stderr.contains("zone directory"), "{}", refused.stderr);
}
