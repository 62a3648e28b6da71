use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::*;

/// What a text names, in short: lines are ahead of colons, values are bytes in hex.
fn short(list: &[Reference]) -> Vec<String> {
    let one = |reference: &Reference| {
        let line = reference.line.map_or_else(String::new, |line| format!("{line}:"));
        match &reference.what {
            What::Key(path) => format!("{line}key {path}"),
            What::Value(value) => format!("{line}{}={}", value.name, hex::encode(&value.content)),
            What::Variable(name) => format!("{line}${name}"),
            What::Include(path) => format!("{line}include {path}"),
            What::Root(path) => format!("{line}root {path}"),
            What::Server => "server".to_owned(),
        }
    };
    list.iter().map(one).collect()
}

fn check(text: &str, server: &str, wanted: &[&str]) {
    let found = read(text.as_bytes()).unwrap_or_else(|| panic!("{server}: {text}"));
    assert_eq!(found.server(), server, "{text}");
    assert_eq!(short(&found.list), wanted, "{text}");
}

/// A key of 48 bytes in hex and in base64.
fn key(n: u8) -> (String, String) {
    let bytes: Vec<u8> = (0..48).map(|i: u8| i.wrapping_mul(91) ^ n).collect();
    (hex::encode(&bytes), BASE64.encode(&bytes))
}

#[test]
fn nginx_names_keys_in_order() {
    check(
        "http {\n  include conf.d/*.conf; # ssl_session_ticket_key no.key;\n  server { ssl_session_ticket_key 'new.key';\
         ssl_session_ticket_key\n  \"/etc/old one.key\"; }\n}\n",
        "nginx",
        &["2:include conf.d/*.conf", "server", "3:key new.key", "3:key /etc/old one.key"],
    );
    check("events {}\nhttp { include sites/*; }\n", "nginx", &["2:include sites/*"]);
    check(
        "http { server { ssl_session_ticket_key a; } server { listen 1; ssl_session_ticket_key b; } }",
        "nginx",
        &["server", "1:key a", "server", "1:key b"],
    );
    check("server {\n listen 443 ssl;\n}\n", "nginx", &["server"]);
}

#[test]
fn haproxy_names_keys_on_bind_lines() {
    let text = "global\n  default-path origin /etc/haproxy\nfrontend web\n  # tls-ticket-keys no\n  bind :443 ssl crt a.pem tls-ticket-keys tickets alpn h2\n";
    check(text, "HAProxy", &["2:root /etc/haproxy", "5:key tickets"]);
    check("frontend web\n  bind :443 ssl crt a.pem\n", "HAProxy", &[]);
}

#[test]
fn httpd_names_keys_and_roots() {
    check(
        "ServerRoot \"/etc/apache2\"\n<VirtualHost *:443>\n sslsessionticketkeyfile ticket.key\n</VirtualHost>\nIncludeOptional sites/*.conf\n",
        "Apache httpd",
        &["1:root /etc/apache2", "server", "3:key ticket.key", "5:include sites/*.conf"],
    );
}

#[test]
fn unbound_names_keys_and_its_folder() {
    check(
        "server:\n  directory: \"/etc/unbound\" # here\n  tls-session-ticket-keys: \"new.key\"\n  tls-session-ticket-keys: old.key\ninclude: \"conf.d/*.conf\"\n",
        "unbound",
        &["2:root /etc/unbound", "3:key new.key", "4:key old.key", "5:include conf.d/*.conf"],
    );
}

#[test]
fn dnsdist_has_a_file_for_each_frontend() {
    check(
        "-- ticketKeyFile='no'\naddTLSLocal('0.0.0.0', 'c', 'k', { ticketKeyFile = \"/etc/a.key\" })\ngetTLSContext(0):loadTicketsKeys('b.key')\n",
        "dnsdist",
        &["server", "2:key /etc/a.key", "server", "3:key b.key"],
    );
    check("binds:\n  - tls:\n      ticket_key_file: a.key\n", "dnsdist", &["server", "3:key a.key"]);
}

#[test]
fn lighttpd_puts_strings_together() {
    check(
        "var.conf_dir = \"/etc/lighttpd\"\ninclude conf_dir + \"/conf.d/*.conf\"\n$SERVER[\"socket\"] == \":443\" { ssl.stek-file = var.conf_dir + \"/stek\" }\n# ssl.stek-file = \"no\"\n",
        "lighttpd",
        &["2:include /etc/lighttpd/conf.d/*.conf", "3:key /etc/lighttpd/stek"],
    );
}

#[test]
fn nghttpx_has_an_order_of_its_own() {
    let text =
        "frontend=*,443\ntls-ticket-key-file=new.key\ntls-ticket-key-file=old.key\ntls-ticket-key-cipher=aes-256-cbc\n";
    check(text, "nghttpx", &["2:key new.key", "3:key old.key"]);
    let format = read(text.as_bytes()).unwrap().format().unwrap();
    assert_eq!(format.read(&[7; 80]).unwrap()[0].layout.to_string(), "name16 aes32 hmac32");
    assert_eq!(format.read(&[7; 48]).unwrap()[0].layout.to_string(), "name16 aes16 hmac16");
}

