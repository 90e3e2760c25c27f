use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::super::tests::write_png;
use super::super::{Dataset, DatasetConfig};
use super::*;

/// The bytes of a small JPEG; `mark` makes it unique.
fn jpeg(mark: u32) -> Vec<u8> {
    let value = |x, y| image::Luma([((x * 7 + y * 13 + x * y * (mark + 3)) % 251) as u8]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_fn(31, 24, value).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// A name as the NFFA set has them.
fn nffa_name(digit: u32, mark: u32) -> String {
    format!("L{digit}_{:032x}.jpg", 0x0a6f_78b3_u32.wrapping_mul(mark + 1))
}

/// A tar file of names and contents; names are written as they stand, whatever they hold.
fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn imported(folder: &TempDir, sources: &[&str]) -> Result<ImportReport, DatasetError> {
    imported_with(folder, sources, &ImportConfig::default())
}

fn imported_with(
    folder: &TempDir,
    sources: &[&str],
    config: &ImportConfig,
) -> Result<ImportReport, DatasetError> {
    let sources: Vec<PathBuf> = sources.iter().map(|source| folder.path().join(source)).collect();
    import(&sources, &folder.path().join("to"), config, &mut |_| ControlFlow::Continue(()))
}

/// Every file of the folder that was imported into.
fn tree(folder: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let root = folder.path().join("to");
    let images = folder::files(&root).unwrap().files;
    let all = images.into_iter().chain(["index.csv".to_owned(), "SHA256SUMS".to_owned()]);
    all.map(|file| (file.clone(), fs::read(root.join(file)).unwrap())).collect()
}

/// A plain and a compressed archive as NFFA's, and the number of micrographs in them.
fn two_archives(folder: &TempDir) -> usize {
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let films: Vec<(String, Vec<u8>)> =
        (0..4).map(|mark| (format!("Films_Coated_Surface/{}", nffa_name(3, mark)), jpeg(mark))).collect();
    let films: Vec<(&str, &[u8])> = films.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    write("Films_Coated_Surface.tar", tar_of(&films));
    let tips = (nffa_name(5, 10), jpeg(10));
    write("Tips.tar.gz", gzip(&tar_of(&[("readme.txt", b"hello"), (&tips.0, &tips.1)])));
    5
}

#[test]
fn archives_give_micrographs_whose_digit_tells_the_category() {
    let folder = tempfile::tempdir().unwrap();
    let n = two_archives(&folder);
    let report = imported(&folder, &["Films_Coated_Surface.tar", "Tips.tar.gz"]).unwrap();
    assert_eq!((report.n_new, report.n_there, report.n_other), (n, 0, 1));
    let categories = [(Some("films_coated_surface".to_owned()), 4), (Some("tips".to_owned()), 1)];
    assert_eq!((report.categories, report.skipped), (categories.to_vec(), vec![]));

    let dataset = Dataset::open(&folder.path().join("to"), &DatasetConfig::default()).unwrap();
    assert_eq!(dataset.categories(), ["films_coated_surface", "tips"]);
    assert_eq!(dataset.entries.len(), n);
    let name = nffa_name(5, 10);
    assert_eq!(fs::read(folder.path().join("to/tips").join(&name)).unwrap(), jpeg(10));
    let tree = tree(&folder);
    let text = |file: &str| String::from_utf8(tree[file].clone()).unwrap();
    assert!(text("index.csv").starts_with("file,category,group,sha256,source\n"));
    let row = format!("tips/{name},tips,,{},Tips.tar.gz/{name}\n", sha256(jpeg(10)));
    assert!(text("index.csv").ends_with(&row), "{}", text("index.csv"));
    assert!(text("SHA256SUMS").ends_with(&format!("{}  tips/{name}\n", sha256(jpeg(10)))));
}

#[test]
fn a_second_import_changes_nothing_and_a_folder_of_archives_is_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let n = two_archives(&folder);
    imported(&folder, &["Tips.tar.gz", "Films_Coated_Surface.tar"]).unwrap();
    let before = tree(&folder);
    let report = imported(&folder, &["Films_Coated_Surface.tar", "Tips.tar.gz"]).unwrap();
    assert_eq!((report.n_new, report.n_there), (0, n));
    assert_eq!(tree(&folder), before);

    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("downloads")).unwrap();
    for name in ["Films_Coated_Surface.tar", "Tips.tar.gz"] {
        fs::copy(folder.path().join(name), other.path().join("downloads").join(name)).unwrap();
    }
    imported(&other, &["downloads"]).unwrap();
    assert_eq!(tree(&other), before);
}

