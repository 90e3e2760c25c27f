//! An HTTP server on loopback that answers as a test wants, right or wrong.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// First byte, and last one if it was named.
    pub(crate) range: Option<(usize, Option<usize>)>,
}

/// What is sent, byte for byte; then the connection is closed.
pub(crate) type Reply = Vec<u8>;

pub(crate) struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request by `reply`, which gets the number of requests before it. Asked as a
    /// proxy, it leads to itself.
    pub(crate) fn new(reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (requests, reply) = (Arc::clone(&seen), Arc::new(reply));
        // all threads end with the process
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let (requests, reply) = (Arc::clone(&requests), Arc::clone(&reply));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    while let Some(request) = read_request(&mut reader) {
                        let n_before = {
                            let mut requests = requests.lock().unwrap();
                            requests.push(request.clone());
                            requests.len() - 1
                        };
                        if request.path.starts_with("CONNECT ") {
                            (&stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                            continue;
                        }
                        // a client that has seen enough goes away
                        let _ = (&stream).write_all(&reply(&request, n_before));
                        return;
                    }
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The ranges of all requests so far.
    pub(crate) fn ranges(&self) -> Vec<Option<(usize, Option<usize>)>> {
        self.seen().into_iter().map(|request| request.range).collect()
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = reader.lines();
    let first = lines.next()?.ok()?;
    let path = first.strip_suffix(" HTTP/1.1")?;
    let path = path.strip_prefix("GET ").unwrap_or(path).to_owned();
    let mut range = None;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(Request { path, range });
        }
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            let (first, last) = text.split_once('-')?;
            range = Some((first.parse().ok()?, last.parse().ok()));
        }
    }
    None
}

/// A head with `status` and `headers`, and `body`.
pub(crate) fn reply(status: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for header in headers {
        head += header;
        head += "\r\n";
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// `bytes` as a server sends them that knows ranges, called `tag`.
pub(crate) fn with_ranges(request: &Request, bytes: &[u8], tag: &str) -> Reply {
    let tag = format!("ETag: \"{tag}\"");
    let Some((first, last)) = request.range else {
        return reply("200 OK", &[&length(bytes.len()), &tag], bytes);
    };
    if first >= bytes.len() {
        return reply("416 Range Not Satisfiable", &[&length(0)], b"");
    }
    let end = last.map_or(bytes.len(), |last| (last + 1).min(bytes.len()));
    let range = format!("Content-Range: bytes {first}-{}/{}", end - 1, bytes.len());
    reply("206 Partial Content", &[&length(end - first), &range, &tag], &bytes[first..end])
}

/// `bytes` as a server sends them that knows no ranges.
pub(crate) fn without_ranges(bytes: &[u8], tag: &str) -> Reply {
    reply("200 OK", &[&length(bytes.len()), &format!("ETag: \"{tag}\"")], bytes)
}

/// The head of `reply` and only so many bytes of its body.
pub(crate) fn cut(mut reply: Reply, n_bytes: usize) -> Reply {
    let head = reply.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    reply.truncate(head + n_bytes); // a shorter one stays whole
    reply
}

fn length(n_bytes: usize) -> String {
    format!("Content-Length: {n_bytes}")
}