#[test]
fn traffic_server_names_one_file_for_all_or_one_for_a_certificate() {
    check(
        "records:\n  ssl:\n    server:\n      cert:\n        path: /etc/ssl\n      ticket_key:\n        filename: t.key\n",
        "Traffic Server",
        &["5:root /etc/ssl", "7:key t.key"],
    );
    check(
        "CONFIG proxy.config.ssl.server.cert.path STRING etc/ssl\nCONFIG proxy.config.ssl.server.ticket_key.filename STRING t.key\n",
        "Traffic Server",
        &["1:root etc/ssl", "2:key t.key"],
    );
    check(
        "# x\nssl_cert_name=a.pem ticket_key_name=a.key\ndest_ip=* ssl_cert_name=b.pem\n",
        "Traffic Server",
        &["server", "2:key a.key"],
    );
    check(
        "ssl_multicert:\n  - ssl_cert_name: a.pem\n    ticket_key_name: a.key\n",
        "Traffic Server",
        &["server", "3:key a.key"],
    );
    check("CONFIG proxy.config.ssl.server.ticket_key.filename STRING NULL\n", "Traffic Server", &[]);
}

#[test]
fn envoy_has_every_source_of_data() {
    let (hex, base64) = key(1);
    check(
        &format!(
            "session_ticket_keys:\n  keys:\n  - filename: a.key\n  - inline_bytes: {base64}\n  - inline_string: text\n  - environment_variable: KEY\n"
        ),
        "Envoy",
        &[
            "server",
            "3:key a.key",
            &format!("4:session_ticket_keys.inline_bytes={hex}"),
            "5:session_ticket_keys.inline_string=74657874",
            "6:$KEY",
        ],
    );
    check(
        &format!("{{\"sessionTicketKeys\": {{\n\"keys\": [{{\"inlineBytes\": \"{base64}\"}}]}}}}"),
        "Envoy",
        &["server", &format!("2:session_ticket_keys.inlineBytes={hex}")],
    );
    check(
        "session_ticket_keys_sds_secret_config:\n  name: t\n  sds_config:\n    path_config_source: {path: sds.yaml}\n",
        "Envoy",
        &["4:include sds.yaml"],
    );
}

#[test]
fn what_haproxy_prints_at_run_time_is_a_file_for_each_list() {
    let keys: Vec<String> = (1..4).map(|n| key(n).1).collect();
    let list = |id: u8| {
        let rows: Vec<String> = keys.iter().enumerate().map(|(n, key)| format!("{id}.{n} {key}\n")).collect();
        rows.concat()
    };
    let text = format!("# id secret\n# 0 (/etc/a)\n{}# 1 (/etc/b)\n{}\n", list(0), list(1));
    let found = read(text.as_bytes()).unwrap();
    let values: Vec<Value> = found
        .list
        .iter()
        .filter_map(|reference| match &reference.what {
            What::Value(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    let files = files_of(&values, None, found.format()).unwrap();
    let keys: Vec<usize> = files.iter().map(|(_, file)| file.readings.len()).collect();
    assert_eq!(keys, [3, 3]);
    check("# id (file)\n0 (/etc/a)\n", "HAProxy", &["server", "2:key /etc/a"]);
}

#[test]
fn kubernetes_decodes_what_a_mounted_file_has() {
    let ((hex, base64), (other, _)) = (key(1), key(2));
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: t}}\ndata:\n  tls.key: {}\n  ticket.key: {base64}\nstringData:\n  ticket.old: {other}\n",
        BASE64.encode(b"-----BEGIN PRIVATE KEY-----")
    );
    let hex_text = hex::encode(&other);
    check(
        &text,
        "Kubernetes",
        &["server", &format!("6:t.data.ticket.key={hex}"), &format!("8:t.stringData.ticket.old={hex_text}")],
    );
    // a name of the object is enough, and JSON is as good
    let text = format!(
        "{{\"kind\":\"List\",\"items\":[{{\"kind\":\"Secret\",\"metadata\":{{\"name\":\"session-tickets\"}},\"data\":{{\"current\":\"{base64}\"}}}}]}}"
    );
    check(&text, "Kubernetes", &["server", &format!("1:session-tickets.data.current={hex}")]);
    assert!(read(b"kind: Secret\ndata: {a: b}\n").unwrap().list.is_empty());
}

