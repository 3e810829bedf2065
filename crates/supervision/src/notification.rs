//! Where a process tells that it is ready (sd_notify(3)).

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use model::random::bytes;
use nix::unistd::geteuid;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg, sockopt};

/// A socket in the abstract namespace: no file, no limit on the path, and gone with this process. Who may
/// write to it is not limited, so what comes is believed by its sender.
#[derive(Debug)]
pub(super) struct Notification {
    socket: UnixDatagram,
    address: String,
    /// The user that the process runs as, if it is another.
    user: Option<u32>,
}

impl Notification {
    /// A socket for one start of a process: what an earlier one still has to say does not reach it.
    pub fn new(name: &str, user: Option<u32>) -> io::Result<Self> {
        // Another user could take a name that can be foreseen.
        let random: [u8; 8] = bytes().map_err(|failure| io::Error::other(failure.to_string()))?;
        let address = format!("zone-etcd/{name}/{:016x}", u64::from_be_bytes(random));
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&address)?)?;
        sockopt::set_socket_passcred(&socket, true)?;
        Ok(Self { socket, address, user })
    }

    /// What `NOTIFY_SOCKET` is to be.
    pub fn variable(&self) -> String {
        format!("@{}", self.address)
    }

    /// What wakes [`Self::receive`] up.
    pub fn waker(&self) -> Waker {
        Waker(self.address.clone())
    }

    /// The next message. What another user sent is an empty one.
    pub fn receive(&self) -> io::Result<Vec<u8>> {
        let mut text = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let parts = &mut [IoSliceMut::new(&mut text)];
        let received = recvmsg(&self.socket, parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let is_from = |uid: u32| uid == 0 || uid == geteuid().as_raw() || Some(uid) == self.user;
        let believed = control.drain().any(|message| match message {
            RecvAncillaryMessage::ScmCredentials(sender) => is_from(sender.uid.as_raw()),
            _ => false,
        });
        Ok(if believed { text[..received.bytes].to_vec() } else { Vec::new() })
    }
}

/// Whether a message says that the process is ready.
pub(super) fn is_ready(message: &[u8]) -> bool {
    message.split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
}

/// Ends a wait for messages.
#[derive(Debug)]
pub(super) struct Waker(String);

impl Waker {
    pub fn wake(&self) {
        // If the socket is gone, it does not wait.
        let sent = SocketAddr::from_abstract_name(&self.0)
            .and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"", &address));
        let _ = sent;
    }
}
