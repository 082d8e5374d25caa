//! The token endpoint: `GET` with `Basic` credentials, and `POST` of a form.
//! <https://distribution.github.io/distribution/spec/auth/token/>

use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use pierhead_model::{ErrorCode, TokenScope, rfc3339};
use pierhead_registry::{
    Credentials, GrantType, IssuedToken, Secret, TokenIssuer, TokenRefusal, TokenRequest,
};
use serde::Serialize;

use crate::body::{RequestBody, ResponseBody};
use crate::challenge::{Shown, basic_challenge, peer};
use crate::error::Failure;
use crate::operation::refuse_encoding;
use crate::options::HttpOptions;
use crate::query::Query;

/// The longest form that is read, in bytes.
const MAX_FORM: usize = 64 * 1024;

/// How long it may take to arrive. It is short, and whoever sends it has not signed in yet.
const FORM_TIME: Duration = Duration::from_secs(10);

/// How many scopes one request may ask for.
const MAX_SCOPES: usize = 32;

/// Answers a request at the token endpoint. Whatever it says is not to be stored.
pub(crate) async fn respond(
    issuer: &dyn TokenIssuer,
    options: &HttpOptions,
    parts: &Parts,
    body: &mut RequestBody,
) -> Response<ResponseBody> {
    let mut response = match issue(issuer, options, parts, body).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn issue(
    issuer: &dyn TokenIssuer,
    options: &HttpOptions,
    parts: &Parts,
    body: &mut RequestBody,
) -> Result<Response<ResponseBody>, Failure> {
    let request = match parts.method {
        Method::GET => by_query(options, parts)?,
        Method::POST => {
            refuse_encoding(&parts.headers)?;
            by_form(options, parts, &form(options, parts, body).await?)?
        }
        _ => return Err(Failure::not_allowed(&[Method::GET, Method::POST])),
    };
    let grant = request.grant;
    match issuer.issue(request).await {
        Ok(token) => Ok(granted(&token)),
        Err(TokenRefusal::Credentials) => Err(match grant {
            GrantType::RefreshToken => unauthorized(
                options,
                "the refresh token is not good any more; sign in again",
            ),
            _ => wrong_credentials(options),
        }),
        Err(TokenRefusal::Request(message)) => Err(unfit(message)),
        Err(TokenRefusal::TooMany { retry_after }) => Err(Failure::too_many_requests(retry_after)),
        Err(TokenRefusal::Unavailable(source)) => Err(Failure::unavailable().because(source)),
        Err(other) => Err(Failure::unavailable().because(Arc::new(other))),
    }
}

/// `GET`: everything in the query, and who asks in `Authorization`.
fn by_query(options: &HttpOptions, parts: &Parts) -> Result<TokenRequest, Failure> {
    let query = Query::parse(parts.uri.query().unwrap_or_default())?;
    let credentials = match Shown::by(parts) {
        // A registry token does not buy another one.
        Shown::Unreadable | Shown::Credentials(Credentials::Bearer(_)) => {
            return Err(wrong_credentials(options));
        }
        Shown::Credentials(credentials) => credentials,
    };
    let offline = flag(&query, "offline_token")?;
    request(parts, &query, credentials, GrantType::Password, offline)
}

/// `POST`: everything in the form.
fn by_form(options: &HttpOptions, parts: &Parts, form: &Query) -> Result<TokenRequest, Failure> {
    let (credentials, grant) = match form.one("grant_type")? {
        Some("password") => {
            let username = required(form, "username")?.to_owned();
            let password = Secret::new(required(form, "password")?);
            (
                Credentials::Basic { username, password },
                GrantType::Password,
            )
        }
        Some("refresh_token") => {
            let token = Secret::new(required(form, "refresh_token")?);
            (Credentials::Bearer(token), GrantType::RefreshToken)
        }
        _ => return Err(unfit("`grant_type` must be `password` or `refresh_token`")),
    };
    let credentials = match Shown::by(parts) {
        Shown::Credentials(vouched @ Credentials::Vouched(_)) => vouched,
        Shown::Unreadable => return Err(wrong_credentials(options)),
        Shown::Credentials(_) => credentials,
    };
    let offline = form.one("access_type")? == Some("offline") || flag(form, "offline_token")?;
    request(parts, form, credentials, grant, offline)
}

async fn form(
    options: &HttpOptions,
    parts: &Parts,
    body: &mut RequestBody,
) -> Result<Query, Failure> {
    let kind = parts
        .headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let kind = kind
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if !kind.is_empty() && !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::Unsupported,
            "send the form as `application/x-www-form-urlencoded`",
        ));
    }
    let bytes = body
        .collect(MAX_FORM, FORM_TIME.min(options.document_timeout()))
        .await
        .map_err(|error| Failure::of_body(&error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unfit("the form must be UTF-8"))?;
    Query::parse(text.trim_end_matches(['\r', '\n']))
}

fn request(
    parts: &Parts,
    query: &Query,
    credentials: Credentials,
    grant: GrantType,
    offline: bool,
) -> Result<TokenRequest, Failure> {
    Ok(TokenRequest {
        credentials,
        grant,
        from: peer(parts),
        service: query
            .one("service")?
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        scopes: scopes(query)?,
        offline,
    })
}

/// The scopes, which clients repeat or join by spaces, in their order.
fn scopes(query: &Query) -> Result<Vec<TokenScope>, Failure> {
    let mut scopes = Vec::new();
    for text in query.all("scope").flat_map(|joined| joined.split(' ')) {
        if text.is_empty() {
            continue;
        }
        if scopes.len() == MAX_SCOPES {
            return Err(unfit(format!(
                "at most {MAX_SCOPES} scopes can be asked for at once"
            )));
        }
        scopes.push(TokenScope::parse(text).map_err(|error| unfit(error.to_string()))?);
    }
    Ok(scopes)
}

fn flag(query: &Query, key: &'static str) -> Result<bool, Failure> {
    Ok(matches!(query.one(key)?, Some("true" | "1")))
}

fn required<'a>(form: &'a Query, key: &'static str) -> Result<&'a str, Failure> {
    form.one(key)?
        .ok_or_else(|| unfit(format!("the field `{key}` is required")))
}

fn unfit(message: impl Into<String>) -> Failure {
    Failure::malformed(ErrorCode::Unsupported, message)
}

fn wrong_credentials(options: &HttpOptions) -> Failure {
    unauthorized(options, "the user name or password is not right")
}

fn unauthorized(options: &HttpOptions, message: &'static str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, message)
        .with_text(WWW_AUTHENTICATE, &basic_challenge(options.service()))
}

/// The reply. The token stands there twice: older clients read `token`, newer ones
/// `access_token`.
#[derive(Serialize)]
struct Reply<'a> {
    token: &'a str,
    access_token: &'a str,
    expires_in: u64,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

fn granted(issued: &IssuedToken) -> Response<ResponseBody> {
    let reply = Reply {
        token: &issued.token,
        access_token: &issued.token,
        expires_in: issued.expires_in.as_secs(),
        issued_at: rfc3339(issued.issued_at),
        refresh_token: issued.refresh_token.as_deref(),
    };
    // Texts and numbers can always be written.
    let text = serde_json::to_string(&reply).unwrap_or_default();
    let length = text.len();
    let mut response = Response::new(ResponseBody::full(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, length.into());
    response
}
