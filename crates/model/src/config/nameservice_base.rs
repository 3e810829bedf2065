//! Where a nameservice is, as `[nameservice] url` has it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use zone_pki::ShowPath;

use super::address::{Address, Port};
use super::names::NameFault;
use super::zone_document::ServicePlace;

/// Where a zone document is fetched from. A value is valid by construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameserviceBase(BasePlace);

/// The kinds of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BasePlace {
    /// Over TLS, by a server whose certificate is valid for the host.
    Https(Address, Port),
    /// In plain text, on this machine.
    Http(IpAddr, Port),
    /// A file that holds the document.
    File(PathBuf),
}

const FORMS: &str = "write https://HOST or https://HOST:PORT, file:PATH, or http:// with a loopback address \
                     such as http://127.0.0.1:3456";

impl NameserviceBase {
    /// Reads `https://HOST[:PORT]`, `http://LOOPBACK[:PORT]` or `file:PATH`. The port is 3456 if it is left
    /// out; a slash at the end is passed over. A path that is relative stays so: see [`Self::relative_to`].
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
                _ => Ok(Self(BasePlace::File(PathBuf::from(path)))),
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
        match (scheme, address) {
            ("https", address) => Ok(Self(BasePlace::Https(address, port))),
            ("http", Address::Ip(ip)) if ip.is_loopback() => Ok(Self(BasePlace::Http(ip, port))),
            ("http", _) => fault(
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
            BasePlace::File(path) => Self(BasePlace::File(directory.join(path))),
            remote => Self(remote),
        }
    }

    /// Where it is.
    pub fn place(&self) -> &BasePlace {
        &self.0
    }
}

impl fmt::Display for NameserviceBase {
    /// As it is written, with its port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BasePlace::Https(address, port) => write!(f, "https://{}:{port}", address.url_host()),
            BasePlace::Http(ip, port) => write!(f, "http://{}:{port}", Address::Ip(*ip).url_host()),
            BasePlace::File(path) => write!(f, "file:{}", path.shown()),
        }
    }
}
