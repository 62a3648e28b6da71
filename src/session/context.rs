//! What a session ID context tells about the server: applications choose it, and several are known.

/// Who is known to set such a context. Its form is not proof: others may set one like it.
#[must_use]
pub fn explain(context: &[u8]) -> Option<&'static str> {
    let is_lower_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    match context {
        b"" => Some("empty: any server with this key and no context of its own resumes the session"),
        b"haproxy" => Some("the word that HAProxy up to 2.x sets"),
        b"lighttpd" => Some("the word that lighttpd sets"),
        b"hitch" => Some("the word that hitch sets"),
        b"h2o" => Some("the word that H2O sets as a client of a proxied server"),
        b"Postfix/TLS\0" => Some("the word that Postfix sets"),
        _ if context.len() == 32 && context.iter().all(is_lower_hex) => Some(
            "32 hex digits, such as Apache httpd makes of a virtual host's HOST:PORT, and Node.js of its arguments",
        ),
        _ if context.iter().all(|byte| matches!(byte, 0x20..=0x7e)) => None,
        _ if context.len() == 20 => Some("20 bytes, such as nginx makes of its certificates and client CA names"),
        _ if context.len() == 32 => Some(
            "32 bytes, such as H2O, Envoy, Traffic Server, Postfix and recent HAProxy make of certificates or settings",
        ),
        _ => None,
    }
}
