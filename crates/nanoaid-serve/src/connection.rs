//! Connections: the port, one task a client, and how long a slow one is waited for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::options::{DEFAULT_PORT, FURTHER_PORTS, ServeError, ServeOptions};

/// Clients that are connected at once; others wait.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take to say what it wants.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);
/// How often it is asked whether to stop.
const STOP_EVERY: Duration = Duration::from_millis(150);
/// How long work may take to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Takes the port.
pub(crate) async fn listen(options: &ServeOptions) -> Result<TcpListener, ServeError> {
    let host = options.host;
    let ports = match options.port {
        Some(port) => port..=port,
        None => DEFAULT_PORT..=DEFAULT_PORT + FURTHER_PORTS,
    };
    for port in ports.clone() {
        match TcpListener::bind(SocketAddr::new(host, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(ServeError::Listen { host, port, source }),
        }
    }
    Err(ServeError::PortInUse { port: *ports.start() })
}

/// Answers until `stop` says so.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Fn() -> bool) {
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut asked = interval(STOP_EVERY);
    asked.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let connected = tokio::select! {
            _ = asked.tick() => {
                if stop() {
                    return;
                }
                continue;
            }
            connected = listener.accept() => connected,
        };
        let Ok((stream, _)) = connected else {
            // too many open files: wait until some are closed
            sleep(STOP_EVERY).await;
            continue;
        };
        // small answers leave at once
        let _ = stream.set_nodelay(true);
        // a connection beyond the limit is closed, so that one that is stuck cannot keep this loop
        let Ok(place) = Arc::clone(&free).try_acquire_owned() else { continue };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_WITHIN)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            // a client that went away needs no answer
            drop(served);
            drop(place);
        });
    }
}
