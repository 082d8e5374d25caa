//! Keys for registry tokens: ECDSA on P-256 (ES256, RFC 7518 section 3.4).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest as _, Sha256};

use crate::Secret;

const PEM_TAG: &str = "PRIVATE KEY";
/// A P-256 key in PKCS#8 is about 240 bytes of PEM; this bounds what the parser is given.
const MAX_PEM: usize = 16 * 1024;
/// `0x04`, x, y (SEC 1 section 2.3.3).
const UNCOMPRESSED_POINT: usize = 65;

/// Why there is no key. No variant repeats any of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key could not be made.
    #[error("a signing key could not be made, check the operating system's random source")]
    Generate,
    /// Not PEM.
    #[error("the signing key is not pem, expected one block `{PEM_TAG}`")]
    Pem(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// PEM of something else, often a SEC 1 key or a certificate.
    #[error("the pem block is not `{PEM_TAG}`, convert the key to pkcs#8")]
    PemTag,
    /// Not a P-256 private key in PKCS#8.
    #[error("the signing key is not a p-256 private key in pkcs#8")]
    Pkcs8,
    /// The key could not be written as PKCS#8.
    #[error("the signing key could not be encoded")]
    Encode,
}

/// The name of a key in a token's `kid`: its RFC 7638 thumbprint (SHA-256, base64url), so that two servers
/// holding the same key agree on it without a word.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// A private key that signs registry tokens. `Debug` shows its id only.
///
/// Keeping it is the embedder's business: write [`to_pem`](Self::to_pem) to a file nobody else reads.
#[derive(Clone)]
pub struct SigningKey {
    id: KeyId,
    pkcs8: EncodingKey,
    public: VerifyingKey,
}

/// The public half, with its id.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    pub(super) id: KeyId,
    pub(super) key: DecodingKey,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generate`] when the machine has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Generate)?;
        Self::from_pair(&pair)
    }

    /// Reads a key in PKCS#8 DER.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pkcs8`] for anything but a P-256 private key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| KeyError::Pkcs8)?;
        Self::from_pair(&pair)
    }

    /// Reads a key from one PEM block `PRIVATE KEY` (RFC 7468).
    ///
    /// # Errors
    ///
    /// [`KeyError`] saying which layer was wrong.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_PEM {
            return Err(KeyError::Pem("longer than any key".into()));
        }
        let block = pem::parse(text).map_err(|error| KeyError::Pem(Box::new(error)))?;
        if block.tag() != PEM_TAG {
            return Err(KeyError::PemTag);
        }
        Self::from_pkcs8(&zeroize::Zeroizing::new(block.into_contents()))
    }

    /// The key as PEM, for [`from_pem`](Self::from_pem).
    pub fn to_pem(&self) -> Secret {
        let block = pem::Pem::new(PEM_TAG, self.pkcs8.as_bytes());
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        Secret::new(pem::encode_config(&block, config))
    }

    /// The key's name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn private(&self) -> &EncodingKey {
        &self.pkcs8
    }

    pub(super) fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// The uncompressed public point, what an attacker can always learn.
    #[cfg(test)]
    pub(super) fn public_point(&self) -> Vec<u8> {
        self.public.key.try_get_as_bytes().unwrap().to_vec()
    }

    fn from_pair(pair: &EcdsaKeyPair) -> Result<Self, KeyError> {
        let point = pair.public_key().as_ref();
        let id = thumbprint(point).ok_or(KeyError::Encode)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::Encode)?;
        let key = DecodingKey::from_ec_der(point);
        let public = VerifyingKey {
            id: id.clone(),
            key,
        };
        Ok(Self {
            id,
            pkcs8: EncodingKey::from_ec_der(pkcs8.as_ref()),
            public,
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// RFC 7638 section 3: SHA-256 over the required members in lexical order, no white space.
fn thumbprint(point: &[u8]) -> Option<KeyId> {
    if point.len() != UNCOMPRESSED_POINT || point.first() != Some(&4) {
        return None;
    }
    let (x, y) = point.get(1..)?.split_at_checked(32)?;
    let jwk = format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(x),
        URL_SAFE_NO_PAD.encode(y)
    );
    Some(KeyId(
        URL_SAFE_NO_PAD
            .encode(Sha256::digest(jwk.as_bytes()))
            .into(),
    ))
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
