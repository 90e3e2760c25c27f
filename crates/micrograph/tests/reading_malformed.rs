//! Damaged and hostile files: an answer or an error, no panic, no hang, no flood of memory.
//!
//! One test alone in its program, since it looks at the memory of the whole process.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "images of DM files that are whole are read by the tests of DM files")]
#[path = "reading_dm/writer.rs"]
mod dm;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use micrograph::read::{self, ReadConfig, ReadError};

/// The default settings, with a budget that does not depend on the machine.
fn config() -> ReadConfig {
    ReadConfig { most_bytes: 512 << 20, ..ReadConfig::default() }
}

/// Peak of the memory of this process in bytes; `None` where the system does not tell.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// Reads `path` both ways; what went wrong with the reading, if anything.
fn fault(path: &Path) -> (Option<String>, bool) {
    let start = Instant::now();
    let read = catch_unwind(AssertUnwindSafe(|| {
        let facts = read::facts(path, &config());
        (facts, read::micrograph(path, &config()))
    }));
    let Ok((facts, micrograph)) = read else { return (Some("panic".to_owned()), false) };
    if start.elapsed() > Duration::from_secs(2) {
        return (Some(format!("{:?}", start.elapsed())), false);
    }
    let name = path.file_name().unwrap().to_string_lossy();
    let fault = match (&facts, &micrograph) {
        (_, Err(error)) if !error.to_string().contains(&*name) => Some(format!("no name in: {error}")),
        (Err(error), Ok(_)) => Some(format!("pixels without facts: {error}")),
        (Ok(facts), Ok(micrograph)) => {
            let shape = (micrograph.plane.height(), micrograph.plane.width());
            ((facts.height, facts.width) != shape).then(|| format!("{shape:?} for {facts:?}"))
        }
        _ => None,
    };
    (fault, micrograph.is_ok())
}

/// Small files that claim to be huge.
fn bombs(folder: &Path) -> Vec<PathBuf> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([60_000u32.to_be_bytes(), 60_000u32.to_be_bytes()].concat());
    png.extend([8, 0, 0, 0, 0]);
    let crc = png[12..].iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    png.extend((!crc).to_be_bytes());
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");

    let mut bmp = b"BM".to_vec();
    bmp.extend([0, 0, 54, 40, 60_000, 60_000].iter().flat_map(|number: &u32| number.to_le_bytes()));
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);

    let tag = |tag: u16, value: u32| {
        // texts claim 4 GiB, numbers are one
        let (kind, count) = if tag == 34682 { (2u16, 0xffff_fff0) } else { (4u16, 1u32) };
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let tiff = |tags: &[(u16, u32)], next: u32| {
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        file.extend((tags.len() as u16).to_le_bytes());
        file.extend(tags.iter().flat_map(|(number, value)| tag(*number, *value)));
        file.extend(next.to_le_bytes());
        file
    };
    let page = |side: u32, compression: u32| {
        [(256, side), (257, side), (258, 8), (259, compression), (262, 1), (273, 8), (278, side), (279, side)]
    };
    let mut loops = page(16, 1);
    loops[5].1 = 8;
    let tiles =
        [(256, 16), (257, 16), (258, 8), (262, 1), (322, u32::MAX), (323, u32::MAX), (324, 8), (325, 8)];
    let text = [(256, 1), (257, 1), (258, 8), (262, 1), (273, 8), (279, 1), (34682, 8)];
    [
        ("png", png),
        ("bmp", bmp),
        ("deflate.tif", tiff(&page(60_000, 8), 0)),
        ("lzw.tif", tiff(&page(60_000, 5), 0)),
        ("largest.tif", tiff(&page(u32::MAX, 1), 0)),
        ("loop.tif", tiff(&loops, 8)),
        ("tiles.tif", tiff(&tiles, 0)),
        ("text.tif", tiff(&text, 0)),
    ]
    .into_iter()
    .chain(dm_bombs())
    .map(|(name, bytes)| {
        let path = folder.join(format!("bomb.{name}"));
        std::fs::write(&path, bytes).unwrap();
        if name == "huge.dm3" {
            // as long as its pixels claim to be, without taking room on the disk
            std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4 << 30).unwrap();
        }
        path
    })
    .collect()
}

/// DM files: pixels for which there is no room, nesting without end, lengths beyond every file.
fn dm_bombs() -> Vec<(&'static str, Vec<u8>)> {
    let image = |side: u32, data: dm::Tag| {
        let image = dm::Tag::Folder(vec![
            ("DataType", dm::Tag::Whole(6)),
            ("Dimensions", dm::list(vec![dm::Tag::Whole(side), dm::Tag::Whole(side)])),
            ("Data", data),
        ]);
        let images = dm::list(vec![dm::Tag::Folder(vec![("ImageData", image)])]);
        dm::Tag::Folder(vec![("ImageList", images)])
    };
    let claim = |count: u64| dm::Tag::Raw(vec![20, 10, count], Vec::new());
    let mut deep = Vec::new();
    deep.extend([&3u32.to_be_bytes()[..], &0u32.to_be_bytes(), &1u32.to_be_bytes()].concat());
    for _ in 0..100_000 {
        deep.extend([1, 0, 0, 0, 0, 1, 20, 0, 0]);
    }
    let mut many = [&4u32.to_be_bytes()[..], &[0; 8], &1u32.to_be_bytes(), &[1, 0]].concat();
    many.extend(u64::MAX.to_be_bytes());
    for _ in 0..300_000 {
        many.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    vec![
        ("huge.dm3", dm::tree(3, true, &image(60_000, claim(3_600_000_000)))),
        ("claims.dm4", dm::tree(4, true, &image(60_000, claim(u64::MAX)))),
        ("deep.dm3", deep),
        ("many.dm4", many),
    ]
}

#[test]
fn damaged_files_end_in_an_answer_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = bombs(folder.path());
    for path in &paths {
        let name = path.display();
        if ["png", "bmp", "deflate.tif", "lzw.tif", "largest.tif", "tiles.tif", "huge.dm3"]
            .iter()
            .any(|kind| path.ends_with(format!("bomb.{kind}")))
        {
            let error = read::micrograph(path, &config()).unwrap_err();
            assert!(matches!(error, ReadError::TooLarge { .. }), "{name}: {error}");
        }
    }
    if let Some(corpus) = test_support::shared("data/malformed") {
        paths.extend(std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()));
        assert!(paths.len() > 570, "{}", paths.len());
    }
    let results: Vec<(&PathBuf, (Option<String>, bool))> =
        paths.iter().map(|path| (path, fault(path))).collect();
    let faults: Vec<String> = results
        .iter()
        .filter_map(|(path, (fault, _))| Some(format!("{}: {}", path.display(), fault.as_ref()?)))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let n_read = results.iter().filter(|(_, (_, read))| *read).count();
    println!("{n_read} of {} files read", paths.len());
    if let Some(peak) = peak_memory() {
        println!("peak of memory {} MiB", peak >> 20);
        assert!(peak < 600 << 20, "{peak}");
    }
}
