//! What is known of a cipher suite.

/// One TLS cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipherSuite {
    /// The two bytes on the wire, first byte high.
    pub id: u16,
    /// The name in the IANA registry "TLS Cipher Suites", or the name in
    /// common use for a suite that was never registered.
    pub iana: &'static str,
    /// The name that `openssl ciphers` prints, in the newest OpenSSL (0.9.8
    /// to 4.0) that has the suite. `None`: no OpenSSL has it.
    pub openssl: Option<&'static str>,
}
