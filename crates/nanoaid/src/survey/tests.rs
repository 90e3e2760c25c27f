//! Surveys of small folders: in shards, merged, killed, repeated, damaged.

use std::fs;

use micrograph::random::Stream;

use super::*;
use crate::data::dataset::DatasetConfig;
use crate::hash::sha256;
use crate::{Architecture, AutoencoderConfig, Device};

fn network(seed: u64) -> Network {
    let config = AutoencoderConfig { stages: vec![4, 6], latent: 3, ..AutoencoderConfig::default() };
    Network::random(Architecture::Autoencoder(config), seed, Device::Cpu).unwrap()
}

/// Writes micrograph `index` into its category's folder.
fn write(folder: &Path, index: u64) {
    let mut stream = Stream::new(5, "test of surveys in shards", index);
    let step = 3 + (index % 5) as u32;
    let pixels = image::GrayImage::from_fn(60, 48, |x, y| {
        let line = if index.is_multiple_of(2) { x % step } else { y % step };
        image::Luma([(line * 30) as u8 + stream.below(40) as u8])
    });
    let category = folder.join(if index.is_multiple_of(2) { "columns" } else { "rows" });
    fs::create_dir_all(&category).unwrap();
    pixels.save(category.join(format!("{index:03}.png"))).unwrap();
}

/// `n` micrographs, a copy of one under another name, and a file that is no image.
fn data(n: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    (0..n).for_each(|index| write(folder.path(), index));
    fs::copy(folder.path().join("rows/001.png"), folder.path().join("columns/copy.png")).unwrap();
    fs::write(folder.path().join("rows/broken.png"), b"no image").unwrap();
    folder
}

fn input(data: &Path) -> SurveyInput {
    SurveyInput::open(data, None, &DatasetConfig::default()).unwrap()
}

fn folder(path: &Path) -> OutputFolder {
    OutputFolder::create(path, true).unwrap()
}

fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn shard(text: &str) -> SurveyConfig {
    SurveyConfig { shard: text.parse().unwrap(), ..SurveyConfig::default() }
}

/// Makes a shard of `data` in `out`.
fn made(data: &Path, text: &str, out: &Path) -> SurveyedShard {
    survey_shard(&network(1), &input(data), &shard(text), &folder(out), &mut go_on).unwrap()
}

fn questions() -> Vec<Question> {
    vec![Question::between(&["columns"], &["rows"])]
}

fn merged(parts: &[PathBuf], out: &Path) -> Result<Merged, SurveyError> {
    let config = MergeConfig { questions: questions(), ..MergeConfig::default() };
    merge(parts, &config, &folder(out))
}

/// All files of a folder and their hashes.
fn bytes(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = files.map(|path| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), sha256(fs::read(path).unwrap()))
    });
    named.filter(|(name, _)| name != ".nanoaid.lock").collect()
}

/// The rows of the part in `folder`, whole.
fn rows_of(folder: &Path) -> (Part, BTreeMap<Key, row::Row>) {
    let place = tempfile::tempdir().unwrap();
    let part = Part::read(folder, &Arc::new(Store::new(place.path()).unwrap())).unwrap();
    let n_units = part.header().n_units();
    let rows = part.rows().iter();
    let rows = rows.map(|(key, row)| (key.clone(), row.whole(part.store(), n_units).unwrap())).collect();
    (part, rows)
}

/// The result of one machine.
fn single(data: &Path) -> (tempfile::TempDir, BTreeMap<String, String>) {
    let out = tempfile::tempdir().unwrap();
    made(data, "1/1", out.path());
    finish(&questions(), &folder(out.path())).unwrap();
    let bytes = bytes(out.path());
    (out, bytes)
}

#[test]
fn merged_shards_have_the_bytes_of_one_machine() {
    let data = data(17);
    let (_out, expected) = single(data.path());
    assert_eq!(expected.len(), 1 + 1 + 7 + 1, "survey.json, part.json, seven tables, one table of rows");
    for n in [1, 2, 3, 7, 16] {
        let place = tempfile::tempdir().unwrap();
        let mut parts = Vec::new();
        for index in (1..=n).rev() {
            let part = place.path().join(format!("part-{index}"));
            made(data.path(), &format!("{index}/{n}"), &part);
            parts.push(part);
        }
        // one twice, in a folder of its own
        let again = place.path().join("again");
        made(data.path(), &format!("1/{n}"), &again);
        parts.insert(n / 2, again);
        let out = tempfile::tempdir().unwrap();
        merged(&parts, out.path()).unwrap();
        assert_eq!(bytes(out.path()), expected, "{n} shards");
        // all of them by the folder that holds them, and into the same folder again
        merged(&[place.path().to_owned()], out.path()).unwrap();
        assert_eq!(bytes(out.path()), expected, "{n} shards by their folder");
    }
}

