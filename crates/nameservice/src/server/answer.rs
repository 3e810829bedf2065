//! The answer to one request. Pure: what is there and the time are arguments.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use time::OffsetDateTime;
use zone_pki::instant;

use super::catalog::{Absence, Catalog, Content, ProviderState};
use model::config::DnsName;

/// What is known when a request comes.
#[derive(Debug)]
pub(super) struct Known<'k> {
    pub(super) catalog: &'k Catalog,
    pub(super) providers: &'k BTreeMap<&'static str, ProviderState>,
    pub(super) now: OffsetDateTime,
}

/// Answers. Of the request, only the method, the path, its query and `If-None-Match` count. The body of an
/// answer to HEAD is left out by who sends it.
pub(super) fn answer<B>(request: &Request<B>, known: &Known<'_>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if path != "/resolve" && path != "/health" {
        return text(StatusCode::NOT_FOUND, "there is /resolve?name=NAME and /health");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let Some(query) = parameters(request.uri().query().unwrap_or_default()) else {
        return text(StatusCode::BAD_REQUEST, "the query is not valid");
    };
    match path {
        "/resolve" => resolve(&query, request.headers(), known),
        _ => health(&query, known),
    }
}

type Parameters = Vec<(String, String)>;

fn resolve(query: &Parameters, headers: &HeaderMap, known: &Known<'_>) -> Response<Full<Bytes>> {
    let name = match only("name", query).map(|name| name.map(|name| DnsName::parse("name", name))) {
        Ok(Some(Ok(name))) => name,
        Ok(Some(Err(_))) => return text(StatusCode::BAD_REQUEST, "the name is not a valid DNS name"),
        Ok(None) => return text(StatusCode::BAD_REQUEST, "the name is missing: /resolve?name=NAME"),
        Err(()) => return text(StatusCode::BAD_REQUEST, "there is more than one name"),
    };
    match known.catalog.resolve(name.as_str(), known.now) {
        Ok(content) => document(content, headers),
        Err(Absence::Unknown) => text(StatusCode::NOT_FOUND, "there is no such zone or node here"),
        Err(Absence::Expired(exp)) => {
            text(StatusCode::NOT_FOUND, &format!("the zone document expired at {}", instant(exp)))
        }
    }
}

fn document(Content { text, tag }: Content, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let is_known = headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    let mut response = match is_known {
        true => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        false => of_type("application/json", text),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    with_general(response)
}

/// Whether a list of tags (RFC 9110, 13.1.2, by the weak comparison) has this one.
fn names(value: &HeaderValue, tag: &str) -> bool {
    let list = value.to_str().unwrap_or_default();
    let mut tags = list.split(',').map(str::trim);
    tags.any(|listed| listed == "*" || listed.strip_prefix("W/").unwrap_or(listed) == tag)
}

fn health(query: &Parameters, known: &Known<'_>) -> Response<Full<Bytes>> {
    let provider = match only("provider", query) {
        Ok(provider) => provider,
        Err(()) => return text(StatusCode::BAD_REQUEST, "there is more than one provider"),
    };
    let (status, value) = match provider.map(|name| (name, known.providers.get(name))) {
        None => (StatusCode::OK, json!({ "status": "ok" })),
        Some((_, None)) => return text(StatusCode::BAD_REQUEST, "the providers are directory and etcd"),
        Some((name, Some(ProviderState(Ok(()))))) => {
            (StatusCode::OK, json!({ "status": "ok", "provider": name }))
        }
        Some((name, Some(ProviderState(Err(reason))))) => (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "unavailable", "provider": name, "reason": reason }),
        ),
    };
    let mut response = with_general(of_type("application/json", Bytes::from(format!("{value}\n"))));
    *response.status_mut() = status;
    response
}

fn text(status: StatusCode, what: &str) -> Response<Full<Bytes>> {
    let mut response = with_general(of_type("text/plain; charset=utf-8", Bytes::from(format!("{what}\n"))));
    *response.status_mut() = status;
    response
}

fn of_type(kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn with_general(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The value of a parameter that is there at most once.
fn only<'q>(key: &str, query: &'q Parameters) -> Result<Option<&'q str>, ()> {
    let mut values = query.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(()),
    }
}

/// The parameters of a query; none if what follows a `%` is no byte, or if it is not UTF-8.
fn parameters(query: &str) -> Option<Parameters> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((percent_decoded(key)?, percent_decoded(value)?))
    });
    decoded.collect()
}

fn percent_decoded(text: &str) -> Option<String> {
    let (mut decoded, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, following @ ..] = rest {
        match (first, following) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                decoded.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = after;
            }
            (b'%', _) => return None,
            _ => {
                decoded.push(*first);
                rest = following;
            }
        }
    }
    String::from_utf8(decoded).ok()
}
