//! Peers that do not answer.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[Explanation {
    id: "peer-not-answering",
    title: "a peer cannot be reached",
    cause: "the member is down, or a firewall, a route or a wrong address is between",
    why_it_matters: "ordinary for seconds while members start; a zone of three lives with one that is \
                 missing, and no more",
    remedy: "run `zone-etcd status`; start the member, or fix the network to it: `zone-etcd check` on the \
             node tries each peer",
    harm: Harm::Notice,
    page: "peer-not-answering",
    patterns: &[
        "prober detected unhealthy status*error=dial tcp {address}: {error}  ",
        "prober detected unhealthy status",
    ],
    fields: &["remote-peer-id", "peer-id", "remote-member-id"],
    ..Explanation::ROW
}];
