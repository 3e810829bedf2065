//! Where a nameservice is, as `[nameservice] url` has it.

use std::fmt;
use std::path::{Path, PathBuf};

use etcd::tls::Target;
use model::config::{NameFault, ServicePlace};
use zone_pki::ShowPath;

/// Where a zone document is fetched from. A value is valid by construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Over TLS, by a server whose certificate is valid for the host.
    Https(Target),
    /// In plain text, on this machine.
    Http(Target),
    /// A file that holds the document.
    File(PathBuf),
}

const FORMS: &str = "write https://HOST or https://HOST:PORT, file:PATH, or http:// with a loopback address \
                     such as http://127.0.0.1:3456";

impl Base {
    /// Reads `https://HOST[:PORT]`, `http://LOOPBACK[:PORT]` or `file:PATH`. The port is 3456 if it is left
    /// out; a slash at the end is passed over. A path that is relative stays so: see [`Base::relative_to`].
    ///
    /// # Errors
    /// It is none of these: what is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let fault = |what: String, instead: &str| Err(NameFault { what, instead: instead.to_owned() });
        if let Some(path) = text.strip_prefix("file:") {
            return match path {
                "" => fault(format!("`{text}` names no file"), "write file: and the path of the document"),
                // RFC 8089 has a host there.
                _ if path.starts_with("//") && !path.starts_with("///") => {
                    fault(format!("`{text}` names another machine"), "write file:PATH or file:///PATH")
                }
                _ => Ok(Self(Place::File(PathBuf::from(path)))),
            };
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return fault(format!("`{text}` is not the URL of a nameservice"), FORMS);
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.contains(['/', '?', '#', '@']) {
            return fault(
                format!("`{text}` has more than a host and a port"),
                "write the scheme, the host and the port alone",
            );
        }
        let ServicePlace { address, port, .. } =
            ServicePlace::parse(host).map_err(|NameFault { what, instead }| NameFault {
                what: format!("`{text}`: {what}"),
                instead,
            })?;
        let target = Target { host: address.to_string(), port: port.number() };
        match scheme {
            "https" => Ok(Self(Place::Https(target))),
            "http" if address.is_loopback() => Ok(Self(Place::Http(target))),
            "http" => fault(
                format!("`{text}` is plain text to another machine"),
                "write https://; http:// is for loopback addresses, such as 127.0.0.1",
            ),
            _ => fault(format!("`{text}` is not the URL of a nameservice"), FORMS),
        }
    }

    /// The same; a file whose path is relative is looked for in this directory.
    #[must_use]
    pub fn relative_to(self, directory: &Path) -> Self {
        match self.0 {
            Place::File(path) => Self(Place::File(directory.join(path))),
            remote => Self(remote),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0
    }
}

impl fmt::Display for Base {
    /// As it is written, with its port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, Target { host, port }) = match &self.0 {
            Place::Https(target) => ("https", target),
            Place::Http(target) => ("http", target),
            Place::File(path) => return write!(f, "file:{}", path.shown()),
        };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}
