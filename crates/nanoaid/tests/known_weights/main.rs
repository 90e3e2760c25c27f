//! Known weights fetched from a server on loopback that drops, lies and changes its mind.

#![expect(clippy::unwrap_used, reason = "a test may fail and say why it skips")]

mod features;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use nanoaid::download::{DownloadConfig, DownloadError, DownloadEvent};
use nanoaid::hash::sha256;
use nanoaid::network::known_weights::{
    Check, FetchConfig, FetchError, Fetched, KnownWeights, Standing, fetch, verify,
};
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;

use server::{Reply, Server, cut, reply, with_ranges, without_ranges};

/// A safetensors file of some 100 kB, more than one read; `mark` makes files different.
fn weights(mark: u8) -> Vec<u8> {
    let data: Vec<u8> = (0..25_000_u32).flat_map(|i| (i as f32 + f32::from(mark)).to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![25_000], &data).unwrap();
    safetensors::serialize([("a", view)], None).unwrap()
}

/// A folder to fetch into, and what was told.
struct Place {
    folder: TempDir,
    events: Vec<DownloadEvent>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), events: vec![] }
    }

    fn fetch(&mut self, known: &KnownWeights) -> Result<Fetched, FetchError> {
        self.fetch_with(known, &FetchConfig::default())
    }

    fn fetch_with(&mut self, known: &KnownWeights, config: &FetchConfig) -> Result<Fetched, FetchError> {
        let download = DownloadConfig {
            most_attempts: 3,
            first_pause: Duration::from_millis(1),
            stall: Duration::from_secs(5),
            ..config.download.clone()
        };
        let config = FetchConfig { download, force: config.force };
        fetch(known, self.folder.path(), &config, &mut |event| {
            self.events.push(event);
            ControlFlow::Continue(())
        })
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn started_over(&self) -> bool {
        self.events.iter().any(|event| matches!(event, DownloadEvent::StartedOver { .. }))
    }
}

/// Weights at `url`; the table holds texts of the program, so these are leaked.
fn known(url: String, bytes: Option<u64>, sha256: Option<String>) -> KnownWeights {
    KnownWeights {
        name: "x",
        architecture: "x",
        url: Some(url.leak()),
        prefix: None,
        bytes,
        sha256: sha256.map(|hash| &*hash.leak()),
        origin: "a test",
        licence: "none",
        preprocess: "none",
    }
}

/// Weights at `server` with the size and hash of `bytes`.
fn known_as(server: &Server, bytes: &[u8]) -> KnownWeights {
    known(server.url("/x"), Some(bytes.len() as u64), Some(sha256(bytes)))
}

#[test]
fn a_file_is_fetched_once_and_found_right_afterwards() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |request, _| with_ranges(request, &file, "v1"));
    let (known, mut place) = (known_as(&server, &bytes), Place::new());
    let fetched = place.fetch(&known).unwrap();
    assert_eq!(fs::read(&fetched.file).unwrap(), bytes);
    assert_eq!((fetched.check, fetched.was_there), (Check::Table, false));
    assert_eq!((fetched.bytes, fetched.sha256), (bytes.len() as u64, sha256(&bytes)));
    assert_eq!(place.names(), ["x.safetensors", "x.safetensors.json"]);
    assert!(place.fetch(&known).unwrap().was_there);
    assert_eq!(server.ranges(), [None]);
    // changed on the disk, it is neither right nor replaced without being asked for
    fs::write(&fetched.file, weights(1)).unwrap();
    assert!(
        matches!(verify(&fetched.file).unwrap().standing, Standing::Different { expected } if expected == sha256(&bytes))
    );
    assert!(matches!(place.fetch(&known), Err(FetchError::OtherFile { .. })));
    let force = FetchConfig { force: true, ..FetchConfig::default() };
    place.fetch_with(&known, &force).unwrap();
    assert_eq!(fs::read(&fetched.file).unwrap(), bytes);
}