#[test]
fn an_interrupted_import_is_finished_by_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let n = two_archives(&folder);
    let sources = ["Films_Coated_Surface.tar", "Tips.tar.gz"];
    imported(&folder, &sources).unwrap();
    let whole = tree(&folder);
    // index and hashes are written last
    let to = folder.path().join("to");
    for file in ["index.csv", "SHA256SUMS", &format!("tips/{}", nffa_name(5, 10))] {
        fs::remove_file(to.join(file)).unwrap();
    }
    assert_eq!(imported(&folder, &sources).unwrap().n_new, n);
    assert_eq!(tree(&folder), whole);
    fs::remove_file(to.join("SHA256SUMS")).unwrap();
    assert_eq!(imported(&folder, &sources).unwrap().n_new, 0);
    assert_eq!(tree(&folder), whole);
}

#[test]
fn a_content_is_stored_once_and_two_categories_for_it_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (file, mark) in [("a/x.png", 1), ("a/y.png", 1), ("b/x.png", 1), ("b/z.png", 2)] {
        write_png(&folder.path().join("from").join(file), 24, 31, mark);
    }
    for n_there in [0, 2] {
        let report = imported(&folder, &["from"]).unwrap();
        assert_eq!((report.n_new, report.n_there), (2 - n_there, n_there));
        let same = |source: &str, categories: Option<[Option<String>; 2]>| SameContent {
            source: source.into(),
            file: "a/x.png".into(),
            categories,
        };
        let both = [Some("b".to_owned()), Some("a".to_owned())];
        assert_eq!(report.same_content, [same("from/a/y.png", None), same("from/b/x.png", Some(both))]);
    }
}

#[test]
fn another_content_of_the_same_name_gets_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    for (file, mark) in [("a/tips/x.png", 1), ("b/tips/x.png", 2), ("b/tips/X.png", 3)] {
        write_png(&folder.path().join(file), 24, 31, mark);
    }
    assert_eq!(imported(&folder, &["a", "b"]).unwrap().n_new, 3);
    let files: Vec<String> = tree(&folder).into_keys().filter(|file| file.contains('/')).collect();
    let hash = |file: &str| sha256(fs::read(folder.path().join(file)).unwrap())[..12].to_owned();
    let mut expected = vec![
        "tips/x.png".to_owned(),
        format!("tips/x-{}.png", hash("b/tips/x.png")),
        format!("tips/X-{}.png", hash("b/tips/X.png")),
    ];
    expected.sort();
    assert_eq!(files, expected);
}

#[test]
fn what_cannot_be_taken_is_named_and_the_rest_is() {
    let folder = tempfile::tempdir().unwrap();
    let (good, cut) = (jpeg(1), jpeg(2)[..300].to_vec());
    let names: Vec<String> = (0..4).map(|mark| nffa_name(4, mark)).collect();
    let large = vec![7; 2000];
    let tar = tar_of(&[
        (&names[0], &good),
        (&names[1], &cut),
        ("../climbs.jpg", &good),
        ("a/../../climbs.jpg", &good),
        ("/root.jpg", &good),
        ("..\\climbs.jpg", &good),
        (&names[2], b""),
        (&names[3], &large),
        ("._hidden.jpg", b"resource fork"),
        ("notes.txt", b"words"),
    ]);
    fs::write(folder.path().join("Powder.tar"), tar).unwrap();
    let mut links = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    links.append_link(&mut header, "link.jpg", "/etc/passwd").unwrap();
    fs::write(folder.path().join("links.tar"), links.into_inner().unwrap()).unwrap();

    let config = ImportConfig { most_file_bytes: 1500, ..ImportConfig::default() };
    assert!(good.len() < 1500, "{}", good.len());
    let report = imported_with(&folder, &["Powder.tar", "links.tar"], &config).unwrap();
    assert_eq!((report.n_new, report.n_other), (1, 1));
    let expected = [
        (format!("Powder.tar/{}", names[1]), "JPEG"),
        ("Powder.tar/../climbs.jpg".to_owned(), "leads out of the folder"),
        ("Powder.tar/a/../../climbs.jpg".to_owned(), "leads out of the folder"),
        ("Powder.tar//root.jpg".to_owned(), "leads out of the folder"),
        ("Powder.tar/..\\climbs.jpg".to_owned(), "leads out of the folder"),
        (format!("Powder.tar/{}", names[2]), "expected PNG, JPEG, BMP, TIFF, PGM, NPY or Gatan DM, found"),
        (format!("Powder.tar/{}", names[3]), "it has 2000 bytes, allowed are 1500"),
        ("links.tar/link.jpg".to_owned(), "expected a file, found a link"),
        ("links.tar".to_owned(), "no image files"),
    ];
    assert_eq!(report.skipped.len(), expected.len(), "{:#?}", report.skipped);
    for (skipped, (file, reason)) in report.skipped.iter().zip(&expected) {
        assert!(skipped.file == *file && skipped.reason.contains(reason), "{skipped:?}");
        assert!(!skipped.reason.contains("tmp"), "a path without meaning is reported: {skipped:?}");
    }
    assert_eq!(tree(&folder).len(), 3);
    assert!(!folder.path().join("climbs.jpg").exists());
}

