//! A server of HTTP that does what it is told to each connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Listens at a free port of 127.0.0.1 until it is dropped.
pub(super) struct StandIn {
    pub(super) port: u16,
    ended: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Reads the head of a request, and does this with it.
    pub(super) fn acting(act: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (end, count, act) = (Arc::clone(&ended), Arc::clone(&asked), Arc::new(act));
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (act, Ok(mut connection)) = (Arc::clone(&act), connection) else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
                    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                        match connection.read(&mut buffer) {
                            Ok(count @ 1..) => head.extend_from_slice(&buffer[..count]),
                            _ => return,
                        }
                    }
                    act(&String::from_utf8_lossy(&head), connection);
                });
            }
        });
        Self { port, ended, asked, thread: Some(thread) }
    }

    /// Answers every request with these bytes, and closes the connection.
    pub(super) fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::acting(move |_, mut connection| {
            // A client that has read enough has gone.
            let _ = connection.write_all(&answer);
        })
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An answer with a body.
pub(super) fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