#[test]
fn a_dropped_connection_is_continued_where_it_was() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |request, n| {
        let whole = with_ranges(request, &file, "v1");
        if n < 4 { cut(whole, 20_000) } else { whole }
    });
    let mut place = Place::new();
    let fetched = place.fetch(&known_as(&server, &bytes)).unwrap();
    assert_eq!(fs::read(&fetched.file).unwrap(), bytes);
    let starts = [20_000, 40_000, 60_000, 80_000].map(|start| Some((start, None)));
    assert_eq!(server.ranges(), [&[None], &starts[..]].concat());
    assert!(!place.started_over());
}

#[test]
fn a_server_without_ranges_is_asked_for_everything_again() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |_, n| {
        let whole = without_ranges(&file, "v1");
        if n == 0 { cut(whole, 20_000) } else { whole }
    });
    let mut place = Place::new();
    let fetched = place.fetch(&known_as(&server, &bytes)).unwrap();
    assert_eq!(fs::read(&fetched.file).unwrap(), bytes);
    assert!(
        place
            .events
            .contains(&DownloadEvent::StartedOver { reason: "the server does not continue downloads" })
    );
}

#[test]
fn a_part_of_another_file_is_never_continued() {
    // (what the part was called, what the server calls its file then)
    let cases = [("\"v1\"", Some("\"v2\"")), ("\"v1\"", None), ("W/\"v1\"", Some("W/\"v1\""))];
    for (before, after) in cases {
        let (old, new) = (weights(0), weights(1));
        let expected = new.clone();
        let server = Server::new(move |request, n| {
            let tag = if n < 3 { Some(before) } else { after };
            let tag = tag.map_or("X: y".to_owned(), |tag| format!("ETag: {tag}"));
            let whole = with_ranges(request, if n < 3 { &old } else { &new }, "here");
            let whole = replaced(whole, "ETag: \"here\"", &tag);
            if n < 3 { cut(whole, 20_000 - n) } else { whole }
        });
        let (known, mut place) = (known_as(&server, &expected), Place::new());
        // it gives up after three attempts, unless they make progress: then the fourth is the new file
        if place.fetch(&known).is_err() {
            place.fetch(&known).unwrap();
        }
        let found = fs::read(place.folder.path().join("x.safetensors")).unwrap();
        assert!(found == expected && place.started_over(), "{before} {after:?}");
    }
}

fn replaced(reply: Reply, old: &str, new: &str) -> Reply {
    let at = reply.windows(old.len()).position(|part| part == old.as_bytes()).unwrap();
    [&reply[..at], new.as_bytes(), &reply[at + old.len()..]].concat()
}

#[test]
fn wrong_bytes_are_named_and_removed() {
    let (right, wrong) = (weights(0), weights(1));
    let file = wrong.clone();
    let server = Server::new(move |request, _| with_ranges(request, &file, "v1"));
    let mut place = Place::new();
    let error = place.fetch(&known_as(&server, &right)).unwrap_err();
    assert!(matches!(error, FetchError::Download(DownloadError::Hash { .. })), "{error}");
    assert!(
        error.to_string().contains(&sha256(&right)) && error.to_string().contains(&sha256(&wrong)),
        "{error}"
    );
    assert!(place.names().is_empty(), "{:?}", place.names());
}

