//! The playbook of `examples/ansible` on three machines with OpenSSH servers, without a service manager.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::namespaces::Network;
use crate::harness::openssh::OpenSsh;
use crate::harness::processes::Running;
use crate::harness::{Outcome, debian, outcome, program};

const NODES: [(&str, &str); 3] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const SIGNING: (&str, &str) = ("signing", "10.0.1.2");

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ansible").join(file)
}

fn ansible_playbook(home: &Path, inventory: &Path) -> Command {
    let fetched = debian::fetched("ansible");
    let playbook = fetched.join("usr/bin/ansible-playbook");
    assert!(playbook.is_file(), "run scripts/ansible first");
    let mut command = debian::installed_or_fetched("ansible", "usr/bin/python3");
    command.arg(playbook).arg("--inventory").arg(inventory);
    command.env("PYTHONPATH", fetched.join("usr/lib/python3/dist-packages")).env("HOME", home);
    command.env("ANSIBLE_NOCOLOR", "1");
    command.env("ANSIBLE_SSH_TRANSFER_METHOD", "piped").env("ANSIBLE_PIPELINING", "1");
    command.env("LC_ALL", "C.UTF-8").env_remove("ANSIBLE_CONFIG");
    command
}

#[test]
fn ansible_accepts_the_playbook() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let check = |playbook: &Path| {
        let mut command = ansible_playbook(home.path(), &example("inventory.ini"));
        outcome(command.arg("--syntax-check").arg(playbook))
    };
    check(&example("site.yml")).expect_code(0);
    let text = fs::read_to_string(example("site.yml")).expect("the playbook");
    let wrong = home.path().join("site.yml");
    fs::write(&wrong, text.replace("register: node\n", "registers: node\n")).expect("a file");
    assert_ne!(check(&wrong).code, 0);
}

#[test]
fn the_playbook_makes_a_zone_on_three_hosts() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| directory.path().join(name);
        let network = Network::new(&[NODES[0], NODES[1], NODES[2], SIGNING]);
        let Some(ssh) = OpenSsh::new(&at("ssh")) else { return };
        let programs = Path::new("/usr/sbin");
        let _servers = NODES.map(|machine| ssh.serve(&network, machine, programs, None));
        let inventory = write_inventory(directory.path(), &ssh);
        let play = |tags: [&str; 2]| -> Outcome {
            let mut command = ansible_playbook(directory.path(), &inventory);
            command.args(tags).args(["-vvv", "--extra-vars"]).arg(format!("@{}", at("vars.yml").display()));
            outcome(&mut network.on(SIGNING.0, command.arg(example("site.yml"))))
        };
        let told = play(["--skip-tags", "systemd,status"]);
        assert_eq!(told.code, 0, "{}", failures(&told.stdout));
        for (node, _) in NODES {
            let passphrase = fs::read_to_string(at("zone-passphrases").join(node)).expect("a passphrase");
            assert_eq!(passphrase.trim().len(), 32);
            for text in [&told.stdout, &told.stderr] {
                assert!(!text.contains(passphrase.trim()), "a passphrase is in the log");
            }
            let host = fs::read_dir(at(node)).expect("the host's directory");
            let mut files: Vec<_> = host.map(|entry| entry.expect("an entry").file_name()).collect();
            files.sort();
            assert_eq!(files, [".ansible", "delivered", "node", "prefix"]);
            assert_eq!(fs::read_dir(at(node).join("delivered")).expect("a directory").count(), 0);
            assert!(!at(node).join("node/ca").exists());
        }
        let start = |(node, _): (&str, &str)| {
            let mut run = Command::new(at(node).join("prefix/bin/zone-etcd"));
            run.args(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
            run.arg(at(node).join("node/node.json"));
            Running::start(&mut network.on(node, &run), directory.path(), node)
        };
        let _members = NODES.map(start);
        let told = play(["--skip-tags", "systemd"]);
        assert_eq!(told.code, 0, "{}", failures(&told.stdout));
        let recap = told.stdout.split("PLAY RECAP").nth(1).expect("a recap");
        assert_eq!(recap.matches("changed=0").count(), 4, "{recap}");
    });
}

/// What a run says of the tasks that failed.
fn failures(output: &str) -> &str {
    output.find("FAILED!").map_or("no task has failed", |at| &output[at..])
}

/// Each host has places of its own, since all of them have one file system here.
#[track_caller]
fn write_inventory(directory: &Path, ssh: &OpenSsh) -> PathBuf {
    let client = ssh.client();
    let options = client.split_once(' ').expect("options").1;
    let mut text = "[etcd]\n".to_owned();
    for (node, address) in NODES {
        for place in ["prefix/bin", "delivered"] {
            fs::create_dir_all(directory.join(node).join(place)).expect("a directory");
        }
        text += &format!("{node} ansible_host={address} place={}\n", directory.join(node).display());
    }
    text += &format!("[etcd:vars]\nansible_user=root\nansible_ssh_common_args={options}\n");
    text += "ansible_python_interpreter=/usr/bin/python3\n";
    text += "ansible_remote_tmp=\"{{ place }}/.ansible\"\n";
    let inventory = directory.join("inventory.ini");
    fs::write(&inventory, text).expect("the inventory");
    let vars = format!(
        "signing_program: {}\nzone_dir: {}\nprefix: \"{{{{ place }}}}/prefix\"\n\
         node_dir: \"{{{{ place }}}}/node\"\nnode_user: root\n\
         delivery_dir: \"{{{{ place }}}}/delivered\"\n",
        program().display(),
        directory.join("zone").display()
    );
    fs::write(directory.join("vars.yml"), vars).expect("the settings");
    inventory
}
