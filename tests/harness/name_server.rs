//! A name server for tests: it answers from lines of a zone file, or in one of the ways in which servers
//! fail.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, spawn};

use simple_dns::rdata::{A, AAAA, CNAME, RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Right,
    /// Not at all.
    Silent,
    /// With the id of another question.
    OtherId,
    /// With the right id, to a question for another name.
    OtherQuestion,
    /// Over UDP without records, and that there are more; over TCP all of them.
    Truncated,
    /// As [`Self::Truncated`], and not over TCP.
    TruncatedOnly,
    /// First with what is no answer to the question, then as it should.
    RightAtLast,
    /// With this code.
    Code(RCODE),
    /// As it should, but for the first question of all, which is lost.
    FirstLost,
    /// With what is no message of DNS.
    Garbage,
}

/// A server that ends with its value.
pub struct NameServer {
    /// Where it is asked.
    pub address: SocketAddr,
    over_tcp: Arc<AtomicUsize>,
    is_ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

type Records = Arc<Vec<ResourceRecord<'static>>>;

impl NameServer {
    /// On a free port of loopback, with the records of these lines.
    #[track_caller]
    pub fn start(lines: &str, manner: Manner) -> Self {
        // The same port has to be free for both.
        let free = (0..20).find_map(|_| {
            let udp = UdpSocket::bind("127.0.0.1:0").ok()?;
            let tcp = TcpListener::bind(udp.local_addr().ok()?).ok()?;
            Some((udp, tcp))
        });
        let (udp, tcp) = free.expect("a free port");
        Self::on(udp, tcp, lines, manner)
    }

    /// On an address of a namespace that the test made.
    #[track_caller]
    pub fn start_at(address: &str, lines: &str) -> Self {
        let udp = UdpSocket::bind(address).expect("the address");
        Self::on(udp, TcpListener::bind(address).expect("the address"), lines, Manner::Right)
    }

    /// How many questions came over TCP.
    pub fn asked_over_tcp(&self) -> usize {
        self.over_tcp.load(Ordering::SeqCst)
    }

    fn on(udp: UdpSocket, tcp: TcpListener, lines: &str, manner: Manner) -> Self {
        let records: Records = Arc::new(lines.lines().filter_map(record).collect());
        let address = udp.local_addr().expect("an address");
        let (is_ended, over_tcp) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (ended, of_udp) = (is_ended.clone(), records.clone());
        let by_udp = spawn(move || serve_udp(&udp, &of_udp, manner, &ended));
        let (ended, count) = (is_ended.clone(), over_tcp.clone());
        let by_tcp = spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                if manner != Manner::TruncatedOnly {
                    count.fetch_add(1, Ordering::SeqCst);
                    // Who asks and goes away has no answer.
                    let _ = serve_tcp(stream, &records);
                }
            }
        });
        Self { address, over_tcp, is_ended, threads: vec![by_udp, by_tcp] }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.is_ended.store(true, Ordering::SeqCst);
        // Both wait for a question.
        let from = SocketAddr::new(self.address.ip(), 0);
        let _ = UdpSocket::bind(from).and_then(|socket| socket.send_to(&[], self.address));
        drop(TcpStream::connect(self.address));
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn serve_udp(socket: &UdpSocket, records: &Records, manner: Manner, is_ended: &AtomicBool) {
    let mut buffer = [0; 1500];
    let mut is_first = true;
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        if is_ended.load(Ordering::SeqCst) {
            return;
        }
        let asked = Packet::parse(&buffer[..length]).expect("a question");
        // What the C library asks, which a start asks too, is without it.
        let is_service = matches!(asked.questions[0].qtype, QTYPE::TYPE(TYPE::SRV));
        assert!(!is_service || asked.opt().is_some_and(|opt| opt.udp_packet_size == 1232), "no EDNS");
        let mut messages = Vec::new();
        let mut push = |message: &Packet| messages.push(message.build_bytes_vec().expect("a message"));
        match manner {
            Manner::Silent => {}
            Manner::FirstLost if std::mem::take(&mut is_first) => {}
            Manner::Right | Manner::FirstLost => push(&answer(&asked, records)),
            Manner::OtherId => push(&with_other_id(answer(&asked, records))),
            Manner::OtherQuestion => push(&with_other_question(answer(&asked, records))),
            Manner::RightAtLast => {
                push(&with_other_id(forged(&asked)));
                push(&with_other_question(forged(&asked)));
                push(&answer(&asked, records));
            }
            Manner::Truncated | Manner::TruncatedOnly => {
                let mut cut = answer(&asked, records);
                cut.answers.truncate(1);
                cut.set_flags(PacketFlag::TRUNCATION);
                push(&cut);
            }
            Manner::Code(code) => {
                let mut refused = answer(&asked, records);
                refused.answers.clear();
                *refused.rcode_mut() = code;
                push(&refused);
            }
            Manner::Garbage => messages.push(vec![0xff; 40]),
        }
        for message in messages {
            socket.send_to(&message, from).expect("an answer is sent");
        }
    }
}

