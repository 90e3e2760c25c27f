//! A server of a test, and a client that sends exactly the bytes it is told.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nanoaid_serve::{ServeOptions, Server};
use serde_json::Value;

/// A server that ends with the test.
pub(crate) struct Running {
    pub(crate) port: u16,
    pub(crate) token: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The value of a header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

impl Running {
    pub(crate) fn start(options: ServeOptions) -> Self {
        let server = Server::bind(ServeOptions { port: Some(0), ..options }).unwrap();
        let (port, address) = (server.port(), server.address());
        let token = address.split_once("token=").map_or_else(String::new, |(_, token)| token.to_owned());
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&stop);
        let thread = std::thread::spawn(move || server.run(move || heard.load(Ordering::Relaxed)).unwrap());
        Self { port, token, stop, thread: Some(thread) }
    }

    pub(crate) fn default() -> Self {
        Self::start(ServeOptions::default())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        stream
    }

    /// Sends `bytes` as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // a server that has heard enough may close before all is sent
        let _ = stream.write_all(bytes);
        reply(&mut stream)
    }

    /// A request of the page itself.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        let (port, token) = (self.port, &self.token);
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\nCookie: nanoaid-{port}={token}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, b"")
    }

    /// Drops files: the image first.
    pub(crate) fn drop_files(&self, files: &[(&str, &[u8])]) -> Reply {
        self.ask("POST", "/api/images", &upload(files))
    }

    /// The hash of a built-in specimen that is opened.
    pub(crate) fn specimen(&self, name: &str) -> String {
        let reply = self.ask("POST", &format!("/api/examples/{name}"), b"{}");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server has panicked");
        }
    }
}

/// The body of an upload.
pub(crate) fn upload(files: &[(&str, &[u8])]) -> Vec<u8> {
    let list: Vec<Value> =
        files.iter().map(|(name, bytes)| serde_json::json!({ "name": name, "size": bytes.len() })).collect();
    let list = serde_json::to_vec(&list).unwrap();
    let mut body = (list.len() as u32).to_le_bytes().to_vec();
    body.extend(list);
    files.iter().for_each(|(_, bytes)| body.extend_from_slice(bytes));
    body
}

/// All that comes until the server closes.
pub(crate) fn reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // a connection that is reset after an answer has given it
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

/// A grey PNG with something on it.
pub(crate) fn png(height: usize, width: usize) -> Vec<u8> {
    let plane = micrograph::Plane::from_fn(height, width, |y, x| {
        ((x / 6 + y / 9) % 2) as f32 * 0.6 + 0.01 * ((x * y) % 7) as f32
    });
    micrograph::paint::gray_png(&plane, 0.0, 1.0)
}