/// What the server sends, and which error that is.
type Case = (&'static str, fn(&[u8], usize) -> Reply, fn(&FetchError) -> bool);

#[test]
fn lies_about_lengths_and_ranges_end_in_an_error_without_a_file() {
    let cases: [Case; 10] = [
        (
            "another protocol",
            |_, _| b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(),
            |error| matches!(error, FetchError::Download(DownloadError::Talk { .. })),
        ),
        (
            "a length of 2 GiB",
            |bytes, _| reply("200 OK", &["Content-Length: 2147483648"], bytes),
            |error| matches!(error, FetchError::Download(DownloadError::Size { found: 0x8000_0000, .. })),
        ),
        (
            "one byte less than the table says",
            |bytes, _| without_ranges(&bytes[1..], "v1"),
            |error| matches!(error, FetchError::Download(DownloadError::Size { .. })),
        ),
        (
            "more bytes than the table says, without a length",
            |bytes, _| reply("200 OK", &[], &[bytes, b"more"].concat()),
            |error| matches!(error, FetchError::Download(DownloadError::TooLong { .. })),
        ),
        (
            "fewer bytes than the table says, without a length",
            |bytes, _| reply("200 OK", &[], &bytes[..9]),
            |error| matches!(error, FetchError::Download(DownloadError::GaveUp { attempts: 3, .. })),
        ),
        (
            "never more than a few bytes",
            |bytes, _| cut(without_ranges(bytes, "v1"), 9),
            |error| matches!(error, FetchError::Download(DownloadError::GaveUp { attempts: 3, .. })),
        ),
        (
            "another range than was asked for",
            |bytes, n| match n {
                0 => cut(without_ranges(bytes, "v1"), 9),
                _ => reply(
                    "206 Partial Content",
                    &["Content-Range: bytes 10-19/100020", "ETag: \"v1\""],
                    bytes,
                ),
            },
            |error| matches!(error, FetchError::Download(DownloadError::Answer { .. })),
        ),
        (
            "compressed bytes",
            |bytes, _| reply("200 OK", &["Content-Encoding: gzip"], bytes),
            |error| matches!(error, FetchError::Download(DownloadError::Answer { .. })),
        ),
        (
            "nothing at all",
            |_, _| vec![],
            |error| matches!(error, FetchError::Download(DownloadError::GaveUp { .. })),
        ),
        (
            "a redirect to itself",
            |_, _| reply("302 Found", &["Location: /x", "Content-Length: 0"], b""),
            |error| matches!(error, FetchError::Download(DownloadError::Redirects { .. })),
        ),
    ];
    for (name, answer, is_expected) in cases {
        let bytes = weights(0);
        let file = bytes.clone();
        let server = Server::new(move |_, n| answer(&file, n));
        let mut place = Place::new();
        let error = place.fetch(&known_as(&server, &bytes)).unwrap_err();
        assert!(is_expected(&error), "{name}: {error:?}");
        assert!(server.seen().len() <= 9, "{name}: {} requests", server.seen().len());
        assert!(!place.names().iter().any(|name| name == "x.safetensors"), "{name}");
    }
}

#[test]
fn a_redirect_that_tells_the_hash_checks_what_the_table_does_not_know() {
    for is_right in [true, false] {
        let bytes = weights(0);
        let (file, hash) = (bytes.clone(), sha256(if is_right { &bytes[..] } else { b"other" }));
        let server = Server::new(move |request, _| match request.path.as_str() {
            "/x" => reply(
                "302 Found",
                &["Location: /cdn?key=secret", &format!("X-Linked-ETag: \"{hash}\""), "Content-Length: 0"],
                b"",
            ),
            _ => with_ranges(request, &file, "of the other server"),
        });
        let mut place = Place::new();
        match place.fetch(&known(server.url("/x"), None, None)) {
            Ok(fetched) => assert!(is_right && fetched.check == Check::Server),
            Err(error) => assert!(
                !is_right && matches!(error, FetchError::Download(DownloadError::Hash { .. })),
                "{error:?}"
            ),
        }
    }
}

#[test]
fn where_no_hash_is_known_it_is_said_and_kept() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |request, _| with_ranges(request, &file, "v1"));
    let mut place = Place::new();
    let fetched = place.fetch(&known(server.url("/x"), None, None)).unwrap();
    assert_eq!(fetched.check, Check::SizeOnly);
    let standing = || verify(&fetched.file).unwrap().standing;
    assert_eq!(standing(), Standing::AsFetched { check: Check::SizeOnly });
    fs::write(&fetched.file, b"changed").unwrap();
    assert_eq!(standing(), Standing::Different { expected: sha256(&bytes) });
    fs::remove_file(place.folder.path().join("x.safetensors.json")).unwrap();
    assert_eq!(standing(), Standing::Unknown);
}

