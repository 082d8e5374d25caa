//! Who a request comes from when it comes through reverse proxies.
//!
//! A proxy appends the address it was asked from to `X-Forwarded-For`. What is left of that, the
//! client may have written. So the list is read from its end, and only for as long as whoever wrote
//! the next address is trusted. `Forwarded` (RFC 7239) is not read: proxies write the other by
//! themselves, and a second header would be a second way to lie to a proxy that sets only one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many addresses are read. No chain of proxies is as long.
const MOST: usize = 32;

/// A range of addresses: those whose first `bits` are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        masked(address, self.bits) == Some(self.first) && address.is_ipv4() == self.first.is_ipv4()
    }
}

/// The address without what follows its first bits; `None` when it has not as many.
fn masked(address: IpAddr, bits: u8) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => {
            let cut = 32_u32.checked_sub(bits.into())?;
            let mask = u32::MAX.checked_shl(cut).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let cut = 128_u32.checked_sub(bits.into())?;
            let mask = u128::MAX.checked_shl(cut).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    })
}

/// Why a text is no range of proxies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoNetwork {
    /// It is none at all.
    Malformed(String),
    /// It begins within the range, which is this one.
    Inside(Network),
    /// It would let everybody say who they are.
    Everybody,
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || NoNetwork::Malformed(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => {
                let digits = bits.bytes().all(|byte| byte.is_ascii_digit());
                let bits = bits.parse::<u8>().ok().filter(|_| digits);
                (address, Some(bits.ok_or_else(malformed)?))
            }
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| malformed())?;
        let address = written.to_canonical();
        let whole = if written.is_ipv4() { 32 } else { 128 };
        // What an IPv4 address is mapped into comes before it.
        let before = if written == address { 0 } else { 96 };
        let bits = bits.unwrap_or(whole);
        let bits = bits.checked_sub(before).ok_or_else(malformed)?;
        let first = masked(address, bits).ok_or_else(malformed)?;
        let network = Self { first, bits };
        if bits == 0 {
            return Err(NoNetwork::Everybody);
        }
        if first != address {
            return Err(NoNetwork::Inside(network));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl fmt::Display for NoNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => write!(
                f,
                "`{text}` is no address of a proxy; write one, such as \"127.0.0.1\", or a range, \
                 such as \"10.0.0.0/8\""
            ),
            Self::Inside(network) => {
                write!(f, "that begins within its range; write \"{network}\"")
            }
            Self::Everybody => f.write_str(
                "that trusts everybody, so that anybody could give any address as their own; name \
                 the proxies",
            ),
        }
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The proxies whose word is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<Network>);

impl Proxies {
    pub(crate) fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether this is one of them.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who sent a request that came over a connection from `address`: the last address in the list
    /// that is none of the proxies, or the furthest proxy before which nothing can be read.
    pub(crate) fn peer(&self, address: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut peer = address.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let fields = headers.get_all(FORWARDED_FOR).iter().rev();
        let elements = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
        for element in elements.take(MOST) {
            let Some(before) = read(element) else { break };
            peer = before;
            if !self.trusts(peer) {
                break;
            }
        }
        peer
    }
}

