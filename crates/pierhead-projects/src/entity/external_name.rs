//! What a repository in another registry is called.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use pierhead_model::RepositoryName;

/// The longest such name, in bytes: that of a repository, and a host before it.
const MAX_LEN: usize = 512;

/// The longest host without its port.
const MAX_HOST: usize = 253;

/// The name of a repository in some registry: `host[:port]/path`, such as
/// `quay.io/biocontainers/bwa`.
///
/// A host has a `.` or a port, or is `localhost`, so that it is none of the path's components; it is
/// kept in lower case. Short names of the Docker Hub are written out, `docker.io/library/ubuntu`.
///
/// ```
/// use pierhead_projects::ExternalName;
/// let name: ExternalName = "Quay.io/biocontainers/bwa".parse()?;
/// assert_eq!(name.as_str(), "quay.io/biocontainers/bwa");
/// assert!("ubuntu".parse::<ExternalName>().is_err());
/// # Ok::<(), pierhead_projects::BadExternalName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalName(Box<str>);

/// A text that is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a repository in another registry is `host[:port]/path` in lower case, without tag or digest, \
     such as `docker.io/library/ubuntu`; correct it"
)]
pub struct BadExternalName;

impl ExternalName {
    /// The name, its host in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is in a registry of this host, `host[:port]`, however either is spelt.
    pub(crate) fn is_on(&self, host: &str) -> bool {
        let (own, _) = self.0.split_once('/').unwrap_or((&self.0, ""));
        match (Place::read(own), Place::read(&host.to_ascii_lowercase())) {
            (Some(here), Some(there)) => here.meets(&there),
            _ => false,
        }
    }
}

impl FromStr for ExternalName {
    type Err = BadExternalName;

    fn from_str(text: &str) -> Result<Self, BadExternalName> {
        let (host, path) = text.split_once('/').ok_or(BadExternalName)?;
        let host = host.to_ascii_lowercase();
        let apart = host == "localhost" || host.contains(['.', ':']);
        let fits = text.len() <= MAX_LEN && apart && Place::read(&host).is_some();
        if !fits || path.parse::<RepositoryName>().is_err() {
            return Err(BadExternalName);
        }
        Ok(Self(format!("{host}/{path}").into()))
    }
}

impl fmt::Display for ExternalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a registry answers.
#[derive(Debug, PartialEq, Eq)]
struct Place<'h> {
    host: Host<'h>,
    /// Without one a client tries that of HTTPS, and some that of HTTP.
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Host<'h> {
    /// Every name and address of the machine itself is one.
    Loopback,
    Address(IpAddr),
    Name(&'h str),
}

impl<'h> Place<'h> {
    /// Reads a host in lower case, and its port.
    fn read(text: &'h str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, behind) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = match behind {
                    "" => None,
                    behind => Some(behind.strip_prefix(':')?),
                };
                (Host::of(IpAddr::V6(address)), port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (Host::named(host)?, Some(port)),
                None => (Host::named(text)?, None),
            },
        };
        let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            None => None,
            Some(port) if digits(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
            Some(_) => return None,
        };
        Some(Self { host, port })
    }

    fn meets(&self, other: &Self) -> bool {
        let usual = |port: Option<u16>| matches!(port, None | Some(80 | 443));
        let ports = match (self.port, other.port) {
            (Some(one), Some(two)) => one == two,
            (one, two) => usual(one) && usual(two),
        };
        self.host == other.host && ports
    }
}

