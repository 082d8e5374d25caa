//! Everything that was told, by the command line and by files, as one value without contradictions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pierhead::http::HttpOptions;

use crate::cli::Told;
use crate::config::{Config, Registration};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::net::access::Desk;
use crate::net::forwarded::Proxies;
use crate::net::request_id::RequestIds;
use crate::net::tls::{PairFiles, Tls};
use crate::provision::Provisioning;
use crate::watch::Watch;

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);
pub(crate) const DATA: &str = "pierhead-data";
const DRAIN: Duration = Duration::from_secs(30);
const TOKEN_LIFE: Duration = Duration::from_secs(900);

/// What to do.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Under which URLs clients come; empty on loopback only.
    pub(crate) public_urls: Vec<String>,
    /// Where to keep everything.
    pub(crate) data: PathBuf,
    /// What must be there.
    pub(crate) provisioning: Option<Provisioning>,
    /// How long to wait for requests under way when stopping.
    pub(crate) drain: Duration,
    /// How long a registry token is good.
    pub(crate) token_life: Duration,
    /// Everything else that the configuration file can say.
    pub(crate) config: Config,
}

impl Settings {
    /// Reads the files that the command line names, and starts to log as they say.
    ///
    /// # Errors
    /// The first thing that is wrong. Nothing has been made or changed.
    pub(crate) fn gather(told: Told) -> Result<Self, Failure> {
        let mut config = match &told.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        crate::log::start(config.log);
        let listen = told
            .listen
            .or(config.listen.map(|at| at.0))
            .unwrap_or(LISTEN);
        let named = std::mem::take(&mut config.public_urls);
        let public_urls = if told.public_urls.is_empty() {
            named
        } else {
            told.public_urls
        };
        check_public_urls(listen, &public_urls, config.tls.is_some())?;
        if listen.port() != 0 && config.metrics.is_some_and(|it| it.listen.0 == listen) {
            return Err(Failure::told(format!(
                "`listen` and `metrics.listen` are both {listen}; give the figures another port"
            )));
        }
        if behind_a_proxy(listen, &public_urls, &config) && config.trusted_proxies.is_empty() {
            tracing::warn!(
                "every client counts as the one proxy, so that wrong passwords of one lock out all; \
                 name the proxy's address, such as trusted_proxies = [\"127.0.0.1\"]"
            );
        }
        let provisioning = match told.provision.or_else(|| config.provision.take()) {
            Some(path) => Some(Provisioning::read(&path)?),
            None => None,
        };
        let settings = Self {
            listen,
            public_urls,
            data: told
                .data
                .or_else(|| config.data.take())
                .unwrap_or_else(|| DATA.into()),
            provisioning,
            drain: config.drain.map_or(DRAIN, |span| span.0),
            token_life: config.token_life.map_or(TOKEN_LIFE, |span| span.0),
            config,
        };
        // Whatever they refuse is told before anything is made.
        settings.http(listen)?;
        Ok(settings)
    }

    /// Scheme, host and port that clients are told, when listening on this address.
    pub(crate) fn url(&self, at: SocketAddr) -> String {
        match self.public_urls.first() {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("{}://{at}", self.scheme()),
        }
    }

