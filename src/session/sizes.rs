//! How many bytes the parts of a session take whose length is not given by the protocol.

use super::Session;

impl Session<'_> {
    /// The parts that make a ticket long or short, under their names in JSON, and the bytes of each; empty ones left out.
    pub fn sizes(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let mut sizes = Vec::new();
        self.each_size(|name, bytes| sizes.push((name, bytes)));
        sizes.into_iter()
    }

    /// Hands over what [`sizes`](Self::sizes) gives.
    // inlined, so that names are constants where they are written
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub(crate) fn each_size(&self, mut take: impl FnMut(&'static str, usize)) {
        let mut part = |name, bytes| {
            if bytes > 0 {
                take(name, bytes);
            }
        };
        let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let boringssl = self.boringssl.as_deref();
        part("peer_certificate", length(self.peer_certificate));
        if let Some(own) = boringssl {
            part("certificate_chain", length(own.certificate_chain));
        }
        let intermediate = self.intermediate_certificates.iter().map(|certificate| certificate.len());
        part("intermediate_certificates", intermediate.sum());
        part("peer_raw_public_key", length(self.peer_raw_public_key));
        part("hostname", length(self.hostname));
        part("alpn", length(self.alpn));
        part("psk_identity", length(self.psk_identity));
        part("ticket_appdata", length(self.ticket_appdata));
        part("ticket", length(self.ticket));
        if let Some(own) = boringssl {
            part("ocsp_response", length(own.ocsp_response));
            part("signed_certificate_timestamps", length(own.signed_certificate_timestamps));
        }
        part("unknown_fields", self.unknown_fields.iter().map(|field| field.der.len()).sum());
    }
}