#[test]
fn a_damaged_archive_gives_what_comes_before_and_a_whole_one_later_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let images: Vec<(String, Vec<u8>)> = (0..3).map(|mark| (nffa_name(9, mark), jpeg(mark))).collect();
    let entries: Vec<(&str, &[u8])> =
        images.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let whole = tar_of(&entries);
    let second = 512 + images[0].1.len().next_multiple_of(512);
    let mut wrong = whole.clone();
    wrong[second + 150] ^= 0x55; // its checksum
    for (name, bytes) in [
        ("cut in a header", whole[..second + 100].to_vec()),
        ("cut in a file", whole[..second + 700].to_vec()),
        ("wrong checksum", wrong),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Fibres.tar"), bytes).unwrap();
        let report = imported(&folder, &["Fibres.tar"]).unwrap();
        assert_eq!(report.n_new, 1, "{name}: {report:?}");
        assert_eq!(report.skipped.len(), 1, "{name}: {report:?}");
        let Skipped { file, reason } = &report.skipped[0];
        assert!(file == "Fibres.tar" && reason.contains("damaged after 1 entries"), "{name}: {reason}");
        fs::write(folder.path().join("Fibres.tar"), &whole).unwrap();
        let report = imported(&folder, &["Fibres.tar"]).unwrap();
        assert_eq!((report.n_new, report.n_there), (2, 1), "{name}");
    }
    let twice = [whole.clone(), tar_of(&[(&nffa_name(9, 7), &jpeg(7))])].concat();
    fs::write(folder.path().join("twice.tar"), twice).unwrap();
    let report = imported(&folder, &["twice.tar"]).unwrap();
    assert!(report.n_new == 3 && report.skipped[0].reason.contains("follows its end"), "{report:?}");

    fs::write(folder.path().join("words.tar"), "these are words, not an archive").unwrap();
    let report = imported(&folder, &["words.tar"]).unwrap();
    assert!(report.n_new == 0 && report.skipped[0].file == "words.tar", "{report:?}");
}

