//! The image that `scripts/image` makes, unpacked by another program, and a zone that runs from it: as the
//! first process, as a user without rights, with nothing to write to but a volume.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, children_of, until};
use crate::harness::{Outcome, TestZone, bundle, debian, outcome, program};

const NODES: [(&str, &str); 3] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const SIGNING: (&str, &str) = ("signing", "10.0.1.2");
/// The user in the image.
const USER: u32 = 65532;

#[test]
fn a_zone_runs_from_the_image() {
    isolated(|| {
        let map = fs::read_to_string("/proc/self/uid_map").expect("the map of user ids");
        // A user namespace of one user has no other one that a container could run as.
        if map.split_whitespace().nth(2) == Some("1") {
            return;
        }
        let zone = TestZone::init(
            "example.com",
            &NODES.map(|(name, at)| format!("{name}={at}")).each_ref().map(String::as_str),
        );
        let image = make_image(zone.around());
        let network = Network::new(&[NODES[0], NODES[1], NODES[2], SIGNING]);
        let out = zone.around().join("out").display().to_string();
        zone.run(&["bundle", "--no-encryption", "--out", &out]).expect_code(0);
        let containers = NODES.map(|(node, _)| Container::new(&zone, &image, node));
        let start = |container: &Container| {
            container.activate(&network);
            Running::start(
                &mut network.on(container.node, &container.command(&["boot"])),
                zone.around(),
                container.node,
            )
        };
        let mut running = containers.each_ref().map(start);
        let client = etcdctl(&zone, &network);
        wait_for_quorum(&client);
        call(&client, &["put", "greeting", "hello"]).expect_code(0);

        let first = children_of(running[0].pid()).remove(0);
        let status = fs::read_to_string(format!("/proc/{first}/status")).expect("the process runs");
        let has = |field: &str, value: &str| {
            let line = status.lines().find(|line| line.starts_with(field)).expect("the field");
            assert_eq!(line.split_whitespace().last(), Some(value), "{line}");
        };
        has("Uid:", &USER.to_string());
        has("NSpid:", "1");
        has("CapEff:", "0000000000000000");

        // A container that is stopped and made again finds its volume.
        kill(Pid::from_raw(first.cast_signed()), Signal::SIGTERM).expect("the process runs");
        assert_eq!(running[0].outcome().code, 0);
        running[0] = start(&containers[0]);
        let of_first = again(&client, &["--endpoints", "https://10.0.1.10:2379"]);
        until("the member that was started again", || {
            call_once(&of_first, &["get", "greeting", "--print-value-only"]).contains("hello").then_some(())
        });
    });
}

/// Makes the image twice, and has umoci look at the first.
#[track_caller]
fn make_image(directory: &Path) -> PathBuf {
    let make = |name: &str| {
        let out = directory.join(name);
        let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/image"));
        outcome(script.arg("--out").arg(&out).arg("--program").arg(program())).expect_code(0);
        out
    };
    let (image, second) = (make("image"), make("second"));
    outcome(Command::new("diff").arg("--recursive").arg(&image).arg(&second)).expect_code(0);
    let again = outcome(
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/image"))
            .arg("--out")
            .arg(&image)
            .arg("--program")
            .arg(program()),
    );
    again.expect_code(73).expect_error_with(&["is there already"]);
    image
}

/// A container's root and volume.
struct Container {
    node: &'static str,
    root: PathBuf,
    fingerprint: String,
}

