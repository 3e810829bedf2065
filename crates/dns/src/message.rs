//! A question and its answer on the wire (RFC 1035 section 4, RFC 6891). What comes in is untrusted: it is
//! read only if it answers the question that was asked, and its names are text of others until they are
//! shown.

use std::net::IpAddr;

use simple_dns::rdata::{OPT, RData};
use simple_dns::{CLASS, Name, PacketFlag, Question as WireQuestion, RCODE, TYPE};
use simple_dns::{Packet, ResourceRecord};

/// The largest answer over UDP that passes everywhere without fragments (DNS flag day 2020), as for Go.
pub(crate) const UDP_SIZE: u16 = 1232;
/// Aliases that are followed, one after the other.
const ALIASES_AT_MOST: usize = 8;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    Srv,
    A,
    Aaaa,
}

impl RecordType {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Srv => "SRV",
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    fn wire(self) -> TYPE {
        match self {
            Self::Srv => TYPE::SRV,
            Self::A => TYPE::A,
            Self::Aaaa => TYPE::AAAA,
        }
    }
}

/// A question. Its name is absolute, with or without the dot at its end: no search list is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub name: String,
    pub record_type: RecordType,
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The target as it is in the record, its case kept, without the dot at its end.
    Srv {
        target: String,
        port: u16,
    },
    Address(IpAddr),
}

/// An answer: the records of the type that was asked for, of the name or of what it is an alias for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Why there is none, as the server calls it (RFC 1035 section 4.1.1), if it is not that there is no such
    /// name.
    pub refusal: Option<&'static str>,
    pub records: Vec<Found>,
}

/// What a message that came in is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Not the answer to this question, or no message of DNS at all.
    Other,
    /// The answer, too long for UDP.
    Truncated,
    Answer(Answer),
}

impl Question {
    /// The question as a message; `None` if DNS could have no such name.
    pub fn encode(&self, id: u16) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(self.wire()?);
        *packet.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: UDP_SIZE, version: 0 });
        packet.build_bytes_vec().ok()
    }

    fn wire(&self) -> Option<WireQuestion<'_>> {
        let name = Name::new(&self.name).ok()?;
        Some(WireQuestion::new(name, self.record_type.wire().into(), CLASS::IN.into(), false))
    }
}

/// Reads what came in as the answer to a question with this id.
pub fn read(bytes: &[u8], id: u16, question: &Question) -> Reading {
    let (Ok(packet), Some(asked)) = (Packet::parse(bytes), question.wire()) else { return Reading::Other };
    let answers_it = packet.id() == id
        && packet.has_flags(PacketFlag::RESPONSE)
        && matches!(packet.questions.as_slice(), [one] if one.qname == asked.qname
            && one.qtype == asked.qtype && one.qclass == asked.qclass);
    if !answers_it {
        return Reading::Other;
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Reading::Truncated;
    }
    let owner = without_aliases(&asked.qname, &packet.answers);
    let of_owner = packet.answers.iter().filter(|record| record.name == *owner && record.class == CLASS::IN);
    let records = of_owner.filter_map(|record| found(&record.rdata, question.record_type)).collect();
    Reading::Answer(Answer { refusal: refusal(packet.rcode()), records })
}

fn found(data: &RData<'_>, wanted: RecordType) -> Option<Found> {
    match (data, wanted) {
        (RData::SRV(srv), RecordType::Srv) => {
            Some(Found::Srv { target: srv.target.to_string(), port: srv.port })
        }
        (RData::A(a), RecordType::A) => Some(Found::Address(IpAddr::V4(a.address.into()))),
        (RData::AAAA(aaaa), RecordType::Aaaa) => Some(Found::Address(IpAddr::V6(aaaa.address.into()))),
        _ => None,
    }
}

/// What a name is an alias for (CNAME), as far as the answer tells.
fn without_aliases<'r, 'd: 'r>(name: &'r Name<'d>, records: &'r [ResourceRecord<'d>]) -> &'r Name<'d> {
    let mut owner = name;
    for _ in 0..ALIASES_AT_MOST {
        let alias = records.iter().find_map(|record| match &record.rdata {
            RData::CNAME(alias) if record.name == *owner => Some(&alias.0),
            _ => None,
        });
        let Some(target) = alias else { break };
        owner = target;
    }
    owner
}

fn refusal(code: RCODE) -> Option<&'static str> {
    match code {
        RCODE::NoError | RCODE::NameError => None,
        RCODE::FormatError => Some("FORMERR"),
        RCODE::ServerFailure => Some("SERVFAIL"),
        RCODE::NotImplemented => Some("NOTIMP"),
        RCODE::Refused => Some("REFUSED"),
        RCODE::NOTAUTH => Some("NOTAUTH"),
        RCODE::BADVERS => Some("BADVERS"),
        _ => Some("another error"),
    }
}