    fn scheme(&self) -> &'static str {
        match self.config.tls {
            Some(_) => "https",
            None => "http",
        }
    }

    /// What connections are secured with, if they are.
    ///
    /// # Errors
    /// When the certificate or its key cannot be used.
    pub(crate) fn tls(&self, watch: &Arc<Watch>) -> Result<Option<Arc<Tls>>, Failure> {
        let Some(tls) = &self.config.tls else {
            return Ok(None);
        };
        let files = PairFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
        };
        let own = vec![self.url(self.listen)];
        let urls = if self.public_urls.is_empty() {
            &own
        } else {
            &self.public_urls
        };
        let secured = urls.iter().filter(|url| url.starts_with("https://"));
        let names = secured.map(|url| name_of(host_of(url)).to_owned());
        Tls::open(files, names.collect(), Arc::clone(watch)).map(Some)
    }

    /// Where messages wait to be carried, if any are sent.
    pub(crate) fn mail(&self, data: &DataDir) -> Option<PathBuf> {
        let mail = self.config.mail.as_ref()?;
        Some(mail.directory.clone().unwrap_or_else(|| data.mail()))
    }

    /// What is done with every request.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn desk(&self, watch: Arc<Watch>) -> Result<Desk, Failure> {
        let ids = RequestIds::new()
            .map_err(|error| Failure::because("the system has no random numbers", &error))?;
        Ok(Desk {
            watch,
            proxies: Proxies::new(self.config.trusted_proxies.clone()),
            ids,
            log_requests: self.config.log.requests,
        })
    }

    /// Host and port of every public URL.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let urls = self.public_urls.iter();
        urls.map(|url| host_of(url.trim_end_matches('/')).to_owned())
            .collect()
    }

    /// Who makes accounts for themselves: anybody, unless others than this machine's can be there.
    pub(crate) fn registration(&self) -> Registration {
        let here = self.listen.ip().to_canonical().is_loopback()
            && self.public_urls.iter().all(|url| is_here(url))
            && self.config.trusted_proxies.is_empty();
        self.config.registration.unwrap_or(if here {
            Registration::Open
        } else {
            Registration::Invitation
        })
    }

    /// What the registry calls itself in tokens.
    pub(crate) fn service(&self, at: SocketAddr) -> String {
        match &self.config.service {
            Some(service) => service.clone(),
            None => host_of(&self.url(at)).to_owned(),
        }
    }

    /// How the protocol is spoken.
    ///
    /// # Errors
    /// When a public URL or the service's name cannot be used.
    pub(crate) fn http(&self, at: SocketAddr) -> Result<HttpOptions, Failure> {
        let refused = |error: pierhead::http::OptionsError| Failure::told(error.to_string());
        let mut options = HttpOptions::default()
            .with_service(&self.service(at))
            .and_then(|options| options.with_fallback_url(&format!("{}://{at}", self.scheme())))
            .map_err(refused)?
            .with_idle_timeout(self.config.limits.body_idle_timeout.0)
            .with_denied_hint(
                "you may not do this here, or there is no such repository; names here are \
                 `<project id>/<name>`, such as `syn101/alpine`",
            );
        for url in &self.public_urls {
            options = options.with_public_url(url).map_err(refused)?;
        }
        Ok(options)
    }
}

/// Whether something else must bring clients here: nobody but this machine reaches where it listens,
/// and others are told to come.
fn behind_a_proxy(listen: SocketAddr, urls: &[String], config: &Config) -> bool {
    let others = urls.iter().any(|url| !is_here(url));
    listen.ip().to_canonical().is_loopback() && others && config.tls.is_none()
}

/// Host and port of a URL.
pub(crate) fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    let host = host.trim_end_matches('/');
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a URL means this machine whoever reads it.
fn is_here(url: &str) -> bool {
    let host = host_of(url);
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name)
            .is_some_and(|rest| rest.trim_end_matches('/').is_empty() || rest.starts_with(':'))
    })
}