#[test]
fn of_a_compressed_archive_that_is_damaged_nothing_is_taken() {
    let images: Vec<(String, Vec<u8>)> = (0..3).map(|mark| (nffa_name(9, mark), jpeg(mark))).collect();
    let entries: Vec<(&str, &[u8])> =
        images.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let packed = gzip(&tar_of(&entries));
    let changed = |at: usize| {
        let mut bytes = packed.clone();
        bytes[at] ^= 1;
        bytes
    };
    // RFC 1952: the last 8 bytes are the check sum and the length
    for (name, bytes) in [
        ("check sum", changed(packed.len() - 8)),
        ("length", changed(packed.len() - 1)),
        ("one bit of the data", changed(packed.len() / 2)),
        ("cut off", packed[..packed.len() * 3 / 5].to_vec()),
        ("cut off in the check sum", packed[..packed.len() - 3].to_vec()),
        ("words behind its end", [&packed[..], b"words"].concat()),
        ("a damaged second part", [&packed[..], &changed(packed.len() - 8)].concat()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Fibres.tar.gz"), bytes).unwrap();
        let report = imported(&folder, &["Fibres.tar.gz"]).unwrap();
        assert_eq!((report.n_new, report.skipped.len()), (0, 1), "{name}: {report:?}");
        assert!(report.skipped[0].reason.contains("nothing of it was taken"), "{name}: {report:?}");
        assert!(!folder.path().join("to/fibres").exists(), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Fibres.tar.gz"), [&packed[..], &[0; 700]].concat()).unwrap();
    assert_eq!(imported(&folder, &["Fibres.tar.gz"]).unwrap().n_new, 3, "padded with zeros");
}

#[test]
fn files_that_were_damaged_or_lost_are_written_again_and_not_called_there() {
    let folder = tempfile::tempdir().unwrap();
    for (file, mark) in [("a.png", 1), ("b.png", 2), ("c.png", 3)] {
        write_png(&folder.path().join("from/tips").join(file), 24, 31, mark);
    }
    imported(&folder, &["from"]).unwrap();
    let whole = tree(&folder);
    fs::write(folder.path().join("to/tips/a.png"), "damaged").unwrap();
    fs::remove_file(folder.path().join("to/tips/b.png")).unwrap();
    let report = imported(&folder, &["from"]).unwrap();
    assert_eq!((report.n_new, report.n_there), (0, 3));
    assert_eq!(report.restored, ["tips/a.png", "tips/b.png"]);
    assert_eq!(tree(&folder), whole);

    // of another source nothing can be written again, but it is not passed over either
    fs::remove_file(folder.path().join("to/tips/b.png")).unwrap();
    write_png(&folder.path().join("other/tips/d.png"), 24, 31, 4);
    let error = imported(&folder, &["other"]).unwrap_err().to_string();
    assert!(error.contains("1 files") && error.contains("tips/b.png"), "{error}");
}

#[test]
fn what_a_killed_import_left_is_swept_and_two_imports_at_once_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_png(&folder.path().join("from/tips/a.png"), 24, 31, 1);
    imported(&folder, &["from"]).unwrap();
    for name in ["to/.index.csv.77-3.part", "to/tips/.b.png.77-2.part"] {
        fs::write(folder.path().join(name), "ha").unwrap();
    }
    imported(&folder, &["from"]).unwrap();
    for name in ["to/.index.csv.77-3.part", "to/tips/.b.png.77-2.part", "to/.nanoaid.lock"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    let claim = crate::output::Claim::of(&folder.path().join("to")).unwrap();
    let error = imported(&folder, &["from"]).unwrap_err().to_string();
    assert!(error.contains("another nanoaid"), "{error}");
    drop(claim);
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_named_like_images_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    write_png(&folder.path().join("from/tips/a.png"), 24, 31, 1);
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("from/tips/zero.png")).unwrap();
    let report = imported(&folder, &["from"]).unwrap();
    assert_eq!((report.n_new, report.skipped.len()), (1, 1));
    assert_eq!(report.skipped[0].reason, "it is a device, not a file");
}

#[test]
fn what_unpacks_to_more_than_allowed_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 40 << 20];
    let name = nffa_name(1, 1);
    fs::write(folder.path().join("files.tar.gz"), gzip(&tar_of(&[(&name, &jpeg(1)), ("zeros.jpg", &zeros)])))
        .unwrap();
    let config = ImportConfig { most_archive_bytes: 20 << 20, ..ImportConfig::default() };
    let report = imported_with(&folder, &["files.tar.gz"], &config).unwrap();
    assert_eq!(report.n_new, 1);
    assert!(report.skipped[0].reason.contains("unpack to more than 20 MiB"), "{report:?}");

    // a name that is 40 MiB long stands between two files
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(zeros.len() as u64);
    header.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&header, &zeros[..]).unwrap();
    fs::write(folder.path().join("name.tgz"), gzip(&builder.into_inner().unwrap())).unwrap();
    let report = imported(&folder, &["name.tgz"]).unwrap();
    assert!(report.skipped[0].reason.contains("bytes between two files"), "{report:?}");
}

