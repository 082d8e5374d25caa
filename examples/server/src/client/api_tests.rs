use std::io::Write as _;
use std::net::TcpListener;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

#[test]
fn a_servers_url_is_scheme_host_and_port() {
    for good in ["http://127.0.0.1:5000", "https://registry.example.org/"] {
        assert!(Api::new(good, None).is_ok(), "{good}");
    }
    for bad in [
        "",
        "registry.example.org",
        "https://",
        "ftp://a",
        "https://a/v2",
        "https://user@a",
        "https://a?b",
    ] {
        let refused = Api::new(bad, None).err().expect(bad).to_string();
        assert!(refused.contains("is no server's URL"), "{refused}");
    }
}

#[test]
fn a_file_without_a_certificate_is_told() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("ca.pem");
    let refused = |path: &Path| {
        let refused = Api::new("https://registry.example.org", Some(path));
        refused.err().expect("it is refused").to_string()
    };
    assert!(
        refused(&path).contains("No such file"),
        "{}",
        refused(&path)
    );
    fs::write(&path, "not a certificate").expect("a scratch file");
    let said = refused(&path);
    assert!(said.contains("there is no certificate in"), "{said}");
}

/// A server that gives these answers, one after the other.
fn answering(bodies: &'static [&'static str]) -> Api {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for body in bodies {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut header = [0; 4096];
            let _ = stream.read(&mut header);
            let length = body.len();
            let _ = stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .as_bytes(),
            );
        }
    });
    Api::new(&format!("http://{at}"), None).expect("a URL")
}

#[test]
fn what_is_no_object_is_no_answer() {
    let bodies = &["[]", "\"x\"", "1", "null", "<html>", "", "{}"];
    let api = answering(bodies);
    for body in bodies {
        let said = api.get("/").map_err(|error| error.to_string());
        let good = said.is_ok();
        assert_eq!(good, *body == "{}", "{body}");
        assert!(good || said.is_err_and(|said| said.contains("correct the URL")));
    }
}

/// An authority, and a certificate that it gave a server: its own, and the server's with its key.
fn authority(of: &str) -> (String, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().expect("a key");
    let mut about = CertificateParams::new(Vec::new()).expect("an authority");
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = about.self_signed(&key).expect("its certificate");
    let issuer = Issuer::new(about, key);
    let key = KeyPair::generate().expect("a key");
    let about = CertificateParams::new(vec![of.to_owned()]).expect("a server");
    let signed = about.signed_by(&key, &issuer).expect("its certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("its key");
    (certificate.pem(), signed.into(), key)
}

/// A server that shows a certificate, and answers `{}` to each of so many: its URL.
fn serve(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    times: usize,
) -> String {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            let config = config.with_no_client_auth();
            config.with_single_cert(vec![certificate], key)
        });
    let config = Arc::new(config.expect("a good certificate"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for _ in 0..times {
            let (stream, _) = listener.accept().expect("a client");
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a session");
            let mut stream = StreamOwned::new(connection, stream);
            let mut header = Vec::new();
            let mut byte = [0];
            // A client that does not trust us goes away.
            while !header.ends_with(b"\r\n\r\n")
                && stream.read(&mut byte).is_ok_and(|read| read == 1)
            {
                header.push(byte[0]);
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    format!("https://localhost:{}", at.port())
}

#[test]
fn a_server_is_trusted_by_the_authority_one_names_and_by_no_other() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let kept = |name: &str, pem: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, pem).expect("a scratch file");
        path
    };
    let (ours, certificate, key) = authority("localhost");
    let (theirs, _, _) = authority("localhost");
    let (ours, theirs) = (kept("ours.pem", &ours), kept("theirs.pem", &theirs));
    let url = serve(certificate, key, 3);
    let ask = |ca| Api::new(&url, ca).and_then(|api| api.get("/"));
    assert_eq!(ask(Some(&ours)).expect("it is trusted"), json!({}));
    for ca in [Some(&*theirs), None] {
        let refused = ask(ca).expect_err("it is not trusted").to_string();
        assert!(refused.contains("cannot be trusted"), "{refused}");
        assert!(refused.contains("--ca FILE"), "{refused}");
    }

    // For another name it is no certificate, whoever signed it.
    let (pem, certificate, key) = authority("registry.example.org");
    let other = kept("other.pem", &pem);
    let url = serve(certificate, key, 1);
    let refused = Api::new(&url, Some(&other)).and_then(|api| api.get("/"));
    let refused = refused.expect_err("it is of another name").to_string();
    assert!(refused.contains("cannot be trusted"), "{refused}");

    // A certificate that nobody signed but itself can be named, too.
    let key = KeyPair::generate().expect("a key");
    let about = CertificateParams::new(vec!["localhost".to_owned()]).expect("a server");
    let certificate = about.self_signed(&key).expect("its certificate");
    let own = kept("own.pem", &certificate.pem());
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("its key");
    let url = serve(certificate.into(), key, 1);
    let asked = Api::new(&url, Some(&own)).and_then(|api| api.get("/"));
    assert_eq!(asked.expect("it is trusted"), json!({}));
}
