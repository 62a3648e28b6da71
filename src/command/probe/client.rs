//! The TLS client: rustls with a store for sessions that hands out what is to be offered and takes what comes.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
    WebPkiServerVerifier,
};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, KeyLog, NamedGroup, SignatureScheme, SupportedProtocolVersion};
use tktdump::keylog::Line;
use tktdump::probe::plan::Version;
use tktdump::secret::Secret;

/// A session that can be offered.
pub(super) enum Session {
    /// TLS 1.2: as often as wanted.
    V12(Tls12ClientSessionValue),
    /// TLS 1.3: once.
    V13(Tls13ClientSessionValue),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// What the verifier and the client certificate have to do with the connection of this thread.
///
/// rustls offers a session only to a configuration with the very verifier and the very resolver that it was got with,
/// so that there is one of each in a run, and what differs from connection to connection is here.
#[derive(Debug, Default)]
pub(super) struct Current {
    /// Whether the client certificate is presented.
    pub(super) presents: bool,
    /// Whether the server asked for one.
    pub(super) asked: bool,
    /// The server's certificate.
    pub(super) certificate: Option<Vec<u8>>,
    /// Why it was not verified.
    pub(super) problem: Option<String>,
}

thread_local! {
    static CURRENT: RefCell<Current> = RefCell::default();
}

/// Begins a connection in this thread.
pub(super) fn begin(presents: bool) {
    CURRENT.with_borrow_mut(|current| *current = Current { presents, ..Current::default() });
}

/// What was seen in this thread's connection.
pub(super) fn end() -> Current {
    CURRENT.take()
}

/// Verifies certificates; goes on all the same unless that is to be an error.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The verifier, or why there is none.
    inner: Result<Arc<WebPkiServerVerifier>, String>,
    provider: Arc<CryptoProvider>,
    enforce: bool,
}

impl Verifier {
    fn judge<T>(&self, result: Result<T, rustls::Error>, otherwise: impl FnOnce() -> T) -> Result<T, rustls::Error> {
        result.or_else(|error| {
            let text = match &error {
                rustls::Error::InvalidCertificate(error) => explain(error),
                error => error.to_string(),
            };
            CURRENT.with_borrow_mut(|current| current.problem.get_or_insert(text).len());
            if self.enforce { Err(error) } else { Ok(otherwise()) }
        })
    }

    /// Judges a signature of the handshake.
    fn verify(
        &self,
        verify: VerifySignature,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.judge(verify(message, cert, dss, algorithms), HandshakeSignatureValid::assertion)
    }
}

/// How the signature of a version of TLS is verified.
type VerifySignature = fn(
    &[u8],
    &CertificateDer<'_>,
    &DigitallySignedStruct,
    &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, rustls::Error>;

/// In a few words what is wrong with a certificate.
fn explain(error: &rustls::CertificateError) -> String {
    use rustls::CertificateError as E;
    match error {
        E::UnknownIssuer => "its issuer is not known".to_owned(),
        E::Expired | E::ExpiredContext { .. } => "it has expired".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        E::NotValidForName | E::NotValidForNameContext { .. } => "it is for other names".to_owned(),
        E::Revoked => "it was revoked".to_owned(),
        // webpki's own errors have no other words
        E::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it is the certificate of a CA, as self-signed ones often are".to_owned()
        }
        other => other.to_string(),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        CURRENT.with_borrow_mut(|current| current.certificate = Some(end_entity.to_vec()));
        let verified = match &self.inner {
            Ok(verifier) => verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            Err(error) => Err(rustls::Error::General(error.clone())),
        };
        self.judge(verified, ServerCertVerified::assertion)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(rustls::crypto::verify_tls12_signature, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(rustls::crypto::verify_tls13_signature, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Presents the client certificate, if there is one and it is wanted.
#[derive(Debug)]
struct Resolver(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        CURRENT.with_borrow_mut(|current| {
            current.asked = true;
            self.0.clone().filter(|_| current.presents)
        })
    }

    fn has_certs(&self) -> bool {
        // otherwise nobody would tell that the server asked
        true
    }
}

/// The sessions of one connection.
#[derive(Debug, Default)]
pub(super) struct Store {
    offer: Mutex<Option<Session>>,
    taken: Mutex<Vec<Session>>,
}

impl Store {
    pub(super) fn new(offer: Option<Session>) -> Self {
        Self { offer: Mutex::new(offer), taken: Mutex::default() }
    }

    /// The sessions that came, in order.
    pub(super) fn taken(&self) -> Vec<Session> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_offer(&self) -> Option<Session> {
        self.offer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, session: Session) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}

impl ClientSessionStore for Store {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.put(Session::V12(value));
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        match self.take_offer() {
            Some(Session::V12(value)) => Some(value),
            _ => None,
        }
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.put(Session::V13(value));
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let mut offer = self.offer.lock().unwrap_or_else(PoisonError::into_inner);
        match offer.take() {
            Some(Session::V13(value)) => Some(value),
            // rustls asks for one with TLS 1.2 alone, too
            other => {
                *offer = other;
                None
            }
        }
    }
}

/// The secrets of one connection.
#[derive(Default)]
pub(super) struct Secrets(Mutex<Vec<Line>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// The lines so far.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let (Ok(label), Ok(client_random)) = (label.parse(), client_random.try_into()) {
            let line = Line { label, client_random, secret: Secret::from(secret) };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

/// What all connections of a run have in common.
pub(super) struct Client {
    configs: Vec<(Version, ClientConfig)>,
}

/// How a client is set up.
pub(super) struct Setup {
    pub(super) roots: Result<rustls::RootCertStore, String>,
    pub(super) enforce: bool,
    pub(super) certificate: Option<Arc<CertifiedKey>>,
    pub(super) alpn: Vec<Vec<u8>>,
}

impl Client {
    pub(super) fn new(provider: &Arc<CryptoProvider>, setup: Setup) -> Result<Self, rustls::Error> {
        let Setup { roots, enforce, certificate, alpn } = setup;
        let inner = roots.and_then(|roots| {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|error| error.to_string())
        });
        let verifier: Arc<dyn ServerCertVerifier> =
            Arc::new(Verifier { inner, provider: Arc::clone(provider), enforce });
        let resolver: Arc<dyn ResolvesClientCert> = Arc::new(Resolver(certificate));
        let config = |version: Version| {
            let wire: &'static SupportedProtocolVersion = match version {
                Version::Tls12 => &rustls::version::TLS12,
                Version::Tls13 => &rustls::version::TLS13,
            };
            let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
                .with_protocol_versions(&[wire])?
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&verifier))
                .with_client_cert_resolver(Arc::clone(&resolver));
            config.alpn_protocols.clone_from(&alpn);
            Ok((version, config))
        };
        let configs = Version::ALL.into_iter().map(config).collect::<Result<_, rustls::Error>>()?;
        Ok(Self { configs })
    }

    /// The configuration of one connection.
    pub(super) fn config(&self, version: Version, store: Arc<Store>, secrets: Arc<Secrets>) -> Option<ClientConfig> {
        let (_, config) = self.configs.iter().find(|(known, _)| *known == version)?;
        let mut config = config.clone();
        config.resumption = Resumption::store(store);
        config.key_log = secrets;
        Some(config)
    }
}
