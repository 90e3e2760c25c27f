//! A set fetched from a server on loopback that drops, lies and changes its mind.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../known_weights/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nanoaid::data::dataset::fetch::{Check, FetchConfig, FetchError, FetchEvent, FetchReport, fetch, plan};
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::download::{DownloadConfig, DownloadError, DownloadEvent};
use server::{Reply, Request, Server, cut, reply, with_ranges, without_ranges};
use tempfile::TempDir;

/// A small JPEG; `mark` makes it unique.
fn jpeg(mark: u32) -> Vec<u8> {
    let value = |x, y| image::Luma([((x * 7 + y * 13 + x * y * (mark + 3)) % 251) as u8]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_fn(64, 48, value).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// An archive as the set has them: a folder, `n` images in it, a file of another kind.
fn archive(category: &str, digit: u32, n: u32) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8], is_folder: bool| {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if is_folder {
            header.set_entry_type(tar::EntryType::Directory);
        }
        builder.append_data(&mut header, name, bytes).unwrap();
    };
    add(&format!("{category}/"), b"", true);
    for mark in 0..n {
        let mark = mark + 100 * digit;
        add(
            &format!("{category}/L{digit}_{:032x}.jpg", 0x9e37_79b9_u32.wrapping_mul(mark + 1)),
            &jpeg(mark),
            false,
        );
    }
    add(&format!("{category}/readme.txt"), b"hello", false);
    builder.into_inner().unwrap()
}

fn md5(bytes: &[u8]) -> String {
    use md5::Digest;
    md5::Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The two answers of the interface, old and new, and some mixtures.
#[derive(Clone, Copy, Debug)]
enum Form {
    New,
    Old,
    ByName,
}

type Archives = BTreeMap<String, Vec<u8>>;

fn archives() -> Archives {
    BTreeMap::from([
        ("Fibres.tar".to_owned(), archive("Fibres", 9, 12)),
        ("Tips.tar".to_owned(), archive("Tips", 5, 9)),
    ])
}

const RECORD: &str = "/api/records/80df8606fcdb4b2bae1656f0dc6db8ba";

/// Answers to what describes the record; `None` for its archives.
fn described(request: &Request, archives: &Archives, form: Form) -> Option<Reply> {
    let json = |value: serde_json::Value| reply("200 OK", &[], value.to_string().as_bytes());
    let server = "https://b2share.eudat.eu";
    let list = match form {
        Form::New | Form::ByName => format!("{server}{RECORD}/files"),
        Form::Old => format!("{server}/api/files/5fc88ad5"),
    };
    if request.path == RECORD {
        return Some(json(serde_json::json!({
            "metadata": { "title": "100% SEM dataset" }, "links": { "files": list }
        })));
    }
    if !list.ends_with(&request.path) {
        return None;
    }
    let files = archives.iter().map(|(name, bytes)| {
        let links = match form {
            Form::New | Form::ByName => serde_json::json!({
                "self": format!("{server}{RECORD}/files/{name}"),
                "content": format!("{server}{RECORD}/files/{name}/content"),
            }),
            Form::Old => serde_json::json!({ "self": format!("/api/files/5fc88ad5/{name}") }),
        };
        let checksum = format!("md5:{}", md5(bytes));
        serde_json::json!({ "key": name, "size": bytes.len(), "checksum": checksum, "links": links })
    });
    let files: Vec<_> = files.collect();
    Some(json(match form {
        Form::New => serde_json::json!({ "entries": files }),
        Form::Old => serde_json::json!({ "contents": files }),
        Form::ByName => {
            let named: serde_json::Map<_, _> =
                files.into_iter().map(|file| (file["key"].as_str().unwrap().to_owned(), file)).collect();
            serde_json::json!({ "entries": named })
        }
    }))
}

/// The archive that is requested.
fn requested<'a>(request: &Request, archives: &'a Archives) -> Option<&'a [u8]> {
    archives.iter().find(|(name, _)| request.path.contains(name.as_str())).map(|(_, bytes)| &bytes[..])
}

