//! Behind a real reverse proxy, set up as the documentation says: what goes through it, and whose
//! failures are counted for whom.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pierhead_tests::{
    Layout, OWNER, PEOPLE, PROJECT, Random, Raw, Server, ServerOptions, free_port, provision,
    run_with, tool,
};
use tempfile::TempDir;

use crate::pages::block;
use crate::tls::authority::Authority;

/// The page that says how a proxy is set up.
const PAGE: &str = "docs/operations.md";

/// nginx in front of a server, set up with the block of the page.
struct Nginx {
    child: Child,
    at: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// At an address; it speaks TLS where an authority vouches for it, as the page has it.
    fn before(server: &Server, at: SocketAddr, authority: Option<&Authority>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().display();
        let mut block = block(PAGE, "nginx");
        let mut put = |line: &str, instead: &str| {
            assert_eq!(block.matches(line).count(), 1, "{line}\n{block}");
            block = block.replace(line, instead);
        };
        put(
            "http://127.0.0.1:5000;",
            &format!("http://{};", server.host),
        );
        let (listen, certificate, key) = (
            "listen 443 ssl http2;",
            "/etc/ssl/registry.pem",
            "/etc/ssl/registry.key",
        );
        if let Some(authority) = authority {
            put(listen, &format!("listen {at} ssl http2;"));
            put(certificate, &authority.chain().display().to_string());
            put(key, &authority.key().display().to_string());
        } else {
            put(listen, &format!("listen {at};"));
            put(&format!("ssl_certificate     {certificate};"), "");
            put(&format!("ssl_certificate_key {key};"), "");
        }
        let text = format!(
            "daemon off; pid {path}/pid; error_log {path}/error.log; worker_processes 1;\n\
             events {{}}\n\
             http {{\n\
               access_log off; client_body_temp_path {path}/body; proxy_temp_path {path}/proxy;\n\
               fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
               {block}\n\
             }}\n"
        );
        let config = folder.path().join("nginx.conf");
        fs::write(&config, text).unwrap();
        let mut command = tool("nginx");
        command
            .arg("-c")
            .arg(&config)
            .arg("-e")
            .arg(folder.path().join("error.log"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().expect("nginx starts");
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(at).is_err() {
            assert!(Instant::now() < end, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            child,
            at,
            _folder: folder,
        }
    }

    /// What the token endpoint answers to a password from an address of this machine.
    fn sign_in(&self, from: [u8; 4], password: &str, more: &[(&str, &str)]) -> u16 {
        let mut raw = Raw::connect_from(self.at, IpAddr::from(from)).unwrap();
        let basic = BASE64_STANDARD.encode(format!("{}:{password}", OWNER.name));
        let basic = format!("Basic {basic}");
        let headers = [&[("Authorization", basic.as_str())], more].concat();
        raw.begin("GET /token", &headers).unwrap();
        raw.answer(false).unwrap().status
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // In order, so that its worker ends, too.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

const GUESSER: [u8; 4] = [127, 0, 0, 2];
const OTHER: [u8; 4] = [127, 0, 0, 3];

#[test]
fn wrong_passwords_lock_out_the_client_that_sent_them_and_no_other() {
    for (config, other) in [("trusted_proxies = [\"127.0.0.1\"]", 200), ("", 429)] {
        let server = Server::start(ServerOptions {
            provision: Some(provision(PEOPLE)),
            config: Some(config.to_owned()),
            ..ServerOptions::default()
        });
        assert!(TcpListener::bind(server.address()).is_err());
        let nginx = Nginx::before(&server, free_address(), None);
        for _ in 0..10 {
            assert_eq!(nginx.sign_in(GUESSER, "a wrong password", &[]), 401);
        }
        assert_eq!(
            nginx.sign_in(GUESSER, &OWNER.password(), &[]),
            429,
            "{config}"
        );
        // What a client writes there itself is left of what the proxy appends.
        for lie in ["127.0.0.9", "127.0.0.1", "127.0.0.9, 127.0.0.1"] {
            let lie = [("X-Forwarded-For", lie)];
            assert_eq!(
                nginx.sign_in(GUESSER, &OWNER.password(), &lie),
                429,
                "{config}"
            );
        }
        assert_eq!(
            nginx.sign_in(OTHER, &OWNER.password(), &[]),
            other,
            "{config}"
        );
        let logged = server.log().contains("peer=127.0.0.2");
        assert_eq!(logged, !config.is_empty(), "{}", server.log());
    }
}

/// Of layers larger than nginx takes or keeps in memory by itself.
#[test]
fn an_image_is_pushed_and_pulled_through_the_proxy_by_tls() {
    let (authority, scratch, at) = (Authority::new(), TempDir::new().unwrap(), free_address());
    let server = Server::start(ServerOptions {
        provision: Some(provision(PEOPLE)),
        config: Some(format!(
            "public_urls = [\"https://{at}\"]\ntrusted_proxies = [\"127.0.0.1\"]\n"
        )),
        ..ServerOptions::default()
    });
    let _nginx = Nginx::before(&server, at, Some(&authority));
    let says: String = (Random::new(7).bytes(3 << 20).iter())
        .map(|byte| char::from(b' ' + byte % 95))
        .collect();
    let layout = Layout::write(&scratch.path().join("layout"), "multi", &says);
    let crane = |arguments: &[&str], input: &[u8]| {
        let mut command = tool("crane");
        command.args(arguments).env("DOCKER_CONFIG", scratch.path());
        command.env("SSL_CERT_FILE", authority.certificate());
        run_with(&mut command, input).expect_ok(arguments[0])
    };
    let (host, image) = (at.to_string(), format!("{at}/{PROJECT}/proxied:multi"));
    let password = OWNER.password();
    let login = ["auth", "login", &host, "-u", OWNER.name, "--password-stdin"];
    crane(&login, password.as_bytes());
    crane(
        &["push", "--index", layout.path.to_str().unwrap(), &image],
        b"",
    );
    crane(&["validate", "--remote", &image], b"");
    let pulled = crane(&["manifest", &image], b"");
    let outer = fs::read(layout.path.join("index.json")).unwrap();
    assert_eq!(pulled.as_bytes(), outer);
}
