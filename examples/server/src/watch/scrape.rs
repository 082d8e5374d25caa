//! Whoever collects the figures: a listener of its own, so that they are seen only where it is
//! bound to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::machine::Machine;
use super::{Watch, sheet};
use crate::data_dir::Layout;
use crate::failure::Failure;
use crate::net::listen;

/// Who may ask at a time; the longest at it gives way. There is one Prometheus, or two.
const MOST: usize = 8;

/// How long one may take, from its connection to the page's last byte.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long looking at the disk may take before the page is given without what is seen there.
const DISK: Duration = Duration::from_secs(5);

/// The most of a request's header that is read, in bytes.
const HEADER: usize = 16 * 1024;

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is told, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Scrape {
    watch: Arc<Watch>,
    data: Layout,
    /// Where messages wait, if any are sent.
    mail: Option<PathBuf>,
    /// One look at the disk at a time: on a disk that hangs, others go without.
    looks: Arc<Semaphore>,
}

impl Scrape {
    /// Of this process, and of the disk with its data. `mail` is where messages wait.
    pub(crate) fn new(watch: Arc<Watch>, data: Layout, mail: Option<PathBuf>) -> Self {
        Self {
            watch,
            data,
            mail,
            looks: Arc::new(Semaphore::new(1)),
        }
    }

    /// Listens at an address.
    ///
    /// # Errors
    /// When that is not to be had.
    pub(crate) fn listen(at: SocketAddr) -> Result<TcpListener, Failure> {
        let listener = listen::bind(at).and_then(|socket| socket.listen(listen::BACKLOG));
        let listener = listener.map_err(|error| {
            Failure::because(
                format!("figures cannot be given at {at}; name another address in metrics.listen"),
                &error,
            )
        })?;
        if !at.ip().to_canonical().is_loopback() {
            tracing::warn!(
                "whoever reaches {at} reads the server's figures; let a firewall keep others out, \
                 or set metrics.listen to 127.0.0.1"
            );
        }
        Ok(listener)
    }

    /// Answers whoever comes, for ever; for ever nobody without a listener.
    pub(crate) async fn serve(&self, listener: Option<TcpListener>) {
        let Some(listener) = listener else {
            return std::future::pending().await;
        };
        let mut under_way: VecDeque<AbortHandle> = VecDeque::with_capacity(MOST);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    under_way.retain(|answer| !answer.is_finished());
                    // Whoever only holds a connection keeps nobody out.
                    if under_way.len() == MOST
                        && let Some(oldest) = under_way.pop_front()
                    {
                        oldest.abort();
                    }
                    let answered = tokio::time::timeout(PATIENCE, self.clone().answer(stream));
                    under_way.push_back(tokio::spawn(answered).abort_handle());
                }
                Err(error) => {
                    tracing::warn!("a connection for metrics was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// One request and its answer; the connection ends with it.
    async fn answer(self, stream: TcpStream) {
        let service = service_fn(|request: Request<Incoming>| {
            let scrape = self.clone();
            async move { Ok::<_, Infallible>(scrape.page(&request).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(HEADER)
            .keep_alive(false);
        let served = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = served.await {
            tracing::debug!("a connection for metrics ended: {error}");
        }
    }

    async fn page(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/metrics" {
            return said(StatusCode::NOT_FOUND, "there is only /metrics here\n");
        }
        if request.method() != Method::GET {
            let mut answer = said(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET is answered here\n",
            );
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET"));
            return answer;
        }
        let Ok(page) = sheet::page(&self.watch, self.look().await) else {
            return said(
                StatusCode::INTERNAL_SERVER_ERROR,
                "no page could be written\n",
            );
        };
        let mut answer = Response::new(page.into());
        let format = HeaderValue::from_static(FORMAT);
        answer.headers_mut().insert(CONTENT_TYPE, format);
        answer
    }

    /// What is seen of the machine in time.
    async fn look(&self) -> Option<Machine> {
        let turn = Arc::clone(&self.looks).acquire_owned();
        let look = async {
            let turn = turn.await.ok()?;
            let (data, mail) = (self.data.clone(), self.mail.clone());
            let seen = tokio::task::spawn_blocking(move || {
                let seen = Machine::look(&data, mail.as_deref());
                drop(turn);
                seen
            });
            seen.await.ok()
        };
        tokio::time::timeout(DISK, look).await.ok().flatten()
    }
}

fn said(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn whoever_says_nothing_keeps_nobody_out() {
        let folder = tempfile::tempdir().expect("a scratch directory");
        let data = Layout::of(folder.path());
        let scrape = Scrape::new(Arc::new(Watch::new()), data, None);
        let listener = Scrape::listen(([127, 0, 0, 1], 0).into()).expect("a port");
        let at = listener.local_addr().expect("it is bound");
        let asked = async {
            let mut silent = Vec::new();
            for _ in 0..3 * MOST {
                silent.push(TcpStream::connect(at).await.expect("it listens"));
            }
            let mut client = TcpStream::connect(at).await.expect("it listens");
            let request = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
            client.write_all(request).await.expect("it reads");
            let mut page = String::new();
            client.read_to_string(&mut page).await.expect("a page");
            page
        };
        let page = tokio::select! {
            () = scrape.serve(Some(listener)) => String::new(),
            page = tokio::time::timeout(PATIENCE / 2, asked) => page.expect("in time"),
        };
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    }
}