#[test]
fn scalars_are_keys_by_name_and_size() {
    let ((hex, base64), (other, _)) = (key(1), key(2));
    check(
        &format!("{{\"Version\": \"1\", \"SessionTicketKey\": \"{hex}\"}}"),
        "document",
        &[&format!("1:SessionTicketKey={hex}")],
    );
    check(
        &format!("controller:\n  tls:\n    ticketKeys:\n      - {hex}\n      - {other}\n  apiKey: {base64}\n"),
        "document",
        &[&format!("4:controller.tls.ticketKeys={hex}"), &format!("5:controller.tls.ticketKeys={other}")],
    );
    check(&format!("stek: !!binary {base64}\n"), "document", &[&format!("1:stek={hex}")]);
    check(&format!("env:\n- name: TICKET_KEY\n  value: {base64}\n"), "document", &[&format!("3:TICKET_KEY={hex}")]);
    check(
        &format!("services:\n  web:\n    environment:\n      - TICKET_KEYS={base64}\n"),
        "document",
        &[&format!("4:TICKET_KEYS={hex}")],
    );
    check("ticket-store: {ticket-file: /etc/a.yaml}\n", "document", &["1:key /etc/a.yaml"]);
}

#[test]
fn assignments_are_read_in_every_spelling() {
    let ((hex, base64), (other, _)) = (key(1), key(2));
    for text in [
        format!("TICKET_KEYS={base64}\n"),
        format!("export TICKET_KEYS='{base64}'\n"),
        format!("[Service]\nEnvironment=\"TICKET_KEYS={hex}\"\n"),
        format!("[tls]\nticket_key = \"{hex}\"\n"),
        format!("server.setTicketKeys(Buffer.from('{hex}', 'hex'))\n"),
        format!("  ticketKeys: Buffer.from(\n    \"{base64}\",\n    'base64')\n"),
        format!("key = {base64}\n"),
    ] {
        let found = read(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
        assert!(
            matches!(&found.list[..], [Reference { what: What::Value(value), .. }] if hex::encode(&value.content) == hex),
            "{text}: {:?}",
            short(&found.list)
        );
    }
    check(
        &format!("session_ticket_keys = [\n  \"{hex}\",\n  \"{other}\",\n]\nother = \"x\"\n"),
        "file",
        &[&format!("2:session_ticket_keys={hex}"), &format!("3:session_ticket_keys={other}")],
    );
    check("SessionTicketKeyFile = conf/tickets.data\n", "file", &["1:key conf/tickets.data"]);
}

#[test]
fn a_value_with_a_mistake_is_told_of() {
    let (hex, _) = key(1);
    let found = read(format!("ticket_key: {}\n", &hex[2..]).as_bytes()).unwrap();
    let [Reference { what: What::Value(value), line: Some(1) }] = &found.list[..] else { panic!() };
    assert!(files_of(std::slice::from_ref(value), None, None).is_err());
}

#[test]
fn values_of_a_key_each_are_one_file() {
    let value = |n| Value { name: format!("k{n}"), content: Zeroizing::new(vec![n; 48]), format: None };
    let files = files_of(&[value(1), value(2)], by_name("nginx"), None).unwrap();
    let [(name, file)] = &files[..] else { panic!() };
    let keys: Vec<(usize, usize)> = file.readings.iter().map(|reading| (reading.key.index, reading.keys)).collect();
    assert_eq!((name.as_str(), keys), ("k1", vec![(0, 2), (1, 2)]));
}

#[test]
fn other_files_are_no_configurations() {
    assert!(read(&[7; 48]).is_none());
    assert!(read(b"- name: 00\n").is_none());
    assert!(read(b"[https]\nticketKeySecret = 00\n").is_none());
    let (hex, base64) = key(1);
    for text in [
        hex.clone(),
        base64.clone(),
        format!("# key\n{hex}\n"),
        "just some prose\n".to_owned(),
        format!("sum: {}\n", &hex[..64]),
    ] {
        assert!(read(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn long_texts_take_time_in_proportion() {
    let (hex, base64) = key(1);
    for unit in [
        format!("ticket_key = \"{hex}\"\n"),
        format!("- ticket: {hex}\n"),
        format!("ssl_session_ticket_key {hex};\n"),
        format!("0.1 {base64}\n"),
        "ticket = [\n".to_owned(),
        "key=(".to_owned(),
        "include \"a\" + ".to_owned(),
        "0x41, ".to_owned(),
        "00000000: 00\n".to_owned(),
    ] {
        let text = unit.repeat(file::MAX_FILE_LENGTH / 8 / unit.len());
        let begun = std::time::Instant::now();
        let _ = read(text.as_bytes());
        let _ = file::read_auto(text.as_bytes());
        assert!(begun.elapsed().as_secs() < 10, "{unit} {:?}", begun.elapsed());
    }
}

#[test]
fn a_config_map_may_hold_the_configuration_of_a_server() {
    let conf = "http {\n  server {\n    ssl_session_ticket_key /etc/t.key;\n  }\n}\n";
    let map = serde_json::json!({"kind": "ConfigMap", "data": {"nginx.conf": conf, "motd": "a\nb\n"}});
    let list = serde_json::json!({"kind": "List", "items": [map.clone()]});
    for document in [map.to_string(), list.to_string()] {
        check(&document, "Kubernetes", &["server", "key /etc/t.key"]);
    }
}