impl Container {
    /// The image unpacked, read-only, with a volume as Kubernetes makes one for a group.
    #[track_caller]
    fn new(zone: &TestZone, image: &Path, node: &'static str) -> Self {
        let place = zone.around().join(format!("container-{node}"));
        let mut unpack = debian::command("umoci", "usr/bin/umoci");
        unpack.arg("unpack").arg("--image").arg(format!("{}:{}", image.display(), env!("CARGO_PKG_VERSION")));
        outcome(unpack.arg(&place)).expect_code(0);
        let (root, volume) = (place.join("rootfs"), place.join("volume"));
        for directory in [&volume, &root.join("proc"), &root.join("dev"), &root.join("bundles")] {
            fs::create_dir(directory).expect("a directory");
        }
        chown(&volume, Some(0), Some(USER)).expect("its group");
        fs::set_permissions(&volume, fs::Permissions::from_mode(0o2770)).expect("its mode");
        let bundle = root.join(format!("bundles/{node}.bundle"));
        fs::copy(zone.around().join(format!("out/{node}.bundle")), &bundle).expect("the bundle");
        chown(&bundle, Some(0), Some(USER)).expect("its group");
        fs::set_permissions(&bundle, fs::Permissions::from_mode(0o440)).expect("its mode");
        // umoci has all directories for root alone.
        let bind = |from: &Path, to: &Path, flags: MsFlags| {
            mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | flags, None::<&str>).expect("a mount");
        };
        bind(&root, &root, MsFlags::empty());
        bind(&root, &root, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY);
        bind(Path::new("/dev"), &root.join("dev"), MsFlags::empty());
        bind(&volume, &root.join("var/lib/zone-etcd"), MsFlags::empty());
        Self { node, root, fingerprint: zone.root_fingerprint() }
    }

    /// The program of the image as the first process, with the environment of the image alone.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.arg(format!("--root={}", self.root.display()));
        command.args([format!("--setgid={USER}"), format!("--setuid={USER}")]);
        command.args(["--wd=/var/lib/zone-etcd", "--", "/usr/local/bin/zone-etcd"]).args(arguments);
        for (name, _) in std::env::vars_os() {
            command.env_remove(name);
        }
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command.env("ZONE_ETCD_CONFIG", "/var/lib/zone-etcd/node/node.json");
        command
    }

    /// What an init container does at each start.
    #[track_caller]
    fn activate(&self, network: &Network) {
        let bundle = format!("/bundles/{}.bundle", self.node);
        let fingerprint =
            self.fingerprint.trim_start_matches(|c| c != '=').trim_start_matches('=').to_owned();
        let mut activate = self.command(&[
            "activate",
            &bundle,
            "--node",
            self.node,
            "--node-dir",
            "/var/lib/zone-etcd/node",
            "--root-fingerprint",
            &fingerprint,
        ]);
        activate.stdin(std::process::Stdio::null());
        outcome(&mut network.on(self.node, &activate)).expect_code(0);
    }
}

fn etcdctl(zone: &TestZone, network: &Network) -> Command {
    let admin = |file: &str| zone.file("clients/admin/current").join(file);
    let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
    command.args(["--endpoints", "https://10.0.1.11:2379", "--command-timeout", "2s", "--cacert"]);
    command.arg(admin("ca.crt")).arg("--cert").arg(admin("client.crt")).arg("--key").arg(admin("client.key"));
    network.on(SIGNING.0, &command)
}

/// What a call prints, whether it succeeds or not.
fn call_once(client: &Command, arguments: &[&str]) -> String {
    outcome(&mut again(client, arguments)).stdout
}

/// What they are for accepts the examples, and would not accept a misspelt key.
#[test]
fn the_examples_for_containers_are_accepted() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (kind, file, key, misspelt) in [
        ("compose", "examples/containers/compose.yaml", "read_only:", "readonly:"),
        ("kubernetes", "examples/kubernetes/zone-etcd.yaml", "replicas:", "replica:"),
        ("kubernetes", "examples/kubernetes/zone-etcd.yaml", "readOnlyRootFilesystem:", "readOnlyRoot:"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let told = manifests(kind, &path).expect_code(0).stdout;
        assert!(told.lines().count() >= 3, "{told}");
        let text = fs::read_to_string(&path).expect("the example");
        assert!(text.contains(key), "{key}");
        let wrong = directory.path().join("wrong.yaml");
        fs::write(&wrong, text.replace(key, misspelt)).expect("a file");
        manifests(kind, &wrong).expect_code(1).expect_error_with(&[misspelt.trim_end_matches(':')]);
        assert!(text.contains(&format!("image: zone-etcd:{}\n", env!("CARGO_PKG_VERSION"))), "{file}");
    }
}

#[track_caller]
fn manifests(kind: &str, file: &Path) -> Outcome {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/manifests");
    assert!(program.is_file(), "run scripts/clients first");
    outcome(Command::new(program).arg(kind).arg(file).env("ROOT_FINGERPRINT", "00"))
}
