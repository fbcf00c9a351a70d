//! Listeners: plain TCP, and TLS with a certificate and a key from files.

use std::fs::File;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::stream::Stream;

/// What [`serve`](crate::serve) listens on.
pub trait Listener: Send + 'static {
    /// The socket, and what shakes hands on it, if anything.
    fn into_parts(self) -> (TcpListener, Option<TlsAcceptor>);

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// Plain TCP.
pub struct Plain(pub TcpListener);

impl Listener for Plain {
    fn into_parts(self) -> (TcpListener, Option<TlsAcceptor>) {
        (self.0, None)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// TLS over TCP.
pub struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, or they do not belong together.
    pub fn new(listener: TcpListener, certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        Ok(Self { listener, acceptor: TlsAcceptor::from(Arc::new(config(certificate, key)?)) })
    }
}

impl Listener for Tls {
    fn into_parts(self) -> (TcpListener, Option<TlsAcceptor>) {
        (self.listener, Some(self.acceptor))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

fn config(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).with_context(|| format!("{} cannot be read", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_reader_iter(open(certificate)?)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is no certificate in PEM", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", certificate.display());
    let key = PrivateKeyDer::from_pem_reader(open(key)?)
        .with_context(|| format!("{} is no private key in PEM", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not belong together")?;
    Ok(config)
}

/// Shakes hands where that is asked for.
pub(crate) async fn shake_hands(stream: TcpStream, acceptor: Option<TlsAcceptor>) -> io::Result<Stream> {
    // Messages are small and wanted now: none waits for the next one.
    stream.set_nodelay(true)?;
    match acceptor {
        None => Ok(Stream::Plain(stream)),
        Some(acceptor) => Ok(Stream::Tls(Box::new(acceptor.accept(stream).await?))),
    }
}