/// A server of `archives`, which `bend` may change: the reply as it should be, and the number of requests of archives.
fn serve(
    archives: Archives,
    form: Form,
    bend: impl Fn(&Request, &[u8], usize) -> Reply + Send + Sync + 'static,
) -> Server {
    let n_archives = std::sync::atomic::AtomicUsize::new(0);
    Server::new(move |request, _| {
        if let Some(reply) = described(request, &archives, form) {
            return reply;
        }
        let Some(bytes) = requested(request, &archives) else {
            return reply("404 Not Found", &["Content-Length: 0"], b"");
        };
        bend(request, bytes, n_archives.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
    })
}

fn right(request: &Request, bytes: &[u8], _n: usize) -> Reply {
    with_ranges(request, bytes, "v1")
}

struct Place {
    folder: TempDir,
    events: Vec<DownloadEvent>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), events: Vec::new() }
    }

    fn to(&self) -> PathBuf {
        self.folder.path().join("nffa")
    }

    fn fetch(&mut self, server: &Server, sample: Option<usize>) -> Result<FetchReport, FetchError> {
        let (to, events) = (self.to(), &mut self.events);
        fetch(&to, &config(server, sample), &mut |event| {
            if let FetchEvent::Download { event, .. } = event {
                events.push(event);
            }
            ControlFlow::Continue(())
        })
    }

    fn started_over(&self) -> bool {
        self.events.iter().any(|event| matches!(event, DownloadEvent::StartedOver { .. }))
    }

    /// Every image in the folder.
    fn images(&self) -> Vec<String> {
        images(&self.to())
    }
}

fn config(server: &Server, sample: Option<usize>) -> FetchConfig {
    let download = DownloadConfig {
        mirror: Some(server.url("")),
        most_attempts: 3,
        first_pause: Duration::from_millis(1),
        stall: Duration::from_secs(5),
        ..DownloadConfig::default()
    };
    FetchConfig { sample, download, ..FetchConfig::default() }
}

fn images(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for category in ["fibres", "tips"] {
        let Ok(entries) = fs::read_dir(folder.join(category)) else { continue };
        found.extend(
            entries.map(|entry| format!("{category}/{}", entry.unwrap().file_name().to_str().unwrap())),
        );
    }
    found.sort();
    found
}

#[test]
fn both_forms_of_the_interface_give_a_folder_that_can_be_trained_on() {
    for form in [Form::New, Form::Old, Form::ByName] {
        let server = serve(archives(), form, right);
        let mut place = Place::new();
        let report = place.fetch(&server, None).unwrap();
        let held: Vec<_> =
            report.archives.iter().map(|a| (a.n_images, a.n_other, a.n_taken, a.check)).collect();
        assert_eq!(held, [(12, 1, 12, Check::Record), (9, 1, 9, Check::Record)], "{form:?}");
        assert_eq!(report.plan.title.as_deref(), Some("100% SEM dataset"));
        let dataset = Dataset::open(&place.to(), &DatasetConfig::default()).unwrap();
        assert_eq!((dataset.categories(), dataset.entries.len()), (vec!["fibres".into(), "tips".into()], 21));
        let index = fs::read_to_string(place.to().join("index.csv")).unwrap();
        assert!(index.contains("Tips.tar/Tips/L5_") && index.contains("CC BY 4.0"), "{index}");
        assert!(!place.to().join(".fetch").exists());
        // the second time, only the record is read
        let n_requests = server.seen().len();
        place.fetch(&server, None).unwrap();
        assert_eq!(server.seen().len(), n_requests + 2);
    }
}

/// What the server does to a right reply: the request, the archive, and the number of requests of archives before.
type Bend = fn(&Request, &[u8], usize) -> Reply;

