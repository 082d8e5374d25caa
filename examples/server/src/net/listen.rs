//! The listening socket.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::failure::Failure;

/// Connections that the kernel keeps while we are busy.
pub(crate) const BACKLOG: u32 = 1024;

/// How many ports after the wanted one are tried for a free one to suggest.
const NEIGHBOURS: u16 = 20;

/// An address that is ours, on which nobody is heard yet.
#[derive(Debug)]
pub(crate) struct Claim {
    socket: TcpSocket,
    at: SocketAddr,
}

impl Claim {
    /// Claims an address.
    ///
    /// # Errors
    /// When it cannot be had, with the line to type instead.
    pub(crate) fn take(wanted: SocketAddr) -> Result<Self, Failure> {
        bind(wanted)
            .and_then(|socket| {
                Ok(Self {
                    at: socket.local_addr()?,
                    socket,
                })
            })
            .map_err(|error| refused(wanted, &error))
    }

    /// The address; its port is the real one where any was asked for.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Hears clients from now on.
    ///
    /// # Errors
    /// When another program was faster.
    pub(crate) fn listen(self) -> Result<TcpListener, Failure> {
        self.socket
            .listen(BACKLOG)
            .map_err(|error| refused(self.at, &error))
    }
}

/// A socket at an address.
///
/// # Errors
/// When that is not to be had.
pub(crate) fn bind(at: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if at.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // Connections of a server that has just stopped do not hold its port.
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    Ok(socket)
}

fn refused(wanted: SocketAddr, error: &io::Error) -> Failure {
    Failure::happened(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "{wanted} is taken by another program; type `--listen {}`, or stop that program",
            free_neighbour(wanted)
        ),
        ErrorKind::PermissionDenied => format!(
            "{wanted} is for privileged programs only; give this one CAP_NET_BIND_SERVICE (in a unit of \
             systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or type `--listen {}` and let a \
             reverse proxy have the other port",
            SocketAddr::new(wanted.ip(), 5000)
        ),
        ErrorKind::AddrNotAvailable => format!(
            "this machine has no address {}; type `--listen 127.0.0.1:{}`, or one of its own \
             addresses",
            wanted.ip(),
            wanted.port()
        ),
        _ => format!("{wanted} cannot be listened on ({error}); name another with --listen"),
    })
}

/// The next port that is free now; any free one when those near by are taken.
fn free_neighbour(wanted: SocketAddr) -> SocketAddr {
    let near = (1..=NEIGHBOURS).filter_map(|step| wanted.port().checked_add(step));
    near.chain([0])
        .find_map(|port| {
            let claimed = std::net::TcpListener::bind(SocketAddr::new(wanted.ip(), port));
            claimed.and_then(|socket| socket.local_addr()).ok()
        })
        .unwrap_or_else(|| SocketAddr::new(wanted.ip(), wanted.port().wrapping_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_names_a_free_one() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let taken = other.local_addr().expect("it is bound");
        let error = Claim::take(taken).expect_err("it is taken").to_string();
        let (_, line) = error.split_once("type `--listen ").expect("a line to type");
        let (line, _) = line.split_once('`').expect("its end");
        let claim = Claim::take(line.parse().expect("an address")).expect("it is free");
        assert_eq!(claim.at().to_string(), line);
    }

    #[tokio::test]
    async fn an_address_of_another_machine_names_one_of_ours() {
        let wanted = "192.0.2.1:5000".parse().expect("an address");
        let error = Claim::take(wanted).expect_err("it is not ours").to_string();
        assert!(error.contains("type `--listen 127.0.0.1:5000`"), "{error}");
    }

    #[tokio::test]
    async fn port_zero_becomes_a_real_one() {
        let claim = Claim::take("127.0.0.1:0".parse().expect("an address")).expect("a port");
        assert_ne!(claim.at().port(), 0);
        assert!(claim.listen().is_ok());
    }
}
