//! A certificate authority of a lab's own, and a client that trusts nobody else.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pierhead_tests::tool;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// The authority, and the files of the server that it vouches for.
pub(crate) struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// With a first certificate for the server.
    pub(crate) fn new() -> Self {
        let mut own = CertificateParams::default();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.distinguished_name
            .push(DnType::CommonName, "the lab's own");
        let key = KeyPair::generate().expect("a key");
        let certificate = own.self_signed(&key).expect("a certificate");
        let folder = TempDir::new().expect("a scratch directory");
        fs::write(folder.path().join("ca.crt"), certificate.pem()).expect("a scratch file");
        let issuer = Issuer::new(own, key);
        let authority = Self { folder, issuer };
        authority.renew("first");
        authority
    }

    /// Another certificate in the server's files, which says this name of itself.
    pub(crate) fn renew(&self, name: &str) {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut server = CertificateParams::new(names).expect("names");
        server.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = server.signed_by(&key, &self.issuer).expect("a certificate");
        let put = |name: &str, text: String| {
            let path = self.folder.path().join(name);
            fs::write(&path, text).expect("a scratch file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        };
        put("key.pem", key.serialize_pem());
        put("chain.pem", certificate.pem());
    }

    /// Whom clients are told to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The server's certificate.
    pub(crate) fn chain(&self) -> PathBuf {
        self.folder.path().join("chain.pem")
    }

    /// Its key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// A folder with nothing but that, as engines look for.
    pub(crate) fn folder_of_certificates(&self) -> PathBuf {
        let folder = self.folder.path().join("trusted");
        fs::create_dir_all(&folder).expect("a scratch directory");
        fs::copy(self.certificate(), folder.join("ca.crt")).expect("a scratch file");
        folder
    }

    /// The server's configuration.
    pub(crate) fn config(&self, more: &str) -> String {
        let (chain, key) = (self.chain(), self.key());
        let (chain, key) = (chain.display(), key.display());
        format!("{more}\n[tls]\ncertificate = \"{chain}\"\nkey = \"{key}\"\n")
    }

    /// Connects, and goes on only with a server that this authority vouches for.
    pub(crate) fn connect(&self, host: &str, more: &[&str]) -> Secured {
        Secured::new(host, &self.certificate(), more)
    }

    /// What the server says of itself to whoever connects now.
    pub(crate) fn shown(host: &str) -> String {
        let mut command = tool("openssl");
        command
            .args(["s_client", "-connect", host])
            .stdin(Stdio::null());
        let output = command.output().expect("openssl runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("subject="));
        line.unwrap_or_else(|| panic!("no certificate:\n{text}"))
            .rsplit('=')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }
}

/// A connection, in the hands of `openssl s_client`.
pub(crate) struct Secured(Child);

impl Secured {
    fn new(host: &str, trusted: &Path, more: &[&str]) -> Self {
        let mut command: Command = tool("openssl");
        command
            .args([
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-connect",
                host,
            ])
            .arg("-CAfile")
            .arg(trusted)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        Self(command.spawn().expect("openssl runs"))
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let input = self.0.stdin.as_mut().expect("it is piped");
        input
            .write_all(bytes)
            .and_then(|()| input.flush())
            .expect("the server reads");
    }

    /// So many bytes of what comes.
    pub(crate) fn some(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let output = self.0.stdout.as_mut().expect("it is piped");
        output.read_exact(&mut bytes).expect("the server answers");
        bytes
    }

    /// All that comes until the server ends it.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let output = self.0.stdout.as_mut().expect("it is piped");
        output.read_to_end(&mut bytes).expect("the server answers");
        bytes
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
