//! A certificate and its key, from files.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};

use crate::private;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The first second of the year 10000, behind every moment that a certificate can name.
const AFTER_ALL: Duration = Duration::from_secs(253_402_300_800);

/// Where a certificate and its key are.
#[derive(Clone, Debug)]
pub(crate) struct PairFiles {
    /// The server's own certificate first, then those between it and a root, in PEM.
    pub(crate) certificate: PathBuf,
    /// Its key, in PEM.
    pub(crate) key: PathBuf,
}

/// What tells one state of the files from another: which they are, and when they, or who may read
/// them, last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([Option<(u64, i64, i64)>; 2]);

impl PairFiles {
    /// As they are now.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp([&self.certificate, &self.key].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.ino(), found.ctime(), found.ctime_nsec()))
        }))
    }
}

/// A certificate that can be served.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) key: Arc<CertifiedKey>,
    /// When it ends.
    pub(crate) ends: SystemTime,
}

impl Pair {
    /// Reads the files. What is read may have ended.
    ///
    /// # Errors
    /// Why they cannot be used, and what to do about it.
    pub(crate) fn read(files: &PairFiles) -> Result<Self, String> {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        let chain = read("certificate", &files.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
        let chain = chain.unwrap_or_default();
        let Some(own) = chain.first() else {
            return Err(format!(
                "there is no certificate in {certificate}; put the chain there in PEM, the server's \
                 own certificate first"
            ));
        };
        let ends = ends(own).ok_or_else(|| {
            format!(
                "the first certificate in {certificate} cannot be understood; have it made again, \
                 as X.509 version 3 for a server"
            )
        })?;
        if let Some(mode) =
            open_to_others(&files.key).map_err(|error| lost("key", &files.key, &error))?
        {
            return Err(format!(
                "{key} can be read or changed by others (its mode is {mode:03o}), and whoever has \
                 it can pose as this server; type: chmod {:03o} {key}",
                mode & 0o740
            ));
        }
        let secret = read("key", &files.key)?;
        let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|_| {
            format!(
                "there is no private key in {key}; put the certificate's key there in PEM, \
                     without a password"
            )
        })?;
        let made = CertifiedKey::from_der(chain, secret, &aws_lc_rs::default_provider());
        let key = made.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => format!(
                "the key in {key} is not that of the first certificate in {certificate}; put the two \
                 there that belong together, the server's own certificate before the others"
            ),
            error => format!("the key in {key} cannot be used ({error}); have another made"),
        })?;
        Ok(Self {
            key: Arc::new(key),
            ends,
        })
    }

    /// Whether clients that come under a name take it for that name's; `None` if that cannot be a
    /// name.
    pub(crate) fn names(&self, host: &str) -> Option<bool> {
        let name = ServerName::try_from(host).ok()?;
        let own = self.key.cert.first()?;
        let own = ParsedCertificate::try_from(own).ok()?;
        Some(verify_server_name(&own, &name).is_ok())
    }
}

/// When a certificate ends. The library does not say, but for one that has ended: so it is asked
/// about a moment behind every end.
fn ends(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let late = UnixTime::since_unix_epoch(AFTER_ALL);
    let nobody = RootCertStore::empty();
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], late, &[]) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            UNIX_EPOCH.checked_add(Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

/// The mode of a key that others than its owner can change, or others than its group read: whatever
/// renews certificates hands keys to a service by its group.
fn open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o037 != 0).then_some(mode))
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = private::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.map_err(|error| lost(what, path, &error))?;
    Ok(bytes)
}

fn lost(what: &str, path: &Path, error: &io::Error) -> String {
    format!(
        "the {what} {} cannot be read ({error}); put it there for the server's user to read, or \
         name another in [tls]",
        path.display()
    )
}
