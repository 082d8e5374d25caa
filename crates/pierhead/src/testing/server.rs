//! The thread that serves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::future::{Either, select};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pierhead_registry::Peer;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tower_service::Service as _;

use crate::Pierhead;

/// How long the thread may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A thread with a runtime of its own. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) at: SocketAddr,
    /// The runtime's, for what is to run beside the serving.
    pub(super) runtime: Handle,
    /// Dropped to say that it is over.
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<()>,
}

impl Server {
    pub(super) fn start(pierhead: Pierhead) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _within = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = mpsc::channel::<()>();
        thread::Builder::new()
            .name("pierhead-testing".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let accepting = Box::pin(accept(&listener, &pierhead));
                    if let Either::Left(_) = select(stopped, accepting).await {
                        drop(pierhead.close().await);
                    }
                });
                drop(listener);
                runtime.shutdown_timeout(PATIENCE);
                // The stores are let go before it is told: who waited opens them again at once.
                drop(pierhead);
                drop(tell);
            })?;
        Ok(Self {
            at,
            runtime: handle,
            stop: Some(stop),
            ended,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Answered by the thread's end, which drops the sender.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// Never ends.
async fn accept(listener: &tokio::net::TcpListener, pierhead: &Pierhead) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let registry = pierhead.service();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer::at(peer.ip()));
            registry.clone().call(request)
        });
        let mut http = http1::Builder::new();
        let connection = http.timer(TokioTimer::new());
        // What breaks on the way is the client's to see.
        let connection = connection.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { drop(connection.await) });
    }
}
