//! The sets: what is spoilt in one that is sound, and what is to be said of it.

use super::made::{
    BASIC, CLIENT, CONSTRAINTS, EXTENDED, NAMES, OWN, SERVER, Set, USAGE, algorithm, element, identifier,
    name, name_as, sequence,
};

/// What becomes of a set.
#[derive(Debug)]
pub enum Verdict {
    /// Both take it.
    Taken,
    /// Both refuse it; ours says this.
    Refused(&'static str),
    /// Go takes it. Ours refuses it and says this, for a reason.
    Stricter(
        &'static str,
        #[allow(dead_code, reason = "for the reader, and for the message of a failure")] &'static str,
    ),
}

use Verdict::{Refused, Stricter, Taken};

pub struct Row {
    pub name: &'static str,
    pub verdict: Verdict,
    pub spoil: fn(&mut Set),
}

const fn row(name: &'static str, verdict: Verdict, spoil: fn(&mut Set)) -> Row {
    Row { name, verdict, spoil }
}

const UNKNOWN: &str = "1.3.6.1.4.1.55555.1";
const ANY_USAGE: &str = "2.5.29.37.0";
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const KEY_IDENTIFIER: &str = "2.5.29.14";
const ISSUER_IDENTIFIER: &str = "2.5.29.35";
const POLICIES: &str = "2.5.29.32";
const POLICY_MAPPINGS: &str = "2.5.29.33";
const POLICY_CONSTRAINTS: &str = "2.5.29.36";
const INHIBIT_ANY: &str = "2.5.29.54";
const DISTRIBUTION: &str = "2.5.29.31";
const INFORMATION: &str = "1.3.6.1.5.5.7.1.1";
const DNS: u8 = 0x82;
const MAILBOX: u8 = 0x81;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The names of the member, and one more.
fn with(set: &mut Set, tag: u8, bytes: &[u8]) {
    let names = [OWN, &[(tag, bytes)]].concat();
    set.leaf.names(&names);
}

/// The keys and the algorithms of two CAs and a leaf.
fn keys(set: &mut Set, [root, middle, leaf]: [&'static str; 3], hash: &'static str) {
    (set.root.key, set.root.signer, set.root.hash) = (root, root, hash);
    (set.middle.key, set.middle.signer, set.middle.hash) = (middle, root, hash);
    (set.leaf.key, set.leaf.signer, set.leaf.hash) = (leaf, middle, hash);
}

fn blanks_behind(text: String) -> String {
    text.replace("END CERTIFICATE-----\n", "END CERTIFICATE----- \t\r\n")
}

/// Without the line feed between two blocks.
fn joined(text: String) -> String {
    text.replace("-----\n-----BEGIN", "----------BEGIN")
}

pub const SETS: &[Row] = &[
    row("sound", Taken, |_| {}),
    row("an intermediate that is trusted itself", Taken, |set| (set.trusted, set.presented) = ("m", "l")),
    row("an intermediate in the CA file", Taken, |set| (set.trusted, set.presented) = ("rm", "l")),
    row("presented, joined on one line", Refused("something follows an END line"), |set| {
        set.presented_as = joined
    }),
    row("CAs joined on one line", Refused("something follows an END line"), |set| {
        (set.trusted, set.trusted_as) = ("or", joined);
    }),
    row("blanks behind END lines", Taken, |set| {
        (set.trusted_as, set.presented_as) = (blanks_behind, blanks_behind);
    }),
    row("a remark behind an END line", Refused("something follows an END line"), |set| {
        set.trusted_as = |text| text.trim_end().to_owned() + " # old\n";
    }),
    row("a line like an END outside of a block", Taken, |set| {
        set.trusted_as = |text| format!("-----END of the old one --\n{text}");
    }),
    row("a form feed in a certificate", Refused("a form feed or a vertical tab"), |set| {
        set.presented_as = |text| text.replacen("\nM", "\nM\u{c}", 1);
    }),
    row("no intermediate", Refused("was issued by CN=middle"), |set| set.presented = "l"),
    row("the root presented as well", Taken, |set| set.presented = "lmr"),
    row("another root", Refused("which is neither in it nor in"), |set| set.trusted = "o"),
    row("intermediates out of order", Taken, |set| {
        (set.other.subject, set.other.issuer, set.other.signer) = (name("other"), name("root"), "root");
        (set.middle.issuer, set.middle.signer) = (name("other"), "other");
        set.presented = "lom";
    }),
    row("a stranger among the presented", Taken, |set| set.presented = "lmo"),
    row(
        "a long chain",
        Stricter("HandshakePayloadTooLarge", "no program on rustls could ask the member"),
        |set| {
            set.presented_as = |text| text.repeat(100);
        },
    ),
    row("the leaf twice", Taken, |set| set.presented = "llm"),
    row("a self-issued intermediate", Taken, |set| {
        set.other.subject = name("middle");
        (set.middle.issuer, set.middle.signer, set.presented) = (name("middle"), "other", "lmo");
    }),
    row("two CAs of one name, the wrong one first", Taken, |set| {
        set.other.subject = name("middle");
        set.presented = "lom";
    }),
    row("two roots of one name, the wrong one first", Taken, |set| {
        (set.other.subject, set.other.issuer, set.other.signer) = (name("root"), name("root"), "other");
        set.trusted = "or";
    }),
    row("a CA beside that cannot sign", Taken, |set| {
        set.other.set(USAGE, true, element(3, &[1, 0x02]));
        set.trusted = "ro";
    }),
    row(
        "a leaf among the CAs",
        Stricter("no CA", "it is trusted for nothing, and was hardly meant"),
        |set| set.trusted = "rl",
    ),
    // Constraints of the anchor.
    row("a root of path length 0 above an intermediate", Refused("allows 0 CAs below it"), |set| {
        set.root.authority(Some(0));
    }),
    row("a root of path length 1", Taken, |set| set.root.authority(Some(1))),
    row("a root of path length 0 above a leaf", Taken, |set| {
        set.root.authority(Some(0));
        (set.leaf.issuer, set.leaf.signer, set.presented) = (name("root"), "root", "l");
    }),
    row("an intermediate of path length 0", Taken, |set| set.middle.authority(Some(0))),
    row("an intermediate of path length 0 above another", Refused("allows 0 CAs below it"), |set| {
        set.other.authority(Some(0));
        (set.middle.issuer, set.middle.signer, set.presented) = (name("other"), "other", "lmo");
    }),
    row("a self-issued intermediate counts", Refused("allows 0 CAs below it"), |set| {
        set.other.authority(Some(0));
        set.other.subject = name("middle");
        (set.middle.issuer, set.middle.signer, set.presented) = (name("middle"), "other", "lmo");
    }),
    row("a trusted intermediate of path length 0", Taken, |set| {
        set.middle.authority(Some(0));
        (set.trusted, set.presented) = ("m", "l");
    }),
    row("a root for servers alone", Refused("does not allow client authentication"), |set| {
        set.root.usages(&[SERVER])
    }),
    row("a root for clients alone", Refused("does not allow server authentication"), |set| {
        set.root.usages(&[CLIENT])
    }),
    row("a root for code signing", Refused("does not allow server authentication"), |set| {
        set.root.usages(&[CODE_SIGNING])
    }),
    row("a root for both", Taken, |set| set.root.usages(&[SERVER, CLIENT])),
    row("a root for any usage", Taken, |set| set.root.usages(&[ANY_USAGE])),
    row(
        "a root with an unknown critical extension",
        Refused("critical extension 1.3.6.1.4.1.55555.1"),
        |set| {
            set.root.set(UNKNOWN, true, element(5, &[]));
        },
    ),
    row("a root with an unknown extension", Taken, |set| set.root.set(UNKNOWN, false, element(5, &[]))),
    row("a root without keyCertSign", Refused("keyUsage lacks keyCertSign"), |set| {
        set.root.set(USAGE, true, element(3, &[1, 0x02]));
    }),
    row("a root without keyUsage", Taken, |set| set.root.drop(USAGE)),
    row("a root that is no CA", Refused("no CA"), |set| set.root.set(BASIC, true, sequence(&[]))),
    row("a root without basicConstraints", Refused("no CA"), |set| set.root.drop(BASIC)),
    row("a root of version 1", Taken, |set| {
        set.root.extensions.clear();
        set.root.version = Vec::new();
    }),
    row("a root that has expired", Refused("has expired"), |set| {
        set.root.to = element(0x17, b"250201000000Z")
    }),
    row("a root that is not valid yet", Refused("not valid yet"), |set| {
        set.root.from = element(0x17, b"490101000000Z")
    }),
    row("a root whose own signature is SHA-1", Taken, |set| set.root.hash = "sha1"),
    // Intermediates.
    row("an intermediate without CA:TRUE", Refused("is not a CA"), |set| {
        set.middle.set(BASIC, true, sequence(&[]))
    }),
    row("an intermediate without basicConstraints", Refused("is not a CA"), |set| set.middle.drop(BASIC)),
    row("an intermediate without keyCertSign", Refused("keyUsage lacks keyCertSign"), |set| {
        set.middle.set(USAGE, true, element(3, &[7, 0x80]));
    }),
    row("an intermediate without keyUsage", Taken, |set| set.middle.drop(USAGE)),
    row("an intermediate for servers alone", Refused("does not allow client authentication"), |set| {
        set.middle.usages(&[SERVER]);
    }),
    row("an intermediate for e-mail", Refused("does not allow server authentication"), |set| {
        set.middle.usages(&["1.3.6.1.5.5.7.3.4"]);
    }),
    row("an intermediate for both", Taken, |set| set.middle.usages(&[SERVER, CLIENT])),
    row("an intermediate with an unknown critical extension", Refused("critical extension"), |set| {
        set.middle.set(UNKNOWN, true, element(5, &[]));
    }),
    row("an intermediate of version 1", Refused("is not a CA"), |set| {
        set.middle.extensions.clear();
        set.middle.version = Vec::new();
    }),
    row("an intermediate that has expired", Refused("has expired"), |set| {
        set.middle.to = element(0x17, b"250201000000Z")
    }),
    row("an intermediate that another key signed", Refused("was not signed by the key of CN=root"), |set| {
        set.middle.signer = "other";
    }),
    row("a leaf that another key signed", Refused("was not signed by the key of CN=middle"), |set| {
        set.leaf.signer = "other"
    }),
    // Serial numbers, versions and the form.
    row("a negative serial number", Refused("negative serial number"), |set| {
        set.leaf.serial = element(2, &[0x80, 1])
    }),
    row("a negative serial number of the root", Refused("negative serial number"), |set| {
        set.root.serial = element(2, &[0xff]);
    }),
    row("a negative serial number of an intermediate", Refused("negative serial number"), |set| {
        set.middle.serial = element(2, &[0x90, 1, 2]);
    }),
    row("a negative serial number of a stranger", Refused("negative serial number"), |set| {
        set.other.serial = element(2, &[0x90, 1, 2]);
        set.presented = "lmo";
    }),
    row("a serial number of zero", Taken, |set| set.leaf.serial = element(2, &[0])),
    row("a serial number of 21 bytes", Taken, |set| set.leaf.serial = element(2, &[0x7f; 21])),
    row("a serial number that is not the shortest", Refused("malformed serial number"), |set| {
        set.leaf.serial = element(2, &[0, 1]);
    }),
    row("version 4", Refused("malformed version"), |set| set.leaf.version = element(0xa0, &element(2, &[3]))),
    row("two signature algorithms", Refused("two different signature algorithms"), |set| {
        set.leaf.outside = Some(algorithm("leaf", "sha384"));
    }),
    row("a printable string with an underscore", Refused("malformed subject"), |set| {
        set.leaf.subject = name_as(19, b"node_1");
    }),
    row("a printable string with a star", Taken, |set| set.leaf.subject = name_as(19, b"*.example.zone")),
    row("a subject that is not UTF-8", Refused("malformed subject"), |set| {
        set.leaf.subject = name_as(12, b"node\xff")
    }),
    row("a universal string", Refused("malformed subject"), |set| set.leaf.subject = name_as(28, b"\0\0\0n")),
    row("a T.61 string", Taken, |set| set.leaf.subject = name_as(20, b"n\xf6de")),
    row("an empty subject", Taken, |set| set.leaf.subject = sequence(&[])),
    row("a time with fractions", Refused("malformed"), |set| {
        set.leaf.to = element(0x18, b"20990101000000.5Z")
    }),
    row(
        "a time without seconds",
        Stricter("BadEncoding", "RFC 5280, 4.1.2.5.1, and no other verifier reads it"),
        |set| {
            set.leaf.from = element(0x17, b"2501010000Z");
        },
    ),
    // Extensions.
    row("an extension twice", Refused("twice"), |set| {
        set.leaf.add(UNKNOWN, false, element(5, &[]));
        set.leaf.add(UNKNOWN, false, element(5, &[]));
    }),
    row("an unknown critical extension", Refused("critical extension"), |set| {
        set.leaf.set(UNKNOWN, true, element(5, &[]))
    }),
    row("an unknown extension", Taken, |set| set.leaf.set(UNKNOWN, false, element(5, &[]))),
    row("a critical key identifier", Refused("marks its subject key identifier critical"), |set| {
        set.leaf.set(KEY_IDENTIFIER, true, element(4, &[1; 20]));
    }),
    row(
        "a critical key identifier of the issuer",
        Refused("marks its authority key identifier critical"),
        |set| {
            set.leaf.set(ISSUER_IDENTIFIER, true, sequence(&[element(0x80, &[1; 20])]));
        },
    ),
    row("a key identifier of another issuer", Taken, |set| {
        set.middle.set(KEY_IDENTIFIER, false, element(4, &[1; 20]));
        set.leaf.set(ISSUER_IDENTIFIER, false, sequence(&[element(0x80, &[2; 20])]));
    }),
    row("a critical information access", Refused("marks its authority information access critical"), |set| {
        let access = sequence(&[identifier("1.3.6.1.5.5.7.48.1"), element(URI, b"http://ocsp.example.zone")]);
        set.leaf.set(INFORMATION, true, sequence(&[access]));
    }),
    row("a basicConstraints that cannot be read", Refused("basicConstraints"), |set| {
        set.leaf.set(BASIC, true, sequence(&[element(1, &[1])]));
    }),
    row("a distribution point", Taken, |set| {
        let point = element(0xa0, &element(0xa0, &element(URI, b"http://crl.example.zone/ca.crl")));
        set.leaf.set(DISTRIBUTION, false, sequence(&[sequence(&[point])]));
    }),
    row("an empty extendedKeyUsage", Refused("extension 2.5.29.37 cannot be read"), |set| {
        set.leaf.set(EXTENDED, false, element(5, &[]))
    }),
    row("a leaf without extendedKeyUsage", Taken, |set| set.leaf.drop(EXTENDED)),
    row(
        "a leaf for any usage",
        Stricter(
            "does not allow extended key usage",
            "rustls, by which our own clients verify, takes no usage for any",
        ),
        |set| set.leaf.usages(&[ANY_USAGE]),
    ),
    row("a leaf for servers alone", Refused("lacks the extended key usage clientAuth"), |set| {
        set.leaf.usages(&[SERVER])
    }),
    row("a leaf without digitalSignature", Taken, |set| set.leaf.set(USAGE, true, element(3, &[3, 0x08]))),
    row("policies that nobody requires", Taken, |set| {
        set.leaf.set(POLICIES, false, sequence(&[sequence(&[identifier("1.3.6.1.4.1.55555.7")])]));
    }),
    row("a policy twice", Refused("certificatePolicies"), |set| {
        let policy = sequence(&[identifier("1.3.6.1.4.1.55555.7")]);
        set.leaf.set(POLICIES, false, sequence(&[policy.clone(), policy]));
    }),
    row("a required policy that is missing", Refused("policy"), |set| {
        set.middle.set(POLICY_CONSTRAINTS, false, sequence(&[element(0x80, &[0])]));
    }),
    row("a required policy that is there", Taken, |set| {
        set.middle.set(POLICY_CONSTRAINTS, false, sequence(&[element(0x80, &[0])]));
        let policies = sequence(&[sequence(&[identifier("1.3.6.1.4.1.55555.7")])]);
        set.middle.set(POLICIES, false, policies.clone());
        set.leaf.set(POLICIES, false, policies);
    }),
    row("a required policy of the anchor", Taken, |set| {
        set.root.set(POLICY_CONSTRAINTS, false, sequence(&[element(0x80, &[0])]));
    }),
    row("policy mappings", Taken, |set| {
        let mapping = sequence(&[identifier("1.3.6.1.4.1.55555.7"), identifier("1.3.6.1.4.1.55555.8")]);
        set.middle.set(POLICY_MAPPINGS, false, sequence(&[mapping]));
    }),
    row(
        "a critical inhibitAnyPolicy",
        Stricter("UnsupportedCriticalExtension", "rustls, by which our own clients verify, does not know it"),
        |set| {
            set.middle.set(INHIBIT_ANY, true, element(2, &[0]));
        },
    ),
    row(
        "a critical policyConstraints",
        Stricter("UnsupportedCriticalExtension", "rustls, by which our own clients verify, does not know it"),
        |set| set.middle.set(POLICY_CONSTRAINTS, true, sequence(&[element(0x81, &[0])])),
    ),
    row("a required policy, and any policy inhibited", Refused("certificate policy"), |set| {
        set.middle.set(POLICY_CONSTRAINTS, false, sequence(&[element(0x80, &[0])]));
        set.middle.set(INHIBIT_ANY, false, element(2, &[0]));
        let any = sequence(&[sequence(&[identifier("2.5.29.32.0")])]);
        set.middle.set(POLICIES, false, any.clone());
        set.leaf.set(POLICIES, false, any);
    }),
    row("a required policy, and any policy in the CA", Taken, |set| {
        set.middle.set(POLICY_CONSTRAINTS, false, sequence(&[element(0x80, &[0])]));
        set.middle.set(POLICIES, false, sequence(&[sequence(&[identifier("2.5.29.32.0")])]));
        set.leaf.set(POLICIES, false, sequence(&[sequence(&[identifier("1.3.6.1.4.1.55555.7")])]));
    }),
    row("a mapping of any policy", Refused("maps anyPolicy"), |set| {
        let mapping = sequence(&[identifier("2.5.29.32.0"), identifier("1.3.6.1.4.1.55555.8")]);
        set.middle.set(POLICIES, false, sequence(&[sequence(&[identifier("1.3.6.1.4.1.55555.7")])]));
        set.middle.set(POLICY_MAPPINGS, false, sequence(&[mapping]));
    }),
    // Names.
    row("no names", Refused("does not cover"), |set| set.leaf.drop(NAMES)),
    row("other addresses", Refused("does not cover"), |set| {
        set.leaf.names(&[(DNS, b"node1.example.zone"), (IP, &[192, 0, 2, 2])]);
    }),
    row("an address of five bytes", Refused("IP address of 5 bytes"), |set| with(set, IP, &[10, 0, 0, 1, 2])),
    row("a DNS name that is not ASCII", Refused("not ASCII"), |set| with(set, DNS, "nöde.zone".as_bytes())),
    row("a DNS name with a blank", Taken, |set| with(set, DNS, b"a b.example.zone")),
    row("a DNS name with a dot at its end", Taken, |set| with(set, DNS, b"node1.example.zone.")),
    row("an empty DNS name", Taken, |set| with(set, DNS, b"")),
    row("a bare star", Taken, |set| with(set, DNS, b"*")),
    row("a wildcard", Taken, |set| with(set, DNS, b"*.example.zone")),
    row("a SPIFFE URI", Taken, |set| with(set, URI, b"spiffe://example.zone/node1")),
    row("a URN", Taken, |set| with(set, URI, b"urn:uuid:00000000-0000-0000-0000-000000000000")),
    row("a URI with a blank for a host", Refused("which is not one"), |set| {
        with(set, URI, b"spiffe://a b/node1")
    }),
    row("a URI without a scheme before its colon", Refused("which is not one"), |set| {
        with(set, URI, b":node1")
    }),
    row("a URI with a bad escape", Refused("which is not one"), |set| {
        with(set, URI, b"spiffe://example.zone/%zz")
    }),
    row("a URI whose host ends in a dot", Refused("which is not one"), |set| {
        with(set, URI, b"spiffe://example.zone./a")
    }),
    row("a mailbox", Taken, |set| with(set, MAILBOX, b"operator@example.zone")),
    row("a directory name", Taken, |set| with(set, 0xa4, &name("node1"))),
    row("a registered identifier", Taken, |set| with(set, 0x88, &identifier("1.2.3")[2..])),
    // Constraints on names.
    row("permitted DNS names", Taken, |set| set.root.constraint(0, DNS, b"example.zone")),
    row("permitted DNS names of others", Refused("not among the permitted names"), |set| {
        set.root.constraint(0, DNS, b"other.zone");
    }),
    row("permitted DNS names of others, on an intermediate", Refused("constraint"), |set| {
        set.middle.constraint(0, DNS, b"other.zone");
    }),
    row("permitted DNS names below a name", Taken, |set| set.root.constraint(0, DNS, b".example.zone")),
    row("permitted DNS names below the node's own", Refused("not among the permitted names"), |set| {
        set.root.constraint(0, DNS, b".node1.example.zone");
    }),
    row("an excluded DNS name", Refused("among the excluded names"), |set| {
        set.root.constraint(1, DNS, b"node1.example.zone")
    }),
    row("a DNS name excluded by case alone", Refused("among the excluded names"), |set| {
        set.root.constraint(1, DNS, b"NODE1.Example.ZONE");
    }),
    row("a wildcard that could stand for an excluded name", Refused("among the excluded names"), |set| {
        set.root.constraint(1, DNS, b"secret.example.zone");
        with(set, DNS, b"*.example.zone");
    }),
    row("permitted addresses", Taken, |set| set.root.constraint(0, IP, &[0, 0, 0, 0, 0, 0, 0, 0])),
    row("permitted addresses of others", Refused("not among the permitted names"), |set| {
        set.root.constraint(0, IP, &[10, 0, 0, 0, 255, 0, 0, 0]);
    }),
    row("an excluded address", Refused("among the excluded names"), |set| {
        set.root.constraint(1, IP, &[127, 0, 0, 0, 255, 0, 0, 0]);
    }),
    row("a mask with a hole", Refused("name constraint"), |set| {
        set.root.constraint(0, IP, &[0, 0, 0, 0, 0, 255, 0, 0])
    }),
    row("a constraint on addresses of three bytes", Refused("constraint"), |set| {
        set.root.constraint(1, IP, &[10, 0, 0])
    }),
    row("a constraint that ends in a dot", Refused("constraint"), |set| {
        set.root.constraint(1, DNS, b"other.zone.")
    }),
    row("empty constraints", Refused("empty name constraints"), |set| {
        set.root.set(CONSTRAINTS, true, sequence(&[]))
    }),
    row("a critical constraint on directory names", Refused("critical extension 2.5.29.30"), |set| {
        set.root.constraint(0, 0xa4, &name("node1"));
    }),
    row("excluded URIs, and one in it", Refused("excluded names"), |set| {
        set.root.constraint(1, URI, b"example.zone");
        with(set, URI, b"spiffe://example.zone/node1");
    }),
    row(
        "excluded URIs, and one beside",
        Stricter("NameConstraintViolation", "rustls, by which our own clients verify, compares no URIs"),
        |set| {
            set.root.constraint(1, URI, b"other.zone");
            with(set, URI, b"spiffe://example.zone/node1");
        },
    ),
    row("constraints, and a URI without a host", Refused("cannot be held against"), |set| {
        set.root.constraint(1, DNS, b"other.zone");
        with(set, URI, b"urn:uuid:00000000-0000-0000-0000-000000000000");
    }),
    row("excluded mailboxes, and one of them", Refused("excluded names"), |set| {
        set.root.constraint(1, MAILBOX, b"example.zone");
        with(set, MAILBOX, b"operator@example.zone");
    }),
    row("constraints, and a DNS name with a blank", Refused("cannot be held against"), |set| {
        set.root.constraint(1, URI, b"other.zone");
        with(set, DNS, b"a b.example.zone");
    }),
    // Keys and signatures.
    row("P-384", Taken, |set| keys(set, ["root", "middle", "p384"], "sha256")),
    row("P-521", Taken, |set| keys(set, ["root", "middle", "p521"], "sha256")),
    row("P-521 throughout", Taken, |set| keys(set, ["p521-ca", "p521-ca", "p521"], "sha512")),
    row("a CA on P-521 that signs with SHA-256", Taken, |set| {
        keys(set, ["p521-ca", "p521-ca", "leaf"], "sha256")
    }),
    row("P-256 that signs with SHA-512", Taken, |set| keys(set, ["root", "middle", "leaf"], "sha512")),
    row("Ed25519", Taken, |set| keys(set, ["root", "ed25519", "ed25519"], "sha256")),
    row("RSA", Taken, |set| keys(set, ["rsa2048-ca", "rsa2048-ca", "rsa2048"], "sha256")),
    row("RSA that signs with SHA-384", Taken, |set| {
        keys(set, ["rsa2048-ca", "rsa2048-ca", "rsa2048"], "sha384")
    }),
    row("RSA that signs with PSS", Taken, |set| keys(set, ["rsa2048-ca", "rsa2048-ca", "rsa2048"], "pss")),
    row("RSA that signs with SHA-1", Refused("RSA with SHA-1"), |set| {
        keys(set, ["rsa2048-ca", "rsa2048-ca", "rsa2048"], "sha1");
    }),
    row("ECDSA that signs with SHA-1", Refused("ECDSA with SHA-1"), |set| set.leaf.hash = "sha1"),
    row("RSA that signs with MD5", Refused("RSA with MD5"), |set| {
        keys(set, ["rsa2048-ca", "rsa2048-ca", "rsa2048"], "md5");
    }),
    row("RSA of 512 bits", Refused("RSA below 2048"), |set| {
        keys(set, ["root", "middle", "rsa512"], "sha256")
    }),
    row(
        "RSA of 1024 bits",
        Stricter("RSA below 2048", "a signature by it can be forged, and rustls verifies none"),
        |set| {
            keys(set, ["root", "middle", "rsa1024"], "sha256");
        },
    ),
    row(
        "a CA with RSA of 1024 bits",
        Stricter("RSA key of 1024 bits", "a signature by it can be forged, and rustls verifies none"),
        |set| {
            keys(set, ["root", "rsa1024", "leaf"], "sha256");
            (set.root.hash, set.middle.hash) = ("sha256", "sha256");
        },
    ),
    row("a CA with RSA of 512 bits", Refused("RSA key of 512 bits"), |set| {
        keys(set, ["root", "rsa512", "leaf"], "sha256")
    }),
    row("P-224", Refused("ECDSA P-224"), |set| keys(set, ["root", "middle", "p224"], "sha256")),
    row(
        "a CA on P-224",
        Stricter("P-224", "a signature by it can be forged, and rustls verifies none"),
        |set| {
            keys(set, ["root", "p224", "leaf"], "sha256");
        },
    ),
    row("secp256k1", Refused("secp256k1"), |set| keys(set, ["root", "middle", "secp256k1"], "sha256")),
    row("Ed448", Refused("Ed448"), |set| keys(set, ["root", "middle", "ed448"], "sha256")),
    row("an RSA key for PSS alone", Refused("RSASSA-PSS"), |set| {
        keys(set, ["root", "middle", "rsapss"], "sha256")
    }),
    // The leaf.
    row("a leaf that has expired", Refused("has expired"), |set| {
        set.leaf.to = element(0x17, b"250201000000Z")
    }),
    row("a leaf that is not valid yet", Refused("not valid yet"), |set| {
        set.leaf.from = element(0x17, b"490101000000Z")
    }),
    row("a leaf of version 1", Refused("does not cover"), |set| {
        set.leaf.extensions.clear();
        set.leaf.version = Vec::new();
    }),
    row(
        "a leaf that is a CA",
        Stricter(
            "CaUsedAsEndEntity",
            "whoever has a member's key could issue certificates; rustls refuses it",
        ),
        |set| {
            set.leaf.authority(None);
        },
    ),
    row(
        "a leaf that is trusted itself",
        Stricter("no CA", "whoever takes a certificate by itself knows no revocation"),
        |set| {
            (set.trusted, set.presented) = ("l", "l");
        },
    ),
];