fn serve_tcp(mut stream: TcpStream, records: &Records) -> std::io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut question)?;
    let asked = Packet::parse(&question).expect("a question");
    let message = answer(&asked, records).build_bytes_vec().expect("a message");
    let length = u16::try_from(message.len()).expect("a length");
    // In two parts, as a network may bring it.
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&message)
}

fn answer<'q>(asked: &Packet<'q>, records: &Records) -> Packet<'q> {
    let mut answer = Packet::new_reply(asked.id());
    answer.questions.clone_from(&asked.questions);
    let question = &asked.questions[0];
    let mut owner = question.qname.clone().into_owned();
    // An alias comes with what it is an alias for.
    let alias = records.iter().find(|record| record.name == owner && matches!(record.rdata, RData::CNAME(_)));
    if let Some(ResourceRecord { rdata: RData::CNAME(CNAME(target)), .. }) = alias {
        owner = target.clone();
        answer.answers.extend(alias.cloned());
    }
    let of_owner = records.iter().filter(|record| record.name == owner);
    if of_owner.clone().next().is_none() {
        *answer.rcode_mut() = RCODE::NameError;
    }
    answer.answers.extend(of_owner.filter(|record| record.match_qtype(question.qtype)).cloned());
    answer
}

/// An answer that leads elsewhere.
fn forged<'q>(asked: &Packet<'q>) -> Packet<'q> {
    let evil = record("_etcd-server-ssl._tcp.example.zone. 300 IN SRV 0 0 2380 evil.example.net.");
    let mut forged = answer(asked, &Arc::new(Vec::new()));
    *forged.rcode_mut() = RCODE::NoError;
    forged.answers.extend(evil);
    forged
}

fn with_other_id(mut answer: Packet<'_>) -> Packet<'_> {
    answer.set_id(answer.id().wrapping_add(1));
    answer
}

fn with_other_question(mut answer: Packet<'_>) -> Packet<'_> {
    answer.questions[0].qname = Name::new_unchecked("other.example.zone");
    answer
}

/// A line of a zone file, as `dns export` prints it; none for a comment.
fn record(line: &str) -> Option<ResourceRecord<'static>> {
    let name = |text: &str| Name::new(text).expect("a name").into_owned();
    let words: Vec<&str> = line.split(';').next()?.split_whitespace().collect();
    let data = match words.as_slice() {
        [] => return None,
        [_, _, "IN", "SRV", priority, weight, port, target] => {
            let number = |text: &str| text.parse().expect("a number");
            let (priority, weight, port) = (number(priority), number(weight), number(port));
            RData::SRV(SRV { priority, weight, port, target: name(target) })
        }
        [_, _, "IN", "A" | "AAAA", address] => match address.parse().expect("an address") {
            IpAddr::V4(ip) => RData::A(A { address: ip.into() }),
            IpAddr::V6(ip) => RData::AAAA(AAAA { address: ip.into() }),
        },
        [_, _, "IN", "CNAME", target] => RData::CNAME(CNAME(name(target))),
        _ => panic!("not a line of a zone file: {line}"),
    };
    Some(ResourceRecord::new(name(words[0]), CLASS::IN, words[1].parse().expect("a TTL"), data))
}
