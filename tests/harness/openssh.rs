//! OpenSSH: a server on each machine, and a client that knows them all. To be used in [`super::isolation`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};

use super::namespaces::Network;
use super::processes::Running;
use super::{debian, outcome};

/// A directory with the keys of the servers and of the one who calls.
pub struct OpenSsh {
    directory: PathBuf,
}

impl OpenSsh {
    /// Makes the key of the caller, and what a server needs of this machine; only the test sees that. None
    /// where the user namespace has no other user, since a server becomes another one for what it does before
    /// it knows who calls.
    #[track_caller]
    pub fn new(directory: &Path) -> Option<Self> {
        let map = fs::read_to_string("/proc/self/uid_map").expect("the map of user ids");
        if map.split_whitespace().nth(2) == Some("1") {
            return None;
        }
        fs::create_dir(directory).expect("a directory");
        // The directory in which it is locked up, and the user that it becomes.
        fs::create_dir_all("/run/sshd").expect("a /run of its own");
        let add = |file: &str, lines: &str| {
            let copy = directory.join(file);
            let path = format!("/etc/{file}");
            let present = fs::read_to_string(&path).unwrap_or_default();
            let others =
                present.lines().filter(|line| !line.starts_with("sshd:") && !line.starts_with("root:"));
            fs::write(&copy, others.fold(lines.to_owned(), |text, line| text + line + "\n")).expect("a copy");
            mount(Some(&copy), path.as_str(), None::<&str>, MsFlags::MS_BIND, None::<&str>)
                .expect("a mount over a file in /etc");
        };
        add("passwd", "root:x:0:0:root:/root:/bin/sh\nsshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n");
        add("shadow", "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n");
        let made = Self { directory: directory.to_owned() };
        made.make_key("caller");
        Some(made)
    }

    /// Starts the server of a machine, where programs are found in `programs`. `only` is what the caller may
    /// run there, if not everything.
    #[track_caller]
    pub fn serve(
        &self,
        network: &Network,
        (machine, address): (&str, &str),
        programs: &Path,
        only: Option<&str>,
    ) -> Running {
        self.make_key(machine);
        let public = |name: &str| {
            fs::read_to_string(self.directory.join(format!("{name}.pub"))).expect("a public key")
        };
        let restriction = match only {
            Some(only) => format!("restrict,command=\"{only}\" "),
            None => String::new(),
        };
        let file = |name: &str| self.directory.join(name).display().to_string();
        let (keys, config) =
            (file(&format!("{machine}.authorized_keys")), file(&format!("{machine}.config")));
        fs::write(&keys, restriction + &public("caller")).expect("a file");
        let text = format!(
            "ListenAddress {address}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {keys}\nStrictModes no\n\
             UsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv PATH={}:/usr/bin:/bin\n",
            file(machine),
            programs.display()
        );
        fs::write(&config, text).expect("a file");
        let known = self.directory.join("known_hosts");
        let others = fs::read_to_string(&known).unwrap_or_default();
        fs::write(&known, format!("{others}{address} {}", public(machine))).expect("a file");

        let mut server = Command::new(server());
        server.args(["-D", "-e", "-f", &config]).env("LD_LIBRARY_PATH", debian::libraries("openssh"));
        let name = format!("sshd-{machine}");
        let mut running = Running::start(&mut network.on(machine, &server), &self.directory, &name);
        running.wait_for_line(&["Server listening on"]);
        running
    }

    /// The client with its key, without a question to anybody, up to the host that is called.
    pub fn client(&self) -> String {
        let config = self.directory.join("client.config");
        let file = |name: &str| self.directory.join(name).display().to_string();
        let text = format!(
            "BatchMode yes\nIdentitiesOnly yes\nIdentityFile {}\nUserKnownHostsFile {}\n\
             StrictHostKeyChecking yes\n\
             ConnectTimeout 5\n",
            file("caller"),
            file("known_hosts")
        );
        fs::write(&config, text).expect("a file");
        format!("ssh -F {}", config.display())
    }

    #[track_caller]
    fn make_key(&self, name: &str) {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(self.directory.join(name));
        outcome(&mut keygen).expect_code(0);
    }
}

/// That of the machine, or what `scripts/openssh` has fetched.
fn server() -> PathBuf {
    let installed = PathBuf::from("/usr/sbin/sshd");
    if installed.is_file() {
        return installed;
    }
    let fetched = debian::fetched("openssh").join("usr/sbin/sshd");
    assert!(fetched.is_file(), "run scripts/openssh first");
    fetched
}
