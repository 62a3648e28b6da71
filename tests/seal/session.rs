//! Sessions in every dialect, as servers put them into tickets.

/// A session that any OpenSSL would read: version, TLS 1.2, cipher suite, empty ID, master secret, time, timeout.
pub fn smallest(secret: &[u8; 48]) -> Vec<u8> {
    let mut body = vec![2, 1, 1, 2, 2, 3, 3, 4, 2, 0xc0, 0x2f, 4, 0, 4, 48];
    body.extend(secret);
    body.extend([0xa1, 6, 2, 4, 0x6a, 0xf2, 0x40, 0x51, 0xa2, 4, 2, 2, 1, 0x2c, 0xa4, 2, 4, 0]);
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

/// A session as OpenSSL 3 writes it for nginx (`ssl/ssl_asn1.c`).
#[derive(Debug, Clone)]
pub struct OpenSsl<'a> {
    /// TLS 1.2 otherwise.
    pub is_tls13: bool,
    pub session_id: &'a [u8],
    pub secret: &'a [u8; 48],
    /// Seconds since 1970.
    pub time: u32,
    pub session_id_context: &'a [u8; 20],
    pub host_name: &'a str,
    pub ticket_age_add: u32,
}

impl OpenSsl<'_> {
    pub fn encode(&self) -> Vec<u8> {
        let (version, cipher) = if self.is_tls13 { (0x0304, [0x13, 0x02]) } else { (0x0303, [0xc0, 0x30]) };
        let mut body = [integer(1), integer(version), bytes(&cipher), bytes(self.session_id)].concat();
        body.extend(bytes(self.secret));
        let mut member = |tag: u8, element: &[u8]| body.extend(tlv(0xa0 | tag, element));
        member(1, &integer(self.time));
        member(2, &integer(300));
        member(4, &bytes(self.session_id_context));
        member(6, &bytes(self.host_name.as_bytes()));
        if self.is_tls13 {
            member(14, &integer(self.ticket_age_add));
        } else {
            // the extended master secret was used
            member(13, &integer(1));
        }
        member(16, &bytes(b"http/1.1"));
        member(19, &integer(29));
        tlv(0x30, &body)
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let header = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, content.to_vec()].concat()
}

fn bytes(content: &[u8]) -> Vec<u8> {
    tlv(4, content)
}

fn integer(number: u32) -> Vec<u8> {
    let bytes = u64::from(number).to_be_bytes();
    // as few as keep the sign bit clear
    let used = 1 + (number.checked_ilog2().unwrap_or(0) as usize + 1) / 8;
    tlv(2, &bytes[8 - used..])
}

/// RFC 5077 section 4: version, suite, compression, master secret, anonymous client, time.
pub fn rfc5077(secret: &[u8; 48]) -> Vec<u8> {
    [&[3, 3, 0xc0, 0x2f, 0][..], secret, &[0, 0x6a, 0xf2, 0x40, 0x51]].concat()
}

/// Server name, version, suite, master secret, extended; neither certificates nor ALPN nor data; time, age.
pub fn rustls(secret: &[u8; 48]) -> Vec<u8> {
    let tail = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0x6a, 0xf2, 0x40, 0x51, 0, 0, 0, 0];
    [&[1, 4][..], b"host", &[3, 3, 0xc0, 0x2f, 48], secret, &tail].concat()
}

pub fn picotls(psk: &[u8; 32]) -> Vec<u8> {
    let body = [
        b"ptls0001",
        &1_795_421_000_000_u64.to_be_bytes()[..],
        &[0, 32],
        psk,
        &[0, 29, 0x13, 1, 1, 2, 3, 4, 0, 4],
        b"host",
        &[0],
    ]
    .concat();
    [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
}

pub fn go(secret: &[u8; 48], since_1_21: bool) -> Vec<u8> {
    let time = 1_795_421_000_u64.to_be_bytes();
    if since_1_21 {
        [&[3, 3, 1, 0xc0, 0x2f][..], &time, &[48], secret, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 29]].concat()
    } else {
        [&[3, 3, 0xc0, 0x2f][..], &time, &[0, 48], secret, &[0, 0, 0]].concat()
    }
}

pub fn gnutls(secret: &[u8; 48]) -> Vec<u8> {
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let parameters = [
        numbers(&[1, 7, 1, 1]),
        vec![0],
        numbers(&[4, 1, 1]),
        vec![0xc0, 0x30, 48],
        secret.to_vec(),
        [&[32][..], &[0xc1; 32], &[32], &[0x5e; 32]].concat(),
        numbers(&[16384, 16384, 2, 0, 0, 1, 0]),
    ]
    .concat();
    let length = numbers(&[u32::try_from(parameters.len()).unwrap()]);
    [
        numbers(&[0xfade_badd + 0x0003_0709, 1_795_421_147, 21_600]),
        vec![1],
        numbers(&[0]),
        length,
        parameters,
        numbers(&[0]),
    ]
    .concat()
}

/// Mbed TLS 3.6 under TLS 1.2, with all of its default configuration but certificates (`library/ssl_tls.c`).
pub fn mbedtls(secret: &[u8; 48]) -> Vec<u8> {
    let start = [3, 6, 0, 0x05, 0xfd, 3, 1, 0xc0, 0x2f, 0, 0, 0, 0, 0x6a, 0xf2, 0x40, 0x51, 0];
    [&start[..], &[0; 32], secret, &[0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0x25, 0xf0, 0x9e, 0, 1]].concat()
}

/// s2n-tls under TLS 1.2: format, version, suite, nanoseconds, master secret, extended (`tls/s2n_resume.c`).
pub fn s2n(secret: &[u8; 48]) -> Vec<u8> {
    [&[4, 33, 0xc0, 0x2b][..], &1_795_841_151_963_769_631_u64.to_be_bytes(), secret, &[1]].concat()
}

/// The same under TLS 1.3, with early data.
pub fn s2n_tls13(psk: &[u8; 32]) -> Vec<u8> {
    let time = 1_795_841_151_963_769_631_u64.to_be_bytes();
    [&[2, 34, 0x13, 0x01][..], &time, &[1, 2, 3, 4, 32], psk, &time, &[0, 0, 0x40, 0, 2, b'h', b'2', 0, 1, 7]].concat()
}

/// wolfSSL 5.5 under TLS 1.2, with a session ID (`wolfssl/internal.h`).
pub fn wolfssl(secret: &[u8; 48]) -> Vec<u8> {
    [&[3, 3, 0xc0, 0x2c][..], secret, &[0x6a, 0xf2, 0x40, 0x51, 0, 0, 0, 0, 1], &[0; 15], &[9; 32]].concat()
}

/// Erlang/OTP: hash, PSK, age, lifetime, time, no certificate.
pub fn otp(psk: &[u8; 48]) -> Vec<u8> {
    [&[5][..], psk, &[0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0x1c, 0x20, 0x6a, 0xf2, 0x40, 0x51, 0, 0]].concat()
}
