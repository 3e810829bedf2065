//! What tells that a process is ready.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// What tells that a process is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// It is as soon as its program runs.
    #[default]
    None,
    /// It says so: `READY=1` to the socket in `NOTIFY_SOCKET` (sd_notify(3)).
    Notify,
    /// It takes TCP connections.
    Tcp(SocketAddr),
    /// It answers a GET request with a status from 200 to 399.
    Http(HttpProbe),
    /// A command ends with 0: the program and its arguments.
    Exec(Vec<String>),
}

/// What is asked over HTTP, on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// A loopback address.
    pub address: SocketAddr,
    /// Path and query, with the first slash.
    pub path: String,
}

impl Readiness {
    /// Reads what `ready` says. The error is what is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        const EXAMPLE: &str = "write \"none\", \"notify\", \"tcp:8080\", \"http://127.0.0.1:8080/health\" or \
                               \"exec:/usr/bin/check --quiet\"";
        let fault = |what: String| Err((what, EXAMPLE.to_owned()));
        if let Some(place) = text.strip_prefix("tcp:") {
            let port =
                place.parse().ok().filter(|port| *port != 0).map(|port| (Ipv4Addr::LOCALHOST, port).into());
            return match port.or_else(|| place.parse::<SocketAddr>().ok().filter(|place| place.port() != 0)) {
                Some(address) => Ok(Self::Tcp(address)),
                None => fault(format!("`ready` = \"{text}\" has neither a port nor ADDRESS:PORT")),
            };
        }
        if let Some(rest) = text.strip_prefix("http://") {
            return match http_probe(rest) {
                Some(probe) => Ok(Self::Http(probe)),
                None => fault(format!("`ready` = \"{text}\" is no URL of this host")),
            };
        }
        if let Some(command) = text.strip_prefix("exec:") {
            return match shlex::split(command) {
                None => fault(format!("`ready` = \"{text}\" has a quote without the other one")),
                Some(words) if words.first().is_none_or(String::is_empty) => {
                    fault(format!("`ready` = \"{text}\" names no program"))
                }
                Some(words) if words.iter().any(|word| word.contains('\0')) => {
                    fault("`ready` has a NUL character".to_owned())
                }
                Some(words) => Ok(Self::Exec(words)),
            };
        }
        match text {
            "none" => Ok(Self::None),
            "notify" => Ok(Self::Notify),
            _ => fault(format!("`ready` = \"{text}\" is not offered")),
        }
    }
}

/// As `ready` is written.
impl fmt::Display for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("none"),
            Self::Notify => formatter.write_str("notify"),
            Self::Tcp(address) => write!(formatter, "tcp:{address}"),
            Self::Http(HttpProbe { address, path }) => write!(formatter, "http://{address}{path}"),
            Self::Exec(words) => {
                let words = words.iter().map(String::as_str);
                // Only a NUL cannot be written, and none was read.
                write!(formatter, "exec:{}", shlex::try_join(words).map_err(|_| fmt::Error)?)
            }
        }
    }
}

/// `HOST[:PORT][/PATH]`. What is asked in plain text, with no word on who answers, is asked on this host
/// only.
fn http_probe(rest: &str) -> Option<HttpProbe> {
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let with_port = match authority.parse::<SocketAddr>() {
        Ok(address) => Some(address),
        Err(_) => {
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
                _ => (authority, 80),
            };
            match host {
                "localhost" => Some((Ipv4Addr::LOCALHOST, port).into()),
                "[::1]" => Some((Ipv6Addr::LOCALHOST, port).into()),
                host => host.parse().ok().map(|address: Ipv4Addr| (address, port).into()),
            }
        }
    };
    let address = with_port.filter(|address| address.ip().is_loopback() && address.port() != 0)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    is_plain.then_some(HttpProbe { address, path })
}