#[test]
fn a_sample_is_the_same_whatever_happens_to_the_connection() {
    let mut calm = Place::new();
    calm.fetch(&serve(archives(), Form::New, right), Some(4)).unwrap();
    assert_eq!(calm.images().len(), 8);
    // a sample of fewer is a part of it
    let mut fewer = Place::new();
    fewer.fetch(&serve(archives(), Form::New, right), Some(2)).unwrap();
    assert!(fewer.images().iter().all(|image| calm.images().contains(image)));
    let bends: [(&str, Bend); 4] = [
        ("dropped every few bytes", |request, bytes, _| cut(with_ranges(request, bytes, "v1"), 3001)),
        ("dropped, without a tag", |request, bytes, _| {
            let whole = with_ranges(request, bytes, "v1");
            let at = whole.windows(4).position(|four| four == b"ETag").unwrap();
            let whole = [&whole[..at], b"Xtag", &whole[at + 4..]].concat();
            cut(whole, 3001)
        }),
        ("dropped, ranges ignored", |_, bytes, n| {
            let whole = without_ranges(bytes, "v1");
            if n % 9 == 8 { whole } else { cut(whole, 3001 * (n % 9 + 1)) }
        }),
        ("redirected", |request, bytes, _| match request.path.strip_prefix("/cdn") {
            Some(_) => with_ranges(request, bytes, "v1"),
            None => {
                reply("302 Found", &[&format!("Location: /cdn{}", request.path), "Content-Length: 0"], b"")
            }
        }),
    ];
    for (name, bend) in bends {
        let server = serve(archives(), Form::New, bend);
        let mut place = Place::new();
        place.fetch(&server, Some(4)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(place.images(), calm.images(), "{name}");
        assert!(!place.started_over(), "{name}");
    }
}

#[test]
fn an_interrupted_fetch_goes_on_where_it_was() {
    let mut calm = Place::new();
    calm.fetch(&serve(archives(), Form::New, right), Some(4)).unwrap();
    let server = serve(archives(), Form::New, right);
    let mut place = Place::new();
    let mut n_events = 0;
    let to = place.to();
    let broken = fetch(&to, &config(&server, Some(4)), &mut |event| {
        n_events +=
            usize::from(matches!(event, FetchEvent::Download { event: DownloadEvent::Bytes { .. }, .. }));
        if n_events > 12 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(broken, Err(FetchError::Download(DownloadError::Cancelled))), "{broken:?}");
    place.fetch(&server, Some(4)).unwrap();
    assert!(
        server.ranges().iter().any(|range| range.is_some_and(|(start, _)| start > 0)),
        "{:?}",
        server.ranges()
    );
    assert_eq!(place.images(), calm.images());
    let mut other = config(&server, Some(5));
    let refused = fetch(&to, &other, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(refused, Err(FetchError::OtherSettings { .. })), "{refused:?}");
    // a micrograph that was removed is fetched again
    fs::remove_file(to.join(&place.images()[0])).unwrap();
    other.sample = Some(4);
    fetch(&to, &other, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(place.images(), calm.images());
}

#[test]
fn another_version_of_an_archive_is_never_appended() {
    // with tags, the change is seen at once; without, in the checksum at the end
    for with_tags in [true, false] {
        let old = archive("Tips", 9, 8);
        let server = serve(archives(), Form::New, move |request, bytes, n| {
            let is_old = n == 0;
            let mut old = old.clone();
            old.resize(bytes.len(), 0);
            let whole =
                with_ranges(request, if is_old { &old } else { bytes }, if is_old { "v1" } else { "v2" });
            let whole = if with_tags { whole } else { replaced(&whole, "ETag", "Xtag") };
            if is_old { cut(whole, 9000) } else { whole }
        });
        let place = Place::new();
        let mut config = config(&server, None);
        config.categories = vec!["Tips".to_owned()];
        let mut started_over = false;
        let mut run = || {
            fetch(&place.to(), &config, &mut |event| {
                started_over |=
                    matches!(event, FetchEvent::Download { event: DownloadEvent::StartedOver { .. }, .. });
                ControlFlow::Continue(())
            })
        };
        let first = run();
        if with_tags {
            assert_eq!(first.unwrap().archives[0].n_taken, 9);
            assert!(started_over);
        } else {
            let is_seen = matches!(
                first,
                Err(FetchError::Download(DownloadError::Hash { .. }) | FetchError::Archive { .. })
            );
            assert!(is_seen, "{first:?}");
            assert!(images(&place.to()).is_empty());
            assert_eq!(run().unwrap().archives[0].n_taken, 9);
        }
    }
}

fn replaced(reply: &[u8], old: &str, new: &str) -> Reply {
    let at = reply.windows(old.len()).position(|part| part == old.as_bytes()).unwrap();
    [&reply[..at], new.as_bytes(), &reply[at + old.len()..]].concat()
}

/// What the server does, and which error that is.
type Case = (&'static str, fn(&Request, &[u8]) -> Reply, fn(&FetchError) -> bool);

#[test]
fn lies_about_archives_end_in_an_error_and_leave_no_micrograph() {
    let cases: [Case; 5] = [
        (
            "another size than the record says",
            |_, bytes| without_ranges(&bytes[512..], "v1"),
            |error| matches!(error, FetchError::Download(DownloadError::Size { .. })),
        ),
        (
            "other bytes of the same size",
            |request, bytes| {
                let mut other = bytes.to_vec();
                other[1500] ^= 1; // in an image, not in a header
                with_ranges(request, &other, "v1")
            },
            |error| matches!(error, FetchError::Download(DownloadError::Hash { kind: "md5", .. })),
        ),
        (
            "a page instead",
            |_, bytes| reply("200 OK", &[], &b"<html>please log in</html>".repeat(bytes.len() / 20)),
            |error| {
                matches!(error, FetchError::Archive { .. } | FetchError::Download(DownloadError::Hash { .. }))
            },
        ),
        (
            "never more than a few bytes",
            |_, bytes| cut(without_ranges(bytes, "v1"), 900),
            |error| matches!(error, FetchError::Download(DownloadError::GaveUp { .. })),
        ),
        (
            "forbidden",
            |_, _| reply("403 Forbidden", &["Content-Length: 0"], b""),
            |error| matches!(error, FetchError::Download(DownloadError::Status { status: 403, .. })),
        ),
    ];
    for (name, answer, is_expected) in cases {
        let server = serve(archives(), Form::New, move |request, bytes, _| answer(request, bytes));
        let mut place = Place::new();
        let error = place.fetch(&server, Some(4)).unwrap_err();
        assert!(is_expected(&error), "{name}: {error:?}");
        assert!(place.images().is_empty(), "{name}");
    }
}

#[test]
fn descriptions_that_are_not_understood_name_what_was_found() {
    let cases = [
        ("{}", "no `links.files`"),
        ("<html>", "`<html>"),
        (r#"{"links":{"files":"/list"}}"#, "neither `entries` nor `contents`"),
        (r#"{"links":{"files":"/list"},"entries":[]}"#, "no .tar file, it has no files"),
        (
            r#"{"links":{"files":"/list"},"entries":[{"key":"a.zip","size":3,"links":{"self":"/a"}}]}"#,
            "a.zip",
        ),
        (
            r#"{"links":{"files":"/list"},"entries":[{"key":"a.tar","links":{"self":"/a"}}]}"#,
            "no `size` of a.tar",
        ),
        (r#"{"links":{"files":"/list"},"entries":[{"key":"a.tar","size":3}]}"#, "no link to a.tar"),
        (r#"{"links":{"files":"ftp://x/list"}}"#, "http://"),
    ];
    for (text, expected) in cases {
        let server = Server::new(move |_, _| reply("200 OK", &[], text.as_bytes()));
        let mut place = Place::new();
        let error = place.fetch(&server, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!place.to().exists(), "{text}");
    }
}

#[test]
fn a_plan_names_categories_and_writes_nothing() {
    let server = serve(archives(), Form::Old, right);
    let place = Place::new();
    let mut config = config(&server, Some(1_000_000_000));
    let ask = |config: &FetchConfig| plan(&place.to(), config, &mut |_| ControlFlow::Continue(()));
    let whole = ask(&config).unwrap();
    // never more than the archives have
    assert_eq!(whole.needed_bytes, whole.bytes + (64 << 20));
    config.categories = vec!["TIPS".to_owned()];
    assert_eq!(ask(&config).unwrap().files.len(), 1);
    config.categories = vec!["wires".to_owned()];
    let error = ask(&config).unwrap_err().to_string();
    assert!(error.contains("wires") && error.contains("fibres, tips"), "{error}");
    assert!(!place.to().exists());
}
