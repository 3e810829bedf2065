//! The forwards of this host to members behind gateways.

use crate::{CheckId, Finding, Verdict};
use etcd::tls::{DialError, Reply, Stage};
use model::plan::{Forward, Plane};

/// What came of a dial through a forward, with a certificate of this node.
pub fn judge(forward: &Forward, dialled: &Result<Reply, DialError>) -> Finding {
    let check = CheckId::CyfsForward;
    let subject = format!(
        "{} for {} at {}",
        forward.node.short(),
        match forward.plane {
            Plane::Peer => "members",
            Plane::Client => "clients",
        },
        forward.listens_at()
    );
    let line = forward.gateway_line();
    let missing = |found: String| Finding::new(check, Verdict::Unreachable, subject.clone(), found);
    match dialled {
        Err(error @ (DialError::Refused(_) | DialError::Name { .. } | DialError::Unreachable { .. })) => {
            missing(error.to_string()).remedy(format!("have the gateway of this host forward it: {line}"))
        }
        Err(error @ DialError::TimedOut(Stage::Resolve | Stage::Connect | Stage::Handshake)) => {
            missing(error.to_string()).remedy(format!(
                "see that the gateway of this host reaches that of {}, and that this is its line: {line}; \
                 wait, if the member is just starting",
                forward.node.short()
            ))
        }
        Err(error @ (DialError::Untrusted(_) | DialError::NotTls(_) | DialError::NotHttp)) => {
            Finding::new(check, Verdict::Failed, subject, error.to_string()).remedy(format!(
                "compare the line of the gateway on this host with: {line}; and that on {} with 127.0.0.1:{}",
                forward.node.short(),
                forward.port
            ))
        }
        Err(DialError::Closed(Stage::Handshake)) => Finding::passed(
            check,
            subject,
            "it closes the connection: the member does not run, or is not reached",
        ),
        Ok(_) | Err(_) => Finding::passed(check, subject, "it answers TLS"),
    }
}
