//! A member asked without verifying that it is one. What it answers may be anything: only what is sealed and
//! signed by itself may be fetched so.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::codegen::http::Uri;
use tonic::codegen::{BoxFuture, Context, Poll, Service};
use tonic::transport::Endpoint;

use super::client::{MemberClient, SIGN_OF_LIFE};
use super::tls::{KeyPair, Target, unverified_client};

impl MemberClient {
    /// A client for a member whose certificate is not verified. It presents `pair`, connects at the first
    /// call, and ends each call within `timeout`. To be called on a runtime.
    ///
    /// # Errors
    /// The certificate or the name cannot be used; as text for the operator.
    pub fn unverified(target: &Target, pair: &KeyPair, timeout: Duration) -> Result<Self, String> {
        let config = unverified_client(pair).map_err(|error| error.to_string())?;
        let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
        let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
        let place = format!("{host}:{}", target.port);
        let uri =
            |scheme: &str| format!("{scheme}://{place}").parse::<Uri>().map_err(|error| error.to_string());
        // The connector speaks TLS: the channel is not to.
        let endpoint = Endpoint::from(uri("http")?)
            .origin(uri("https")?)
            .connect_timeout(timeout)
            .timeout(timeout)
            .http2_keep_alive_interval(SIGN_OF_LIFE)
            .keep_alive_timeout(SIGN_OF_LIFE);
        let connector = Unverified { place: (target.host.clone(), target.port), name, config };
        Ok(Self { channel: endpoint.connect_with_connector_lazy(connector), limit: timeout })
    }
}

struct Unverified {
    place: (String, u16),
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
}

impl Service<Uri> for Unverified {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (place, name, config) = (self.place.clone(), self.name.clone(), self.config.clone());
        Box::pin(async move {
            let socket = TcpStream::connect(place).await?;
            TlsConnector::from(config).connect(name, socket).await.map(TokioIo::new)
        })
    }
}
