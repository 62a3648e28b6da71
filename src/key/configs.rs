//! Server configurations that name ticket key files: nginx, `HAProxy`, Apache httpd.
//!
//! The library reads the text and says which files it names, in the server's order; opening them is up to the caller.
//! A new server is one new file in this folder and one line in `CONFIGS`.

mod haproxy;
mod httpd;
mod nginx;

use super::config::{Config, Reference};
use super::format::KeyFormat;
use super::formats;

static CONFIGS: &[Config] = &[nginx::CONFIG, haproxy::CONFIG, httpd::CONFIG];

/// What a configuration names.
pub struct References {
    /// The format of the key files.
    pub format: &'static dyn KeyFormat,
    /// What is named, in order.
    pub list: Vec<Reference>,
}

/// Reads a file that names key files, or includes others that may; `None` where it does neither.
#[must_use]
pub fn read(file: &[u8]) -> Option<References> {
    let text = std::str::from_utf8(file).ok().filter(|text| !text.contains('\0'))?;
    let all = || CONFIGS.iter().map(|config| (config, (config.read)(text)));
    let has = |list: &[Reference], wanted: fn(&Reference) -> bool| list.iter().any(wanted);
    let (config, list) = all()
        .find(|(_, list)| has(list, |reference| matches!(reference, Reference::Key(_))))
        .or_else(|| all().find(|(_, list)| has(list, |reference| matches!(reference, Reference::Include(_)))))?;
    Some(References { format: formats::by_name(config.format)?, list })
}

/// Reads a file that another one of the same server includes.
#[must_use]
pub fn read_included(format: &str, file: &[u8]) -> Vec<Reference> {
    let config = CONFIGS.iter().find(|config| config.format == format);
    config.map(|config| (config.read)(&String::from_utf8_lossy(file))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> Reference {
        Reference::Key(path.to_owned())
    }

    fn include(path: &str) -> Reference {
        Reference::Include(path.to_owned())
    }

    fn check(text: &str, format: &str, wanted: &[Reference]) {
        let found = read(text.as_bytes()).unwrap();
        assert_eq!((found.format.name(), found.list.as_slice()), (format, wanted));
    }

    #[test]
    fn nginx_names_keys_in_order() {
        check(
            "http {\n  include conf.d/*.conf; # ssl_session_ticket_key no.key;\n  server { ssl_session_ticket_key 'new.key';\
             ssl_session_ticket_key\n  \"/etc/old one.key\"; }\n}\n",
            "nginx",
            &[include("conf.d/*.conf"), Reference::Server, key("new.key"), key("/etc/old one.key")],
        );
        check("events {}\nhttp { include sites/*; }\n", "nginx", &[include("sites/*")]);
    }

    #[test]
    fn every_server_of_nginx_has_keys_of_its_own() {
        check(
            "http { server { ssl_session_ticket_key a; } server { listen 1; ssl_session_ticket_key b; } }",
            "nginx",
            &[Reference::Server, key("a"), Reference::Server, key("b")],
        );
    }

    #[test]
    fn haproxy_names_keys_on_bind_lines() {
        let text = "frontend web\n  # tls-ticket-keys no\n  bind :443 ssl crt a.pem tls-ticket-keys /etc/haproxy/tickets alpn h2\n";
        check(text, "haproxy", &[key("/etc/haproxy/tickets")]);
    }

    #[test]
    fn httpd_names_keys_and_roots() {
        check(
            "ServerRoot \"/etc/apache2\"\n<VirtualHost *:443>\n sslsessionticketkeyfile ticket.key\n</VirtualHost>\nIncludeOptional sites/*.conf\n",
            "apache",
            &[
                Reference::Root("/etc/apache2".to_owned()),
                Reference::Server,
                key("ticket.key"),
                include("sites/*.conf"),
            ],
        );
    }

    #[test]
    fn other_files_are_no_configurations() {
        assert!(read(&[7; 48]).is_none());
        assert!(read(b"- name: 00\n").is_none());
        assert!(read(b"[https]\nticketKeySecret = 00\n").is_none());
    }
}