/// An address as proxies write it: with or without a port, IPv6 with or without brackets.
fn read(element: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(element.trim_ascii()).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().ok()?.into(),
        None => match text.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) => text.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::http::HeaderValue;

    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        let networks = networks.iter().map(|text| text.parse().expect(text));
        Proxies::new(networks.collect())
    }

    fn peer(networks: &[&str], from: &str, fields: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for field in fields {
            let value = HeaderValue::from_bytes(field).expect("a value");
            headers.append(FORWARDED_FOR, value);
        }
        let from = from.parse().expect("an address");
        proxies(networks).peer(from, &headers).to_string()
    }

    #[test]
    fn the_peer_is_the_last_address_that_no_proxy_has() {
        let lan = &["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"];
        for (from, fields, expected) in [
            ("127.0.0.1", &[][..], "127.0.0.1"),
            ("127.0.0.1", &[b"192.0.2.1".as_slice()], "192.0.2.1"),
            // What the client wrote is left of what the proxy appended.
            ("127.0.0.1", &[b"198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &[b"198.51.100.9", b"192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &[b"127.0.0.1, 192.0.2.1"], "192.0.2.1"),
            // Through two proxies.
            ("10.1.1.1", &[b"192.0.2.1, 10.2.2.2"], "192.0.2.1"),
            (
                "10.1.1.1",
                &[b"192.0.2.1", b"10.2.2.2,10.3.3.3"],
                "192.0.2.1",
            ),
            // Everybody is trusted: the first of them.
            ("10.1.1.1", &[b"10.4.4.4, 10.2.2.2"], "10.4.4.4"),
            // Whoever is not trusted is not believed.
            ("192.0.2.7", &[b"198.51.100.9"], "192.0.2.7"),
            ("11.0.0.1", &[b"198.51.100.9"], "11.0.0.1"),
            // As they are written.
            ("127.0.0.1", &[b"192.0.2.1:4711"], "192.0.2.1"),
            ("127.0.0.1", &[b"[2001:db9::1]:4711"], "2001:db9::1"),
            ("127.0.0.1", &[b"[2001:db9::1]"], "2001:db9::1"),
            ("127.0.0.1", &[b"2001:db9::1"], "2001:db9::1"),
            ("127.0.0.1", &[b"\t192.0.2.1 "], "192.0.2.1"),
            ("127.0.0.1", &[b"::ffff:192.0.2.1"], "192.0.2.1"),
            ("127.0.0.1", &[b"192.0.2.1, ::ffff:10.0.0.1"], "192.0.2.1"),
            ("::ffff:127.0.0.1", &[b"192.0.2.1"], "192.0.2.1"),
            ("2001:db8::7", &[b"192.0.2.1"], "192.0.2.1"),
            // What cannot be read ends it where it could.
            ("127.0.0.1", &[b""], "127.0.0.1"),
            ("127.0.0.1", &[b"192.0.2.1,"], "127.0.0.1"),
            ("127.0.0.1", &[b"192.0.2.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[b"192.0.2.1, unknown, 10.2.2.2"], "10.2.2.2"),
            ("127.0.0.1", &[b"192.0.2.1", b"\xff"], "127.0.0.1"),
            ("127.0.0.1", &[b"[192.0.2.1]"], "127.0.0.1"),
            ("127.0.0.1", &[b"192.0.2.1:99999"], "127.0.0.1"),
            ("127.0.0.1", &[b"fe80::1%eth0"], "127.0.0.1"),
        ] {
            let shown = fields.iter().map(|field| String::from_utf8_lossy(field));
            let shown: Vec<_> = shown.collect();
            assert_eq!(peer(lan, from, fields), expected, "{from} {shown:?}");
        }
        assert_eq!(peer(&[], "127.0.0.1", &[b"192.0.2.1"]), "127.0.0.1");
    }

    #[test]
    fn a_list_without_end_is_not_read_to_its_end() {
        let long = vec!["10.0.0.1"; 5_000].join(",");
        let field = format!("192.0.2.1,{long}");
        assert_eq!(
            peer(&["10.0.0.0/8"], "10.0.0.2", &[field.as_bytes()]),
            "10.0.0.1"
        );
    }

    #[test]
    fn a_range_is_an_address_or_begins_at_its_first() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ] {
            let network: Network = text.parse().expect(text);
            assert_eq!(network.to_string(), shown);
        }
        for (text, said) in [
            ("10.0.0.1/8", "write \"10.0.0.0/8\""),
            ("0.0.0.0/0", "trusts everybody"),
            ("::/0", "trusts everybody"),
            ("::ffff:0:0/96", "trusts everybody"),
            ("10.0.0.0/33", "is no address of a proxy"),
            ("10.0.0.0/+8", "is no address of a proxy"),
            ("10.0.0.0/", "is no address of a proxy"),
            ("::ffff:10.0.0.0/95", "is no address of a proxy"),
            ("proxy.example.org", "is no address of a proxy"),
            ("", "is no address of a proxy"),
        ] {
            let error = text.parse::<Network>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
