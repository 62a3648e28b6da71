//! The endpoints of a Kubernetes service: what `kubectl get endpointslice -o json` prints (discovery.k8s.io/v1).

use std::net::SocketAddr;

use serde::Deserialize;

use super::fleet::{Address, FleetError};

/// The name of the port that is taken first, and the numbers that are taken next.
const NAME: &str = "https";
const NUMBERS: [u16; 2] = [443, 8443];
/// The label that says which service a slice is of.
const SERVICE: &str = "kubernetes.io/service-name";

/// The endpoints of one service that are ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `NAME.NAMESPACE.svc`, if the slices tell.
    pub name: Option<String>,
    /// Addresses and ports, without repetition.
    pub nodes: Vec<SocketAddr>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<Slice>,
}

#[derive(Deserialize)]
struct Slice {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    endpoints: Option<Vec<Endpoint>>,
    #[serde(default)]
    ports: Option<Vec<Port>>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    namespace: Option<String>,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default)]
    conditions: Option<Conditions>,
}

#[derive(Deserialize, Default)]
struct Conditions {
    ready: Option<bool>,
}

#[derive(Deserialize)]
struct Port {
    name: Option<String>,
    port: Option<u16>,
}

/// Whether a fleet file is JSON, that is a list of endpoint slices.
#[must_use]
pub fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Reads the slices, each service once, in order. `port` is the one to probe; `None` leaves it to the slices: the port
/// called https, or 443, or 8443, or the only one.
///
/// # Errors
///
/// If the text is not the JSON of endpoint slices, or does not tell the port.
pub fn parse(text: &str, port: Option<u16>) -> Result<Vec<Service>, FleetError> {
    let wrong = |error: serde_json::Error| FleetError(format!("not the JSON of kubectl get endpointslice: {error}"));
    let one: Slice = serde_json::from_str(text).map_err(wrong)?;
    let slices =
        if one.kind == "EndpointSlice" { vec![one] } else { serde_json::from_str::<List>(text).map_err(wrong)?.items };
    let mut services: Vec<Service> = Vec::new();
    for slice in slices.into_iter().filter(|slice| slice.kind == "EndpointSlice" || slice.endpoints.is_some()) {
        let name = slice.metadata.labels.get(SERVICE).map(|service| match &slice.metadata.namespace {
            Some(namespace) => format!("{service}.{namespace}.svc"),
            None => service.clone(),
        });
        let port = match port {
            Some(port) => port,
            None => choose(slice.ports.as_deref().unwrap_or_default()).ok_or_else(|| {
                let of = name.as_deref().unwrap_or("a slice");
                FleetError(format!("{of}: no port is called https, and none is 443 or 8443; name it: HOST:PORT"))
            })?,
        };
        let ready = slice
            .endpoints
            .unwrap_or_default()
            .into_iter()
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false));
        let addresses = ready.flat_map(|endpoint| endpoint.addresses);
        let nodes = addresses.filter_map(|address| Some(Address::parse(&address)?.with_port(port)));
        let at = services.iter().position(|service| service.name == name).unwrap_or_else(|| {
            services.push(Service { name: name.clone(), nodes: Vec::new() });
            services.len() - 1
        });
        let Some(service) = services.get_mut(at) else { continue };
        for node in nodes {
            if !service.nodes.contains(&node) {
                service.nodes.push(node);
            }
        }
    }
    if services.iter().all(|service| service.nodes.is_empty()) {
        return Err(FleetError("no endpoint in it is ready".to_owned()));
    }
    Ok(services)
}

fn choose(ports: &[Port]) -> Option<u16> {
    let named = ports.iter().find(|port| port.name.as_deref() == Some(NAME)).and_then(|port| port.port);
    let usual = || NUMBERS.into_iter().find(|number| ports.iter().any(|port| port.port == Some(*number)));
    let only = || match ports {
        [only] => only.port,
        _ => None,
    };
    named.or_else(usual).or_else(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLICE: &str = r#"{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"www-abc","namespace":"shop",
        "labels":{"kubernetes.io/service-name":"www"}},"addressType":"IPv4",
        "endpoints":[{"addresses":["127.0.0.1"],"conditions":{"ready":true}},{"addresses":["127.0.0.2"],"conditions":{"ready":false}},
        {"addresses":["127.0.0.3"]}],"ports":[{"name":"http","port":8080,"protocol":"TCP"},{"name":"https","port":9443,"protocol":"TCP"}]}"#;

    #[test]
    fn endpoints_that_are_ready_are_nodes() {
        let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{SLICE},{SLICE}]}}"#);
        for text in [SLICE, &list] {
            assert!(is_json(text));
            let services = parse(text, None).unwrap();
            let [service] = services.as_slice() else { panic!("{services:?}") };
            assert_eq!(service.name.as_deref(), Some("www.shop.svc"));
            let nodes: Vec<String> = service.nodes.iter().map(ToString::to_string).collect();
            assert_eq!(nodes, ["127.0.0.1:9443", "127.0.0.3:9443"]);
        }
        assert_eq!(parse(SLICE, Some(443)).unwrap()[0].nodes[0].port(), 443);
    }

    #[test]
    fn a_port_is_never_guessed() {
        let other = SLICE.replace("\"https\"", "\"tls\"");
        assert!(parse(&other, None).unwrap_err().to_string().contains("HOST:PORT"));
        let usual = other.replace("9443", "8443");
        assert_eq!(parse(&usual, None).unwrap()[0].nodes[0].port(), 8443);
        assert!(parse("{\"kind\":\"List\"}", None).unwrap_err().to_string().contains("no endpoint"));
        assert!(parse("{", None).is_err());
    }
}