#[test]
fn a_page_in_place_of_weights_is_refused() {
    for page in ["", "hi", "<html>please log in to use this network, dear guest</html>"] {
        let server = Server::new(move |request, _| match page {
            "" => without_ranges(b"", "v1"),
            _ => with_ranges(request, page.as_bytes(), "v1"),
        });
        let mut place = Place::new();
        let error = place.fetch(&known(server.url("/x"), None, None)).unwrap_err();
        assert!(
            matches!(error, FetchError::Format { .. } | FetchError::Download(DownloadError::Answer { .. })),
            "{page}: {error:?}"
        );
        assert!(place.names().is_empty(), "{page}: {:?}", place.names());
    }
}

#[test]
fn only_failures_that_may_pass_are_tried_again() {
    for (status, n_requests) in [("404 Not Found", 1), ("403 Forbidden", 1), ("503 Busy", 3), ("429 Slow", 3)]
    {
        let server = Server::new(move |_, _| reply(status, &["Content-Length: 0"], b""));
        let mut place = Place::new();
        let error = place.fetch(&known(server.url("/x"), None, None)).unwrap_err();
        assert!(error.to_string().contains(&status[..3]), "{error}");
        assert_eq!(server.seen().len(), n_requests, "{status}");
        assert!(place.names().is_empty(), "{status}: {:?}", place.names());
    }
}

#[test]
fn chunks_are_joined_and_a_missing_last_one_is_noticed() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |_, n| {
        let chunks = file.chunks(30_000);
        let mut body: Vec<u8> = chunks
            .flat_map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())
            .collect();
        if n > 0 {
            body.extend(b"0\r\n\r\n");
        }
        reply("200 OK", &["Transfer-Encoding: chunked"], &body)
    });
    let mut place = Place::new();
    // without a known size, only the last chunk tells that this is all
    let fetched = place.fetch(&known(server.url("/x"), None, None)).unwrap();
    assert_eq!(fs::read(&fetched.file).unwrap(), bytes);
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn two_programs_do_not_write_one_part() {
    let server = Server::new(|_, _| vec![]);
    let mut place = Place::new();
    let other = fs::File::create(place.folder.path().join("x.safetensors.part")).unwrap();
    other.lock().unwrap();
    let error = place.fetch(&known(server.url("/x"), None, None)).unwrap_err();
    assert!(matches!(error, FetchError::Download(DownloadError::Busy { .. })), "{error:?}");
    assert!(server.seen().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let bytes = weights(0);
    let file = bytes.clone();
    let server = Server::new(move |request, _| with_ranges(request, &file, "v1"));
    let mut place = Place::new();
    // a device that is always full
    std::os::unix::fs::symlink("/dev/full", place.folder.path().join("x.safetensors.part")).unwrap();
    let error = place.fetch(&known_as(&server, &bytes)).unwrap_err();
    assert!(matches!(error, FetchError::Download(DownloadError::NoSpace { .. })), "{error:?}");
    assert!(error.to_string().contains("no space"), "{error}");
}

#[test]
fn what_is_published_nowhere_or_at_a_bad_address_is_not_asked_for() {
    let mut place = Place::new();
    let nowhere = KnownWeights { url: None, ..known(String::new(), None, None) };
    assert!(matches!(place.fetch(&nowhere), Err(FetchError::NowhereToFetch { .. })));
    let bad = known("ftp://127.0.0.1/x".to_owned(), None, None);
    assert!(matches!(place.fetch(&bad), Err(FetchError::Download(DownloadError::Address { .. }))));
}

#[test]
fn verified_files_of_the_table_are_recognised() {
    let expected = BTreeMap::from([
        ("efficientnet_lite0.safetensors", "efficientnet_lite0"),
        ("squeezenet_v1_0_deepcompressed.safetensors", "squeezenet_v1_0_deepcompressed"),
    ]);
    for (file, name) in expected {
        let Some(path) = test_support::shared(Path::new("weights").join(file)) else { continue };
        let verdict = verify(&path).unwrap();
        assert_eq!((verdict.standing, verdict.name.as_deref()), (Standing::Known, Some(name)));
    }
}
