//! Behind a real reverse proxy: whose failures are counted for whom.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pierhead_tests::{OWNER, PEOPLE, Raw, Server, ServerOptions, free_port, provision, tool};
use tempfile::TempDir;

/// nginx in front of a server, as the documentation has it.
struct Nginx {
    child: Child,
    at: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    fn before(server: &Server) -> Self {
        let folder = TempDir::new().unwrap();
        let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let path = folder.path().display();
        let host = &server.host;
        let text = format!(
            "daemon off; pid {path}/pid; error_log {path}/error.log; worker_processes 1;\n\
             events {{}}\n\
             http {{\n\
               access_log off; client_body_temp_path {path}/body; proxy_temp_path {path}/proxy;\n\
               fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
               server {{\n\
                 listen {at};\n\
                 location / {{\n\
                   proxy_pass http://{host};\n\
                   proxy_http_version 1.1;\n\
                   proxy_set_header Host $http_host;\n\
                   proxy_set_header Connection \"\";\n\
                   proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
                 }}\n\
               }}\n\
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
        let nginx = Nginx::before(&server);
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