#[test]
fn an_index_keeps_its_splits_groups_and_licences() {
    let folder = tempfile::tempdir().unwrap();
    for (file, mark) in [("from/x.png", 1), ("from/y.png", 2), ("from/deep/z.png", 3)] {
        write_png(&folder.path().join(file), 24, 31, mark);
    }
    let index = "file,split,category,licence,group\nx.png,test,tips,MIT,g\ny.png,train,my tips,CC0,\n\
                 deep/z.png,val,,GPL-3.0,\ngone.png,train,tips,MIT,\n";
    fs::write(folder.path().join("from/index.csv"), index).unwrap();
    let config = ImportConfig { only: vec!["licence=MIT|CC".parse().unwrap()], ..ImportConfig::default() };
    let report = imported_with(&folder, &["from"], &config).unwrap();
    assert_eq!((report.n_new, report.skipped.len()), (2, 1));
    assert_eq!(report.skipped[0].file, "from/gone.png");
    assert_eq!(imported(&folder, &["from/index.csv"]).unwrap().n_new, 1);

    let hash = |file: &str| sha256(fs::read(folder.path().join("from").join(file)).unwrap());
    let rows = [
        "file,category,group,split,sha256,source,licence".to_owned(),
        format!("my_tips/y.png,my tips,,train,{},from/y.png,CC0", hash("y.png")),
        format!("tips/x.png,tips,g,test,{},from/x.png,MIT", hash("x.png")),
        format!("z.png,,,validation,{},from/deep/z.png,GPL-3.0", hash("deep/z.png")),
    ];
    let expected = rows.map(|row| row + "\n").concat();
    assert_eq!(fs::read_to_string(folder.path().join("to/index.csv")).unwrap(), expected);
    let dataset = Dataset::open(&folder.path().join("to"), &DatasetConfig::default()).unwrap();
    assert_eq!(dataset.of(Split::Test).map(|entry| entry.file.as_str()).collect::<Vec<_>>(), ["tips/x.png"]);
}

#[test]
fn an_edited_index_is_kept_when_more_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    write_png(&folder.path().join("a/tips/x.png"), 24, 31, 1);
    write_png(&folder.path().join("b/tips/y.png"), 24, 31, 2);
    imported(&folder, &["a"]).unwrap();
    let path = folder.path().join("to/index.csv");
    let edited = fs::read_to_string(&path).unwrap().replace(",tips,,", ",needles,session 1,");
    fs::write(&path, &edited).unwrap();
    assert_eq!(imported(&folder, &["a"]).unwrap().n_new, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    imported(&folder, &["a", "b"]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&edited) && text.contains("tips/y.png,tips,,"), "{text}");
}

#[test]
fn what_would_lose_something_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write_png(&root.join("plain/tips/x.png"), 24, 31, 1);
    write_png(&root.join("split/y.png"), 24, 31, 2);
    fs::write(root.join("split/index.csv"), "file,split\ny.png,test\n").unwrap();
    fs::write(root.join("notes.txt"), "").unwrap();
    let message = |sources: &[&str]| imported(&folder, sources).unwrap_err().to_string();
    let cases = [
        (&["plain", "split"][..], "split/y.png: gives a split where others do not"),
        (&["absent"], "cannot read"),
        (&["notes.txt"], "expected a tar file"),
        (&["to"], "one lies in the other"),
        (&["."], "one lies in the other"),
    ];
    for (sources, reason) in cases {
        let message = message(sources);
        assert!(message.contains(reason), "{sources:?}: {message}");
    }
    let choosing = ImportConfig { only: vec!["licence=MIT".parse().unwrap()], ..ImportConfig::default() };
    let message = imported_with(&folder, &["plain"], &choosing).unwrap_err().to_string();
    assert!(message.contains("has no index.csv"), "{message}");
    for (index, reason) in [
        ("file,sha256,remark\nx.png,,\n", "column `remark` would be lost"),
        ("file\nx.png\n", "x.png has no SHA-256"),
    ] {
        fs::write(root.join("to/index.csv"), index).unwrap();
        let message = imported(&folder, &["plain"]).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert_eq!(fs::read_to_string(root.join("to/index.csv")).unwrap(), index);
    }
}

#[cfg(unix)]
#[test]
fn files_are_linked_where_asked() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    write_png(&folder.path().join("from/tips/x.png"), 24, 31, 1);
    let config = ImportConfig { link: true, ..ImportConfig::default() };
    imported_with(&folder, &["from"], &config).unwrap();
    let inode = |file: &str| folder.path().join(file).metadata().unwrap().ino();
    assert_eq!(inode("to/tips/x.png"), inode("from/tips/x.png"));
}

#[test]
fn an_import_that_is_cancelled_is_finished_by_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let images: Vec<Vec<u8>> = (0..40).map(jpeg).collect();
    fs::create_dir_all(folder.path().join("set/tips")).unwrap();
    for (index, bytes) in images.iter().enumerate() {
        fs::write(folder.path().join(format!("set/tips/{index:02}.jpg")), bytes).unwrap();
    }
    let sources = [folder.path().join("set")];
    let to = folder.path().join("to");
    let config = ImportConfig::default();
    let stopped = import(&sources, &to, &config, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(DatasetError::Cancelled)), "{stopped:?}");
    let report = import(&sources, &to, &config, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.categories, [(Some("tips".to_owned()), 40)]);
}
