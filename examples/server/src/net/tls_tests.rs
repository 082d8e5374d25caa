//! Certificates that come, go and do not fit.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

/// A certificate for `a.example.org` and 127.0.0.1 that ends in so many days, and its key.
fn made(days: i64) -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let names = ["a.example.org".to_owned(), "127.0.0.1".to_owned()];
    let mut certificate = CertificateParams::new(names).expect("names");
    let seconds = SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock");
    let now = i64::try_from(seconds.as_secs()).expect("a clock");
    let at = |days: i64| {
        let moment = SystemTime::UNIX_EPOCH
            + Duration::from_secs(u64::try_from(now + days * 86_400 + 60).expect("a moment"));
        moment.into()
    };
    certificate.not_before = at(-100);
    certificate.not_after = at(days);
    let certificate = certificate.self_signed(&key).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

fn put(folder: &Path, certificate: &str, key: &str) -> PairFiles {
    let files = PairFiles {
        certificate: folder.join("chain.pem"),
        key: folder.join("key.pem"),
    };
    fs::write(&files.certificate, certificate).expect("a scratch file");
    fs::write(&files.key, key).expect("a scratch file");
    mode(&files.key, 0o600);
    files
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn days_left(pair: &Pair) -> u64 {
    let left = pair.ends.duration_since(SystemTime::now());
    left.unwrap_or_default().as_secs() / 86_400
}

#[test]
fn a_pipe_in_the_place_of_a_certificate_is_not_waited_for() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = scratch();
    let (certificate, key) = made(30);
    let files = put(folder.path(), &certificate, &key);
    fs::remove_file(&files.certificate).expect("it is there");
    let ours = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &files.certificate, FileType::Fifo, ours, 0).expect("a pipe");
    let (send, read) = std::sync::mpsc::channel();
    std::thread::spawn(move || send.send(Pair::read(&files).err()));
    let why = read.recv_timeout(Duration::from_secs(30)).expect("in time");
    assert!(why.is_some_and(|why| why.contains("there is no certificate in")));
}

#[test]
fn a_pair_says_when_it_ends_and_whom_it_names() {
    let folder = scratch();
    let (certificate, key) = made(30);
    let pair = Pair::read(&put(folder.path(), &certificate, &key)).expect("a pair");
    assert_eq!(days_left(&pair), 30);
    for (host, named) in [
        ("a.example.org", Some(true)),
        ("A.EXAMPLE.org", Some(true)),
        ("127.0.0.1", Some(true)),
        ("b.example.org", Some(false)),
        ("::1", Some(false)),
        ("a b", None),
    ] {
        assert_eq!(pair.names(host), named, "{host}");
    }
    let (certificate, key) = made(-1);
    let pair = Pair::read(&put(folder.path(), &certificate, &key)).expect("a pair");
    assert!(pair.ends < SystemTime::now());
}

#[test]
fn what_cannot_be_used_says_what_to_do() {
    let folder = scratch();
    let ((certificate, key), (_, another)) = (made(30), made(30));
    let cut = &certificate[..certificate.len() / 2];
    let wrong = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, said) in [
        ("", key.as_str(), "there is no certificate in"),
        (cut, &key, "there is no certificate in"),
        (&key, &key, "there is no certificate in"),
        (wrong, &key, "cannot be understood"),
        (&certificate, "", "there is no private key in"),
        (&certificate, &certificate, "there is no private key in"),
        (
            &certificate,
            &another,
            "is not that of the first certificate",
        ),
    ] {
        let error = Pair::read(&put(folder.path(), certificate, key)).expect_err(said);
        assert!(error.contains(said), "{error}");
    }
    let files = put(folder.path(), &certificate, &key);
    for (bits, good) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false)] {
        mode(&files.key, bits);
        match Pair::read(&files) {
            Ok(_) => assert!(good, "{bits:o}"),
            Err(error) => {
                let line = format!("type: chmod 640 {}", files.key.display());
                assert!(!good && error.contains(&line), "{error}");
            }
        }
    }
    fs::remove_file(&files.key).expect("it is there");
    let error = Pair::read(&files).expect_err("no key");
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn a_renewed_pair_is_taken_over_and_a_bad_one_is_not() {
    let folder = scratch();
    let (certificate, key) = made(3);
    let files = put(folder.path(), &certificate, &key);
    let watch = Arc::new(Watch::new());
    let tls = Tls::open(files.clone(), vec![], watch).expect("a pair");
    let stamp = files.stamp();
    assert_eq!(tls.look(stamp, false), stamp, "nothing has changed");

    let mut stamp = stamp;
    for (certificate, key) in [
        made(-1),
        (String::new(), key.clone()),
        (made(90).0, key.clone()),
    ] {
        put(folder.path(), &certificate, &key);
        let looked = tls.look(stamp, false);
        assert_ne!(looked, stamp, "it is looked at once");
        stamp = looked;
        assert_eq!(days_left(&tls.served.pair()), 3, "the old one is served");
    }
    let (certificate, key) = made(90);
    put(folder.path(), &certificate, &key);
    tls.look(stamp, false);
    assert_eq!(days_left(&tls.served.pair()), 90);
    let (certificate, key) = made(60);
    put(folder.path(), &certificate, &key);
    tls.look(files.stamp(), true);
    assert_eq!(days_left(&tls.served.pair()), 60, "when told to");
}

#[test]
fn what_the_log_says_to_type_is_enough() {
    let folder = scratch();
    let (certificate, key) = made(3);
    let files = put(folder.path(), &certificate, &key);
    let tls = Tls::open(files.clone(), vec![], Arc::new(Watch::new())).expect("a pair");
    let (certificate, key) = made(90);
    put(folder.path(), &certificate, &key);
    mode(&files.key, 0o644);
    let stamp = tls.look(tls.first, false);
    assert_eq!(days_left(&tls.served.pair()), 3, "others can read the key");
    mode(&files.key, 0o640);
    tls.look(stamp, false);
    assert_eq!(days_left(&tls.served.pair()), 90);
}

#[tokio::test]
async fn a_pair_renewed_while_the_server_starts_is_taken_over() {
    let folder = scratch();
    let (certificate, key) = made(3);
    let files = put(folder.path(), &certificate, &key);
    let tls = Tls::open(files, vec![], Arc::new(Watch::new())).expect("a pair");
    let (certificate, key) = made(90);
    put(folder.path(), &certificate, &key);
    let hangups = Hangups::listen().expect("signals");
    let taken = async {
        while days_left(&tls.served.pair()) != 90 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = tls.clone().renew(hangups) => {}
        taken = tokio::time::timeout(LOOK / 2, taken) => taken.expect("it is taken over"),
    }
}
