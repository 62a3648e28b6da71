//! How many bytes the parts of a session take whose length is not given by the protocol.

use super::Session;

impl Session<'_> {
    /// The parts that make a ticket long or short, under their names in JSON, and the bytes of each; empty ones left out.
    pub fn sizes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let boringssl = self.boringssl.as_deref();
        let chain = boringssl.map_or(0, |fields| length(fields.certificate_chain));
        let intermediate: usize = self.intermediate_certificates.iter().map(|certificate| certificate.len()).sum();
        let unknown: usize = self.unknown_fields.iter().map(|field| field.der.len()).sum();
        [
            ("peer_certificate", length(self.peer_certificate)),
            ("certificate_chain", chain),
            ("intermediate_certificates", intermediate),
            ("peer_raw_public_key", length(self.peer_raw_public_key)),
            ("hostname", length(self.hostname)),
            ("alpn", length(self.alpn)),
            ("psk_identity", length(self.psk_identity)),
            ("ticket_appdata", length(self.ticket_appdata)),
            ("ticket", length(self.ticket)),
            ("ocsp_response", boringssl.map_or(0, |fields| length(fields.ocsp_response))),
            (
                "signed_certificate_timestamps",
                boringssl.map_or(0, |fields| length(fields.signed_certificate_timestamps)),
            ),
            ("unknown_fields", unknown),
        ]
        .into_iter()
        .filter(|(_, bytes)| *bytes > 0)
    }
}
