//! Reads one HTTP response to its end. Where that is, its length tells: etcd leaves the connection open for
//! half a second after the last byte, whatever it was asked for.

use std::io::{self, Read};

use super::dial_error::{DialError, Stage, explain};

/// More than any answer of etcd's that is asked for here.
const LONGEST: usize = 1 << 20;

/// A response that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without the marks of its chunks.
    pub body: Vec<u8>,
}

/// How a server answers that may change to another protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Whole(Response),
    /// It changes (status 101); what it said after that already.
    Upgraded(Vec<u8>),
}

/// As [`read`], but the server may change to another protocol instead.
///
/// # Errors
/// As [`read`].
pub fn read_or_upgrade(stream: &mut impl Read) -> Result<Answer, DialError> {
    let mut bytes = vec![0; 8192];
    let mut length = 0;
    while length < bytes.len() {
        let count = stream.read(&mut bytes[length..]).map_err(|error| explain(error, Stage::Reply))?;
        length += count;
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(&bytes[..length]) {
            Ok(httparse::Status::Complete(end)) if head.code == Some(101) => {
                return Ok(Answer::Upgraded(bytes[end..length].to_vec()));
            }
            Ok(httparse::Status::Partial) if count > 0 => {}
            _ => break,
        }
    }
    read(&mut bytes[..length].chain(stream)).map(Answer::Whole)
}

/// Reads a response, and nothing after it.
///
/// # Errors
/// [`DialError::Closed`], [`DialError::NotHttp`], [`DialError::TooLong`], and what the stream fails with.
pub fn read(stream: &mut impl Read) -> Result<Response, DialError> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(count) => count,
            // Many servers close without TLS' own farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(error) => return Err(explain(error, Stage::Reply)),
        };
        if count == 0 && bytes.is_empty() {
            return Err(DialError::Closed(Stage::Reply));
        }
        bytes.extend_from_slice(&buffer[..count]);
        match parse(&bytes, count == 0).map_err(|()| DialError::NotHttp)? {
            Some(response) => return Ok(response),
            None if count == 0 => return Err(DialError::NotHttp),
            None if bytes.len() > LONGEST => return Err(DialError::TooLong),
            None => {}
        }
    }
}

/// The response, if it is whole.
fn parse(bytes: &[u8], ended: bool) -> Result<Option<Response>, ()> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(bytes).map_err(|_| ())? else { return Ok(None) };
    let status = head.code.ok_or(())?;
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), String::from_utf8_lossy(field.value).into_owned()))
        .collect();
    let rest = &bytes[length..];
    let header =
        |name: &str| headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
    let body = if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        chunks(rest)?
    } else if let Some(announced) = header("content-length") {
        let announced: usize = announced.trim().parse().map_err(|_| ())?;
        rest.get(..announced).map(<[u8]>::to_vec)
    } else {
        ended.then(|| rest.to_vec())
    };
    Ok(body.map(|body| Response { status, headers, body }))
}

/// The body in chunks (RFC 9112, 7.1), if the last of them is there.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, ()> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(rest).map_err(|_| ())?
        else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size)).ok_or(())?;
        let (Some(chunk), Some(following)) = (rest.get(start..end), rest.get(end..)) else { return Ok(None) };
        body.extend_from_slice(chunk);
        match following {
            [b'\r', b'\n', next @ ..] => rest = next,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(()),
        }
    }
}