#[test]
fn a_shard_that_was_killed_and_repeated_has_the_bytes_of_one_that_was_not() {
    let data = data(9);
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    made(data.path(), "1/2", one.path());
    for stop in [1, 2] {
        let mut until = |done: usize, _: usize| {
            if done < stop { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let stopped =
            survey_shard(&network(1), &input(data.path()), &shard("1/2"), &folder(other.path()), &mut until);
        assert!(matches!(stopped, Err(SurveyError::Cancelled)));
    }
    made(data.path(), "1/2", other.path());
    assert_eq!(bytes(one.path()), bytes(other.path()));
}

#[test]
fn a_shard_is_known_for_one_before_its_first_rows() {
    let data = data(3);
    let out = tempfile::tempdir().unwrap();
    let mut at_once = |_: usize, _: usize| ControlFlow::Break(());
    let input = input(data.path());
    let stopped = survey_shard(&network(1), &input, &shard("1/1"), &folder(out.path()), &mut at_once);
    assert!(matches!(stopped, Err(SurveyError::Cancelled)));
    // what was written so far may be continued without being forced
    assert!(is_part(out.path()));
    let place = tempfile::tempdir().unwrap();
    assert!(matches!(merged(&[out.path().to_owned()], place.path()), Err(SurveyError::Unfinished { .. })));
}

#[test]
fn a_shard_between_two_kills_is_continued_and_not_taken_for_whole() {
    // more than are written together, so that some are kept
    let data = data(70);
    let out = tempfile::tempdir().unwrap();
    let mut until =
        |done: usize, _: usize| if done < 66 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let cancelled =
        survey_shard(&network(1), &input(data.path()), &shard("1/1"), &folder(out.path()), &mut until);
    assert!(matches!(cancelled, Err(SurveyError::Cancelled)));
    let place = tempfile::tempdir().unwrap();
    let refused = merged(&[out.path().to_owned()], place.path()).unwrap_err().to_string();
    assert!(
        refused.contains("shard 1/1 is unfinished") && refused.contains("run its command again"),
        "{refused}"
    );
    let found = made(data.path(), "1/1", out.path());
    assert!(found.n_new < 10 && found.n_micrographs == 71, "{found:?}");
    merged(&[out.path().to_owned()], place.path()).unwrap();
    assert_eq!(bytes(place.path()), single(data.path()).1);
}

#[test]
fn merging_some_first_and_the_others_later_changes_nothing() {
    let data = data(11);
    let (_out, expected) = single(data.path());
    let place = tempfile::tempdir().unwrap();
    let part = |name: &str| place.path().join(name);
    for index in 1..=3 {
        made(data.path(), &format!("{index}/3"), &part(&index.to_string()));
    }
    let partial = |parts: [&str; 2], out: &str| {
        let parts = parts.map(part);
        let config = MergeConfig { partial: true, ..MergeConfig::default() };
        let found = merge(&parts, &config, &folder(&part(out))).unwrap();
        assert!(matches!(found, Merged::Part { n_expected: 13, .. }), "{found:?}");
    };
    partial(["1", "2"], "left");
    partial(["3", "2"], "right");
    for parts in [["left", "3"], ["1", "right"], ["right", "left"]] {
        let out = tempfile::tempdir().unwrap();
        merged(&parts.map(part), out.path()).unwrap();
        assert_eq!(bytes(out.path()), expected, "{parts:?}");
    }
}

#[test]
fn every_content_belongs_to_one_shard_and_adding_files_moves_none() {
    for n in [1, 2, 3, 7, 16] {
        for index in 0..200_u32 {
            let hash = sha256(index.to_string());
            let holds = |&index: &u32| Shard::new(index, n).unwrap().holds(&hash);
            // the first 64 bits as a number, by definition
            let expected = u64::from_str_radix(&hash[..16], 16).unwrap() % u64::from(n) + 1;
            assert_eq!((1..=n).filter(holds).collect::<Vec<_>>(), [expected as u32]);
        }
    }
    let data = data(12);
    let out = tempfile::tempdir().unwrap();
    let first = made(data.path(), "2/3", out.path());
    (12..20).for_each(|index| write(data.path(), index));
    let second = made(data.path(), "2/3", out.path());
    assert_eq!(second.n_micrographs, first.n_micrographs + second.n_new);
    assert!(first.n_micrographs > 0 && second.n_new < 8, "{second:?}");
}

#[test]
fn a_missing_shard_is_named() {
    let data = data(9);
    let place = tempfile::tempdir().unwrap();
    for index in [1, 3] {
        made(data.path(), &format!("{index}/4"), &place.path().join(index.to_string()));
    }
    let out = tempfile::tempdir().unwrap();
    let error = merged(&[place.path().to_owned()], out.path()).unwrap_err().to_string();
    assert!(error.contains("shards 2/4, 4/4 are missing") && error.contains("of 11 micrographs"), "{error}");
    let nothing = merged(&[out.path().to_owned()], place.path()).unwrap_err().to_string();
    assert!(nothing.contains("no part.json"), "{nothing}");
}

#[test]
fn parts_of_something_else_are_refused_with_what_was_found_and_expected() {
    let data = data(6);
    let place = tempfile::tempdir().unwrap();
    let one = place.path().join("1");
    made(data.path(), "1/2", &one);
    let other = place.path().join("2");
    let with = |network: &Network, layers: &[&str], data: &Path| {
        let _ = fs::remove_dir_all(&other);
        let layers = layers.iter().map(|&layer| layer.to_owned()).collect();
        let config = SurveyConfig { layers, ..shard("2/2") };
        survey_shard(network, &input(data), &config, &folder(&other), &mut go_on).unwrap();
        let out = tempfile::tempdir().unwrap();
        merged(&[one.clone(), other.clone()], out.path()).unwrap_err().to_string()
    };
    let error = with(&network(2), &[], data.path());
    let hashes = [network(2).sha256().to_owned(), network(1).sha256().to_owned()];
    assert!(error.contains(&format!("network {}, expected {}", hashes[0], hashes[1])), "{error}");
    assert!(error.starts_with(&other.display().to_string()), "{error}");
    let error = with(&network(1), &["encoder.1"], data.path());
    assert!(
        error.contains("layers encoder.1 of 4 channels, expected encoder.1 of 4 channels, encoder.2"),
        "{error}"
    );
    write(data.path(), 40);
    let error = with(&network(1), &[], data.path());
    assert!(error.contains("data set 9 micrographs") && error.contains("expected 8 micrographs"), "{error}");
    assert!(error.contains("run all shards again"), "{error}");
}

/// Replaces a text in the manifest of `part`.
fn edit(part: &Path, from: &str, to: &str) {
    let path = part.join("part.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn other_instruction_sets_are_refused_or_marked() {
    let data = data(6);
    let place = tempfile::tempdir().unwrap();
    let parts = ["1", "2"].map(|index| place.path().join(index));
    for (index, part) in parts.iter().enumerate() {
        made(data.path(), &format!("{}/2", index + 1), part);
    }
    let own = format!("\"{}\"", crate::kernels::isa().name());
    edit(&parts[1], &own, "\"sse9\"");
    let out = tempfile::tempdir().unwrap();
    let error = merged(&parts, out.path()).unwrap_err().to_string();
    assert!(error.contains("sse9, expected") && error.contains("NANOAID_KERNELS"), "{error}");
    // a shard is not continued with another one, either
    let again = survey_shard(&network(1), &input(data.path()), &shard("2/2"), &folder(&parts[1]), &mut go_on);
    assert!(matches!(again, Err(SurveyError::Mixed { .. })));
    let config = MergeConfig { mixed: true, ..MergeConfig::default() };
    let Merged::Whole(survey) = merge(&parts, &config, &folder(out.path())).unwrap() else {
        panic!("both shards are there")
    };
    assert!(survey.instruction_sets.contains("sse9") && survey.instruction_sets.len() == 2);
    assert!(survey.warnings[0].contains("sse9"), "{:?}", survey.warnings);
}

#[test]
fn damaged_parts_are_named_and_not_believed() {
    let data = data(4);
    let part = tempfile::tempdir().unwrap();
    made(data.path(), "1/1", part.path());
    let table = bytes(part.path()).into_keys().find(|name| name.starts_with("rows-")).unwrap();
    let whole = [&table, "part.json"].map(|name| fs::read(part.path().join(name)).unwrap());
    type Case<'a> = (&'a str, &'a dyn Fn(&[u8]) -> Vec<u8>);
    let cases: [Case<'_>; 4] = [
        ("SHA-256 is", &|bytes| [&bytes[1..], b"x"].concat()),
        ("EOF", &|_| b"{".to_vec()),
        ("missing field", &|_| b"{}".to_vec()),
        ("format 7, expected 1", &|bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace("\"schema_version\": 1", "\"schema_version\": 7").into_bytes()
        }),
    ];
    for (index, (reason, damage)) in cases.into_iter().enumerate() {
        let (name, which) = if index == 0 { (table.as_str(), 0) } else { ("part.json", 1) };
        fs::write(part.path().join(name), damage(&whole[which])).unwrap();
        let out = tempfile::tempdir().unwrap();
        let error = merged(&[part.path().to_owned()], out.path()).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(name), "{error}");
        fs::write(part.path().join(name), &whole[which]).unwrap();
    }
}

#[test]
fn two_parts_that_differ_in_a_micrograph_are_named() {
    let data = data(5);
    let place = tempfile::tempdir().unwrap();
    let parts = ["one", "other"].map(|name| place.path().join(name));
    made(data.path(), "1/1", &parts[0]);
    // the same network under the name of this one stands for a machine that computes wrongly
    survey_shard(&network(2), &input(data.path()), &shard("1/1"), &folder(&parts[1]), &mut go_on).unwrap();
    edit(&parts[1], network(2).sha256(), network(1).sha256());
    let out = tempfile::tempdir().unwrap();
    let error = merged(&parts, out.path()).unwrap_err().to_string();
    assert!(error.contains("differ in unit 0") && error.contains(&parts[1].display().to_string()), "{error}");
}

#[test]
fn a_list_of_hashes_gives_the_same_and_a_changed_file_is_skipped() {
    let data = data(6);
    let (_out, expected) = single(data.path());
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("list.csv");
    fs::write(&list, input(data.path()).list_csv()).unwrap();
    let listed = || SurveyInput::open(&list, Some(data.path()), &DatasetConfig::default()).unwrap();
    let out = tempfile::tempdir().unwrap();
    survey_shard(&network(1), &listed(), &shard("1/1"), &folder(out.path()), &mut go_on).unwrap();
    finish(&questions(), &folder(out.path())).unwrap();
    assert_eq!(bytes(out.path()), expected);
    write(place.path(), 30);
    fs::copy(place.path().join("columns/030.png"), data.path().join("columns/002.png")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let found =
        survey_shard(&network(1), &listed(), &shard("1/1"), &folder(other.path()), &mut go_on).unwrap();
    let skipped = found.skipped.iter().find(|skipped| skipped.file == "columns/002.png").unwrap();
    assert!(skipped.reason.contains("the file was changed"), "{skipped:?}");
}

#[test]
fn rows_are_those_of_each_micrograph_by_itself() {
    let data = data(5);
    let out = tempfile::tempdir().unwrap();
    made(data.path(), "1/1", out.path());
    let (part, rows) = rows_of(out.path());
    let layers = ActivationReader::usual_layers(&network(1));
    let reader = ActivationReader::new(&network(1), &layers).unwrap();
    let dataset = crate::data::dataset::Dataset::open(data.path(), &DatasetConfig::default()).unwrap();
    assert_eq!(rows.len(), 6);
    for (key, row) in &rows {
        let entry = dataset.entries.iter().find(|entry| entry.file == key.file).unwrap();
        let plane = entry.prepared(&dataset.prepare_config()).unwrap().plane;
        assert_eq!(row.peaks, reader.peaks(&plane).unwrap().concat(), "{}", key.file);
        assert_eq!((row.facts.height, row.facts.width), (48, 60));
    }
    assert_eq!(part.skipped()[0].file, "rows/broken.png");
    assert!(!part.skipped()[0].reason.contains(&data.path().display().to_string()));
}

#[test]
fn statistics_are_those_of_a_second_implementation() {
    let data = data(8);
    let (out, _) = single(data.path());
    let (_, rows) = rows_of(out.path());
    let mut units = csv::Reader::from_path(out.path().join("units.csv")).unwrap();
    let units: Vec<csv::StringRecord> = units.records().map(Result::unwrap).collect();
    assert_eq!(units.len(), 4 + 6 + 3);
    let number = |unit: usize, column: usize| units[unit][column].parse::<f64>().unwrap();
    for unit in 0..units.len() {
        let mut values: Vec<f64> = rows.values().map(|row| f64::from(row.peaks[unit].value)).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = (values.iter().map(|value| value * value).sum::<f64>() - n * mean * mean) / (n - 1.0);
        assert!((number(unit, 4) - mean).abs() < 1e-9, "mean of unit {unit}");
        assert!((number(unit, 5).powi(2) - variance).abs() < 1e-6, "variance of unit {unit}");
        // nine values: the fifth is the median
        for (column, place) in [(6, 0), (8, 4), (10, 8)] {
            assert!((number(unit, column) - values[place]).abs() < 1e-6, "column {column} of unit {unit}");
        }
    }
    // the copy shows the place of the first, so only one of both stands for a unit
    let exemplars = fs::read_to_string(out.path().join("exemplars.csv")).unwrap();
    let of_first = exemplars.lines().filter(|line| line.starts_with("encoder.1,0,"));
    let copies = of_first.filter(|line| line.contains("copy.png") || line.contains("rows/001.png"));
    assert_eq!(copies.count(), 1, "{exemplars}");
    let alike = fs::read_to_string(out.path().join("near-duplicates.csv")).unwrap();
    assert!(alike.contains("copy.png") && alike.lines().count() >= 2, "{alike}");
}
