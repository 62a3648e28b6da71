//! The client certificate inside a session, as far as people want to see it.

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 over the DER, by which other tools name it.
    pub sha256: [u8; 32],
    /// What is inside; `None` if it is not an X.509 certificate.
    pub names: Option<Names>,
}

/// Subject, issuer, serial number and validity (RFC 5280 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Distinguished name of the holder.
    pub subject: String,
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// Serial number, big-endian, as encoded.
    pub serial: Vec<u8>,
    /// First second of validity, since 1970.
    pub not_before: i64,
    /// Last second of validity, since 1970.
    pub not_after: i64,
}

impl Certificate {
    /// Reads a certificate.
    #[must_use]
    pub fn parse(der: &[u8]) -> Self {
        let names = X509Certificate::from_der(der).ok().map(|(_, certificate)| Names {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial().to_vec(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
        });
        Self { sha256: Sha256::digest(der).into(), names }
    }
}
