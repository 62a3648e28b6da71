//! Sessions in every dialect, as servers put them into tickets.

/// A session that any OpenSSL would read: version, TLS 1.2, cipher suite, empty ID, master secret, time, timeout.
pub fn smallest(secret: &[u8; 48]) -> Vec<u8> {
    let mut body = vec![2, 1, 1, 2, 2, 3, 3, 4, 2, 0xc0, 0x2f, 4, 0, 4, 48];
    body.extend(secret);
    body.extend([0xa1, 6, 2, 4, 0x6a, 0xf2, 0x40, 0x51, 0xa2, 4, 2, 2, 1, 0x2c, 0xa4, 2, 4, 0]);
    [&[0x30, u8::try_from(body.len()).unwrap()][..], &body].concat()
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
