//! Some tensors of a safetensors file, by one range request.

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::*;

/// A file with tensors of another name before, between and after `features.*`; the header in front.
fn file() -> Vec<u8> {
    let numbers = |n: usize, first: u8| (0..n).map(|i| first.wrapping_add(i as u8)).collect::<Vec<u8>>();
    let tensors = [
        // the writer puts 64-bit numbers first, then goes by name
        ("classifier.count", Dtype::I64, vec![2], numbers(16, 1)),
        ("features.count", Dtype::I64, vec![1], numbers(8, 50)),
        ("other.count", Dtype::I64, vec![3], numbers(24, 90)),
        ("features.0.weight", Dtype::F32, vec![5, 40, 100], numbers(80_000, 7)),
        ("features.1.bias", Dtype::F32, vec![3], numbers(12, 130)),
        ("head.weight", Dtype::F32, vec![30_000], numbers(120_000, 3)),
    ];
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, data)| (*name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, Some([("format".to_owned(), "pt".to_owned())].into())).unwrap()
}

/// Bytes of the header and its length, and the range from `features.count` to `features.1.bias`.
fn layout(file: &[u8]) -> (usize, std::ops::Range<usize>) {
    let header = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    // classifier.count takes 16 bytes; then come 8, 24 of another tensor, 80 000 and 12
    (header, header + 16..header + 16 + 8 + 24 + 80_000 + 12)
}

fn features(server: &Server, bytes: Option<u64>, hash: Option<String>) -> KnownWeights {
    KnownWeights { prefix: Some("features."), ..known(server.url("/x"), bytes, hash) }
}

fn assert_holds_the_features(fetched: &Fetched, whole: &[u8]) {
    let bytes = fs::read(&fetched.file).unwrap();
    assert_eq!((fetched.bytes, &fetched.sha256), (bytes.len() as u64, &sha256(&bytes)));
    let (found, whole) =
        (SafeTensors::deserialize(&bytes).unwrap(), SafeTensors::deserialize(whole).unwrap());
    let mut names = found.names();
    names.sort();
    assert_eq!(names, ["features.0.weight", "features.1.bias", "features.count"]);
    for name in names {
        let (found, expected) = (found.tensor(name).unwrap(), whole.tensor(name).unwrap());
        assert_eq!((found.dtype(), found.shape()), (expected.dtype(), expected.shape()), "{name}");
        assert!(found.data() == expected.data(), "{name}");
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let texts = header.metadata().clone().unwrap();
    assert_eq!(texts["format"], "pt");
    assert!(texts["nanoaid.part_of"].ends_with("/x, features.*"), "{texts:?}");
}

#[test]
fn one_range_request_fetches_the_tensors_that_are_wanted() {
    let whole = file();
    let (header, range) = layout(&whole);
    let part = [&whole[..header], &whole[range.clone()]].concat();
    for (hash, check) in [(Some(sha256(&part)), Check::Table), (None, Check::SizeOnly)] {
        let sent = whole.clone();
        let server = Server::new(move |request, _| with_ranges(request, &sent, "v1"));
        let mut place = Place::new();
        let fetched = place.fetch(&features(&server, Some(part.len() as u64), hash)).unwrap();
        assert_holds_the_features(&fetched, &whole);
        assert_eq!(fetched.check, check);
        assert_eq!(server.ranges(), [Some((0, Some(65_535))), Some((range.start, Some(range.end - 1)))]);
        assert_eq!(place.names(), ["x.safetensors", "x.safetensors.json"]);
        assert_eq!(verify(&fetched.file).unwrap().standing, Standing::AsFetched { check });
    }
}

#[test]
fn the_same_tensors_give_the_same_file_through_drops_and_without_ranges() {
    let whole = file();
    let (_, range) = layout(&whole);
    let mut hashes = Vec::new();
    for knows_ranges in [true, false] {
        let sent = whole.clone();
        let server = Server::new(move |request, n| {
            let all =
                if knows_ranges { with_ranges(request, &sent, "v1") } else { without_ranges(&sent, "v1") };
            // the header comes in two goes, the range in three
            match n {
                0 => cut(all, 5),
                2 => cut(all, 30_000),
                _ => all,
            }
        });
        let mut place = Place::new();
        let mirror = Some(server.url(""));
        let known = KnownWeights { url: Some("https://huggingface.co/x"), ..features(&server, None, None) };
        let fetched = place
            .fetch_with(
                &known,
                &FetchConfig {
                    download: DownloadConfig { mirror, ..DownloadConfig::default() },
                    force: false,
                },
            )
            .unwrap();
        assert_holds_the_features(&fetched, &whole);
        assert_eq!(place.started_over(), !knows_ranges);
        if knows_ranges {
            let (start, last) = (range.start, range.end - 1);
            assert_eq!(server.ranges()[2..], [Some((start, Some(last))), Some((start + 30_000, Some(last)))]);
        }
        hashes.push(fetched.sha256);
    }
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn a_range_of_wrong_bytes_is_removed() {
    let whole = file();
    let (header, range) = layout(&whole);
    let part = [&whole[..header], &whole[range.clone()]].concat();
    let mut sent = whole.clone();
    sent[range.start + 100] ^= 1;
    let server = Server::new(move |request, _| with_ranges(request, &sent, "v1"));
    let mut place = Place::new();
    let error = place.fetch(&features(&server, None, Some(sha256(&part)))).unwrap_err();
    assert!(
        matches!(&error, FetchError::Download(DownloadError::Hash { expected, .. }) if *expected == sha256(&part)),
        "{error:?}"
    );
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_file_that_changes_after_its_header_is_refused() {
    let whole = file();
    let server =
        Server::new(move |request, n| with_ranges(request, &whole, if n == 0 { "v1" } else { "v2" }));
    let error = Place::new().fetch(&features(&server, None, None)).unwrap_err();
    assert!(matches!(error, FetchError::Download(DownloadError::Answer { .. })), "{error:?}");
}

#[test]
fn headers_that_cannot_be_are_refused_before_anything_is_fetched() {
    let with_header = |length: u64, text: &str, n_data: usize| {
        [&length.to_le_bytes()[..], text.as_bytes(), &vec![0; n_data]].concat()
    };
    let one = r#"{"features.0":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let other = one.replace("features", "head");
    let shape = one.replace("[2]", "[3]");
    let length = |text: &str| text.len() as u64;
    let cases = [
        ("2 GiB", with_header(2 << 30, one, 8)),
        ("as long as 64 bits can say", with_header(u64::MAX, one, 8)),
        ("longer than the file", with_header(5000, one, 8)),
        ("empty", with_header(0, "", 8)),
        ("not JSON", with_header(length(one), &one.replace('{', "["), 8)),
        ("a shape that does not fit", with_header(length(&shape), &shape, 8)),
        ("fewer bytes than the header says", with_header(length(one), one, 7)),
        ("no such tensor", with_header(length(&other), &other, 8)),
        ("not even a length", b"short".to_vec()),
    ];
    for (name, sent) in cases {
        let server = Server::new(move |request, _| with_ranges(request, &sent, "v1"));
        let mut place = Place::new();
        let error = place.fetch(&features(&server, None, None)).unwrap_err();
        assert!(matches!(error, FetchError::Format { .. }), "{name}: {error:?}");
        assert_eq!(server.seen().len(), 1, "{name}");
        assert!(place.names().is_empty(), "{name}: {:?}", place.names());
    }
    // the right file for comparison
    let sent = with_header(length(one), one, 8);
    let server = Server::new(move |request, _| with_ranges(request, &sent, "v1"));
    assert!(Place::new().fetch(&features(&server, None, None)).is_ok());
}