/// Clients are sent from one request to the next by URL, so whoever can be reached from elsewhere
/// must be told its own.
fn check_public_urls(listen: SocketAddr, urls: &[String], tls: bool) -> Result<(), Failure> {
    if urls.is_empty() && !listen.ip().to_canonical().is_loopback() {
        return Err(Failure::told(format!(
            "{listen} can be reached from other machines, and clients there must be told where to \
             sign in; type `--listen {listen} --public-url https://registry.example.org` with your \
             own name for it"
        )));
    }
    for url in urls {
        if url.starts_with("http://") && tls {
            tracing::warn!("{url} does not lead here, where TLS is spoken; write https://");
        } else if url.starts_with("http://") && !is_here(url) {
            tracing::warn!(
                "passwords and tokens cross the network in the clear under {url}; give the server a \
                 certificate ([tls]), or put a reverse proxy with TLS in front"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(listen: &str, urls: &[&str]) -> Result<Settings, String> {
        Settings::gather(Told {
            listen: Some(listen.parse().expect("an address")),
            public_urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            ..Told::default()
        })
        .map_err(|failure| failure.to_string())
    }

    #[test]
    fn beyond_loopback_a_public_url_must_be_told() {
        for listen in [
            "127.0.0.1:5000",
            "[::1]:5000",
            "127.1.2.3:80",
            "[::ffff:127.0.0.1]:5000",
        ] {
            assert!(gather(listen, &[]).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:5000", "[::]:5000", "192.0.2.1:5000"] {
            let error = gather(listen, &[]).expect_err(listen);
            let line =
                format!("type `--listen {listen} --public-url https://registry.example.org`");
            assert!(error.contains(&line), "{error}");
            assert!(
                gather(listen, &["https://registry.example.org"]).is_ok(),
                "{listen}"
            );
        }
    }

    #[test]
    fn the_figures_have_a_port_of_their_own() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("c.toml");
        let text = "[metrics]\nlisten = \"127.0.0.1:9100\"\n";
        std::fs::write(&path, text).expect("a scratch file");
        for (listen, good) in [("127.0.0.1:9100", false), ("127.0.0.1:9101", true)] {
            let told = Told {
                config: Some(path.clone()),
                listen: Some(listen.parse().expect("an address")),
                ..Told::default()
            };
            let gathered = Settings::gather(told).map_err(|failure| failure.to_string());
            assert_eq!(gathered.is_ok(), good, "{listen}");
            assert!(good || gathered.is_err_and(|error| error.contains("another port")));
        }
    }

    #[test]
    fn the_service_is_the_first_public_host_else_the_address() {
        let at = "127.0.0.1:5000".parse().expect("an address");
        for (urls, service, url) in [
            (&[][..], "127.0.0.1:5000", "http://127.0.0.1:5000"),
            (
                &["https://a.example.org/", "http://b:1"],
                "a.example.org",
                "https://a.example.org",
            ),
            (&["http://b:1"], "b:1", "http://b:1"),
        ] {
            let settings = gather("127.0.0.1:5000", urls).expect("good settings");
            assert_eq!(settings.service(at), service);
            assert_eq!(settings.url(at), url);
        }
    }

    #[test]
    fn anybody_registers_only_where_nobody_else_can_be() {
        use Registration as R;
        for (listen, urls, expected) in [
            ("127.0.0.1:5000", &[][..], R::Open),
            ("[::1]:5000", &["http://localhost:5000"], R::Open),
            ("127.0.0.1:5000", &["https://localhost/"], R::Open),
            // A proxy on this machine brings everybody.
            (
                "127.0.0.1:5000",
                &["https://registry.example.org"],
                R::Invitation,
            ),
            (
                "127.0.0.1:5000",
                &["http://localhost:5000", "https://localhost.example.org"],
                R::Invitation,
            ),
            ("0.0.0.0:5000", &["http://localhost:5000"], R::Invitation),
        ] {
            let mut settings = gather(listen, urls).expect("good settings");
            assert_eq!(settings.registration(), expected, "{listen} {urls:?}");
            // Nobody names a proxy that brings nobody.
            settings.config.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
            assert_eq!(settings.registration(), R::Invitation, "{listen} {urls:?}");
            for told in [R::Open, R::Invitation, R::Closed] {
                settings.config.registration = Some(told);
                assert_eq!(settings.registration(), told);
            }
        }
    }

    #[test]
    fn a_public_url_is_scheme_host_and_port() {
        for url in [
            "registry.example.org",
            "ftp://a",
            "https://a/v2",
            "https://u@a",
            "https://",
        ] {
            let error = gather("127.0.0.1:5000", &[url]).expect_err(url);
            assert!(
                error.contains("is no public URL; write it as"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("c.toml");
        let text = "listen = \"127.0.0.1:1\"\ndata = \"d\"\ndrain = \"1s\"\n\
                    public_urls = [\"https://file.example.org\"]";
        std::fs::write(&path, text).expect("a scratch file");
        let told = Told {
            config: Some(path),
            ..Told::default()
        };
        let from_file = Settings::gather(told.clone()).expect("good settings");
        assert_eq!(from_file.listen.port(), 1);
        assert_eq!(from_file.data, scratch.path().join("d"));
        assert_eq!(from_file.public_urls, ["https://file.example.org"]);
        assert_eq!(from_file.drain, Duration::from_secs(1));
        let told = Told {
            listen: Some("127.0.0.1:2".parse().expect("an address")),
            data: Some("e".into()),
            public_urls: vec!["https://line.example.org".into()],
            ..told
        };
        let from_line = Settings::gather(told).expect("good settings");
        assert_eq!(from_line.listen.port(), 2);
        assert_eq!(from_line.data, PathBuf::from("e"));
        assert_eq!(from_line.public_urls, ["https://line.example.org"]);
    }
}