impl<'h> Host<'h> {
    fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        // A client that asks for no address in particular reaches its own machine.
        if address.is_loopback() || address.is_unspecified() {
            Self::Loopback
        } else {
            Self::Address(address)
        }
    }

    fn named(text: &'h str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() > MAX_HOST || !text.split('.').all(label) {
            return None;
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::of(IpAddr::V4(address)));
        }
        // What ends in a number is an address to whoever resolves it, `127.1` and `0x7f.1` too.
        let last = text.rsplit('.').next().unwrap_or(text);
        let hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = last.bytes().all(|byte| byte.is_ascii_digit())
            || last.strip_prefix("0x").is_some_and(hexadecimal);
        if number {
            return None;
        }
        Some(if text == "localhost" || text.ends_with(".localhost") {
            Self::Loopback
        } else {
            Self::Name(text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_host_and_a_path_and_nothing_more() {
        for (text, kept) in [
            ("docker.io/library/ubuntu", "docker.io/library/ubuntu"),
            ("QUAY.io/a/b", "quay.io/a/b"),
            ("localhost/a", "localhost/a"),
            ("host:5000/a", "host:5000/a"),
            ("10.0.0.7:5000/a/b/c", "10.0.0.7:5000/a/b/c"),
            ("[2001:DB8::1]:5000/a", "[2001:db8::1]:5000/a"),
            ("[2001:db8::1]/a", "[2001:db8::1]/a"),
            ("xn--bcher-kva.example/a", "xn--bcher-kva.example/a"),
        ] {
            assert_eq!(text.parse::<ExternalName>().unwrap().as_str(), kept);
        }
        let long = format!("a.example/{}", "a".repeat(256));
        let long_host = format!("{}.example/a", "a".repeat(64));
        for bad in [
            "",
            "/",
            "ubuntu",
            "library/ubuntu",
            "syn101/tools",
            "docker.io",
            "docker.io/",
            "docker.io//a",
            "docker.io/A",
            "docker.io/a:v1",
            "docker.io/a@sha256:00",
            "docker.io/a/",
            "docker.io/../a",
            "docker.io./a",
            ".docker.io/a",
            "docker..io/a",
            "-a.example/a",
            "a_b.example/a",
            "user@docker.io/a",
            "https://docker.io/a",
            "host:/a",
            "host:0/a",
            "host:65536/a",
            "host:+80/a",
            "host:80:80/a",
            "[::1/a",
            "[::1]80/a",
            "[::1%25eth0]:80/a",
            "127.1/a",
            "2130706433:80/a",
            "0x7f.0x1/a",
            "127.0.0.01/a",
            "docker.io/a b",
            "docker.io/a\n",
            "döcker.io/a",
            &long,
            &long_host,
        ] {
            assert_eq!(bad.parse::<ExternalName>(), Err(BadExternalName), "{bad}");
        }
    }

    #[test]
    fn a_host_is_known_however_it_is_spelt() {
        for (name, host, same) in [
            ("registry.example/a", "registry.example", true),
            ("Registry.EXAMPLE/a", "registry.example", true),
            ("registry.example:443/a", "registry.example", true),
            ("registry.example:80/a", "Registry.Example", true),
            ("registry.example/a", "registry.example:443", true),
            ("registry.example:5000/a", "registry.example", false),
            ("registry.example/a", "registry.example:5000", false),
            ("registry.example:05000/a", "registry.example:5000", true),
            ("other.example/a", "registry.example", false),
            ("a.registry.example/a", "registry.example", false),
            ("localhost:5000/a", "127.0.0.1:5000", true),
            ("127.0.0.2:5000/a", "localhost:5000", true),
            ("0.0.0.0:5000/a", "localhost:5000", true),
            ("[::1]:5000/a", "127.0.0.1:5000", true),
            ("[::ffff:127.0.0.1]:5000/a", "127.0.0.1:5000", true),
            ("[0:0::0:1]:5000/a", "[::1]:5000", true),
            ("a.localhost:5000/a", "127.0.0.1:5000", true),
            ("localhost:5001/a", "127.0.0.1:5000", false),
            ("[2001:db8:0::1]/a", "[2001:DB8::1]", true),
            ("[::ffff:10.0.0.1]/a", "10.0.0.1", true),
            ("docker.io/a", "not a host", false),
        ] {
            let parsed: ExternalName = name.parse().unwrap();
            assert_eq!(parsed.is_on(host), same, "{name} on {host}");
        }
    }
}
