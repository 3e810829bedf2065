//! A gateway between machines that have no network in common: each forward listens on one of them and dials
//! from another, as a tunnel of a cyfs gateway does.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::spawn;

use nix::sched::{CloneFlags, setns};
use rustix::net::{AddressFamily, SocketType};

use super::processes::until;

/// What the forwards do with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    /// They are passed on.
    Up,
    /// They are closed at once, and those that are open are cut.
    Closes,
    /// They are taken, and nothing comes of them; those that are open are cut.
    Silent,
}

/// Forwards that share one tunnel. They last as long as the process.
#[derive(Clone)]
pub struct Gateway(Arc<Mutex<Shared>>);

struct Shared {
    tunnel: Tunnel,
    /// Both ends of what was passed on, and what was taken without a word.
    open: Vec<TcpStream>,
}

/// A machine of a [`super::namespaces::Network`]; none is that of the test itself.
pub type Machine<'m> = Option<&'m str>;

impl Gateway {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Shared { tunnel: Tunnel::Up, open: Vec::new() })))
    }

    /// Forwards what comes to `listens` on one machine to `dials` on another, from the address `from` there.
    #[track_caller]
    pub fn forward(&self, on: Machine<'_>, listens: &str, to: &str, dials: &str, from: Ipv4Addr) {
        let (listens, dials): (SocketAddr, SocketAddr) =
            (listens.parse().expect("a socket"), dials.parse().expect("a socket"));
        let listener = in_machine(on, move || TcpListener::bind(listens).expect("a free socket"));
        let (gateway, to) = (self.clone(), to.to_owned());
        spawn(move || {
            // All that this thread opens from now on is on the far machine.
            enter(&to);
            for near in listener.incoming().flatten() {
                let is_up = gateway.with(|shared| {
                    match shared.tunnel {
                        Tunnel::Up => return true,
                        Tunnel::Closes => drop(near.shutdown(Shutdown::Both)),
                        Tunnel::Silent => shared.open.extend(near.try_clone()),
                    }
                    false
                });
                if let Some(far) = is_up.then(|| dial(dials, from)).flatten() {
                    gateway.join(near, far);
                }
            }
        });
    }

    /// Changes what becomes of connections, also of those that are open.
    pub fn set(&self, tunnel: Tunnel) {
        self.with(|shared| {
            shared.tunnel = tunnel;
            for socket in shared.open.drain(..) {
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
    }

    fn join(&self, near: TcpStream, far: TcpStream) {
        let ends = [near.try_clone(), far.try_clone()];
        let is_cut = self.with(|shared| {
            shared.open.extend(ends.into_iter().flatten());
            shared.tunnel != Tunnel::Up
        });
        if is_cut {
            let _ = (near.shutdown(Shutdown::Both), far.shutdown(Shutdown::Both));
            return;
        }
        for (mut from, mut to) in
            [(near.try_clone().expect("a handle"), far.try_clone().expect("a handle")), (far, near)]
        {
            spawn(move || {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(length @ 1..) = from.read(&mut buffer) {
                    if to.write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
                let _ = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
            });
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Shared) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Does something as a program on a machine would.
#[track_caller]
pub fn in_machine<T: Send + 'static>(machine: Machine<'_>, what: impl FnOnce() -> T + Send + 'static) -> T {
    let machine = machine.map(str::to_owned);
    let there = spawn(move || {
        if let Some(machine) = machine {
            enter(&machine);
        }
        what()
    });
    until("the machine", || there.is_finished().then_some(()));
    there.join().expect("it works there")
}

/// Brings this thread to a machine.
fn enter(machine: &str) {
    let namespace = File::open(format!("/run/netns/{machine}")).expect("a machine");
    setns(namespace, CloneFlags::CLONE_NEWNET).expect("a namespace of our own");
}

fn dial(to: SocketAddr, from: Ipv4Addr) -> Option<TcpStream> {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).ok()?;
    rustix::net::bind(&socket, &SocketAddr::from((from, 0))).ok()?;
    rustix::net::connect(&socket, &to).ok()?;
    Some(TcpStream::from(socket))
}
