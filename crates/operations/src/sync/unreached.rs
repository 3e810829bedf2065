//! Why no member answers a node, and what brings it back.

use etcd::client::CallError;
use live::Reach;
use model::error::{Exit, Failure};
use store::bundle::proposed_elsewhere;
use store::site::Site;

/// Whether all that is in the way is that this node knows no CA of the members: that of at least one, and
/// none that it knows has answered.
pub(super) fn is_only_untrusted(seen: &[(String, Reach)], failures: &[CallError]) -> bool {
    let is_untrusted = |reach: &Reach| matches!(reach, Reach::UntrustedServer(_));
    let is_known = |reach: &Reach| matches!(reach, Reach::Open | Reach::RefusedClient(_));
    let is_denied = |error: &CallError| matches!(error, CallError::Denied(_) | CallError::NoUser(_));
    seen.iter().any(|(_, reach)| is_untrusted(reach))
        && !seen.iter().any(|(_, reach)| is_known(reach))
        && !failures.iter().any(is_denied)
}

/// The failure of a node that no member answered.
pub(super) fn failure(site: &Site, seen: &[(String, Reach)], failures: &[CallError]) -> Failure {
    let denied = failures.iter().find(|error| matches!(error, CallError::Denied(_) | CallError::NoUser(_)));
    if let Some(error) = denied {
        return not_permitted(error);
    }
    if seen.iter().any(|(_, reach)| matches!(reach, Reach::RefusedClient(_)))
        && !seen.iter().any(|(_, reach)| *reach == Reach::Open)
    {
        let what = "members do not accept the certificate of this node any more";
        return told(Failure::new(Exit::Unavailable, what), seen).next(back_by_file(site));
    }
    let is_open = seen.iter().any(|(_, reach)| *reach == Reach::Open);
    if let Some(error) = failures.first().filter(|_| is_open) {
        return told(Failure::new(Exit::Unavailable, "no member takes requests").because(error), seen)
            .next(format!("see how the members are: {}", site.proposed("status")));
    }
    told(Failure::new(Exit::Unavailable, "no member is reached"), seen)
        .next(format!("see how the members are: {}", site.proposed("status")))
}

/// No member is trusted, and none takes requests of this node either: most often the CA of its certificate
/// was dropped while it was off.
pub(super) fn not_let_in(site: &Site, seen: &[(String, Reach)], failures: &[CallError]) -> Failure {
    let denied = failures.iter().find(|error| matches!(error, CallError::Denied(_) | CallError::NoUser(_)));
    if let Some(error) = denied {
        return not_permitted(error);
    }
    let what = "members do not accept the certificate of this node any more, and theirs is not trusted here";
    told(Failure::new(Exit::Unavailable, what), seen).next(back_by_file(site))
}

/// No member is trusted, and what they have is nothing that would change that.
pub(super) fn nothing_to_trust(site: &Site) -> Failure {
    Failure::new(Exit::Unavailable, "no member's certificate is trusted here")
        .because("no newer bundle waits for this node in etcd")
        .next(back_by_file(site))
}

/// etcd's authentication is on, and this node has no right to its keys.
pub(super) fn not_permitted(error: &CallError) -> Failure {
    Failure::new(Exit::Permission, "this node may not read its bundles in etcd, or not write its answer")
        .because(error)
        .because("authentication is on in etcd, and each node needs a role for its keys")
        .next("grant it on the signing host: zone-etcd access grants --format apply")
}

/// With what is in the way at each member.
fn told(failure: Failure, seen: &[(String, Reach)]) -> Failure {
    seen.iter().fold(failure, |failure, (url, reach)| match reach {
        Reach::Open => failure.because(format!("{url}: it takes no requests")),
        Reach::UntrustedServer(why) | Reach::RefusedClient(why) | Reach::Unreached(why) => {
            failure.because(format!("{url}: {why}"))
        }
    })
}

fn back_by_file(site: &Site) -> String {
    let name = match site {
        Site::Node(node) => node.name.short(),
        Site::Zone(_) => "NODE",
    };
    format!("bring this node a bundle as a file; on the signing host: {}", proposed_elsewhere(name))
}
