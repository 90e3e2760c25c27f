//! Time and memory of `survey merge` by the number of rows and of parts, with made-up rows.
//!
//! `cargo run --release -p nanoaid -p nanoaid-cli --example merge_scale [rows:parts …] [--units U]`
//! Without arguments 1000:10, 10000:100. Parts are written as `docs/survey.md` describes them, without the library; they
//! lie in a folder of their own in the temporary folder, which has to hold about 80 kB a row at 1954 units. Each
//! merge runs in a process of its own, so that the memory is that of one merge.
//!
//! Thumbnails have the spectrum 1/f; every fourth has lines, too, and every hundredth is a copy of the one before in
//! other contrast. `parquet` is what makes the parts; time for that is not counted.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use micrograph::data_bar::DataBarChoice;
use micrograph::random::Stream;
use nanoaid::hash::sha256;
use nanoaid::output::OutputFolder;
use nanoaid::survey::{MergeConfig, Merged, Shard, SurveyHeader, SurveyLayer, merge};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// Units of the built-in classifier.
const N_UNITS: usize = 1954;
/// Sides of a thumbnail.
const SIDE: usize = 64;
/// Frequencies of a thumbnail along each side.
const FREQUENCIES: usize = 12;
/// Largest value of a row or column of an activation.
const POSITIONS: usize = 48;

const SCHEMA: &str = "message survey {
    required binary file (STRING);
    required binary sha256 (STRING);
    optional binary category (STRING);
    required binary group (STRING);
    required int32 height_px;
    required int32 width_px;
    optional double nm_per_px;
    required int32 data_bar_px;
    required fixed_len_byte_array(4096) thumbnail;
    required group largest (LIST) { repeated group list { required float element; } }
    required group row (LIST) { repeated group list { required int32 element; } }
    required group column (LIST) { repeated group list { required int32 element; } }
    required group mean (LIST) { repeated group list { required float element; } }
}";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, parts, out] = &arguments[..]
        && word == "merge"
    {
        return merged(Path::new(parts), Path::new(out));
    }
    let mut n_units = N_UNITS;
    if let Some(place) = arguments.iter().position(|argument| argument == "--units") {
        n_units = arguments.get(place + 1).ok_or("--units: expected a number")?.parse()?;
        arguments.drain(place..=place + 1);
    }
    if arguments.is_empty() {
        arguments = ["1000:10", "10000:100"].map(str::to_owned).to_vec();
    }
    println!(
        "| rows | parts | units | s | s of processors | MB | pairs | SHA-256 of survey.json and part.json |"
    );
    for argument in &arguments {
        let (n_rows, n_parts) = argument.split_once(':').ok_or("expected rows:parts, e.g. 1000:10")?;
        let (n_rows, n_parts): (u64, u32) = (n_rows.parse()?, n_parts.parse()?);
        let place = tempfile::tempdir()?;
        let (parts, out) = (place.path().join("parts"), place.path().join("out"));
        write_parts(&parts, n_rows, n_parts, n_units)?;
        let program = std::env::current_exe()?;
        let child = Command::new(program).arg("merge").args([&parts, &out]).output()?;
        if !child.status.success() {
            return Err(String::from_utf8_lossy(&child.stderr).into());
        }
        println!(
            "| {n_rows} | {n_parts} | {n_units} | {} |",
            String::from_utf8_lossy(&child.stdout).trim().replace(' ', " | ")
        );
    }
    Ok(())
}

/// Merges, and prints seconds, MB at the most, pairs of near-duplicates, and a hash of the result.
fn merged(parts: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let found = merge(&[parts.to_owned()], &MergeConfig::default(), &OutputFolder::create(out, true)?)?;
    let seconds = begun.elapsed().as_secs_f64();
    let Merged::Whole(survey) = found else { return Err("expected all shards".into()) };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    let peak_mb = peak.and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0;
    // their hashes are those of all tables
    let hash =
        sha256([std::fs::read(out.join("survey.json"))?, std::fs::read(out.join("part.json"))?].concat());
    // user and system time in hundredths of a second, after the name in parentheses
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let processor_s = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0;
    println!("{seconds:.1} {processor_s:.1} {peak_mb:.0} {} {}", survey.n_near_duplicates, &hash[..16]);
    Ok(())
}

fn write_parts(folder: &Path, n_rows: u64, n_parts: u32, n_units: usize) -> Result<(), Box<dyn Error>> {
    let header = SurveyHeader {
        schema_version: 1,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        network_sha256: sha256("a network"),
        device: "cpu".to_owned(),
        data_bar: DataBarChoice::Keep,
        layers: vec![SurveyLayer {
            name: "encoder.1".to_owned(),
            n_channels: n_units,
            stride_px: 2,
            first_field_px: Some([-1, 3]),
            classes: Vec::new(),
        }],
        data_sha256: sha256("a list of files"),
        n_micrographs: n_rows as usize,
    };
    let mut rows_of = vec![Vec::new(); n_parts as usize];
    for index in 0..n_rows {
        let hash = sha256(index.to_string());
        let bits = u64::from_str_radix(&hash[..16], 16)?;
        rows_of[(bits % u64::from(n_parts)) as usize].push((hash, index));
    }
    for (place, rows) in rows_of.iter_mut().enumerate() {
        rows.sort();
        let shard = Shard::new(place as u32 + 1, n_parts)?;
        let part = folder.join(format!("{place:05}"));
        std::fs::create_dir_all(&part)?;
        let bytes = table(rows, n_units)?;
        let hash = sha256(&bytes);
        let file = format!("rows-{}.parquet", &hash[..16]);
        std::fs::write(part.join(&file), &bytes)?;
        let manifest = serde_json::json!({
            "header": header,
            "instruction_sets": ["made up"],
            "shards": [shard],
            "complete": true,
            "tables": [{ "file": file, "sha256": hash, "n_micrographs": rows.len() }],
            "skipped": [],
        });
        std::fs::write(part.join("part.json"), serde_json::to_vec(&manifest)?)?;
    }
    Ok(())
}

/// A table of rows, each by its content and number.
fn table(rows: &[(String, u64)], n_units: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let properties = WriterProperties::builder().build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let name = |index: u64| ByteArray::from(format!("folder {}/{index:08}.png", index % 7).into_bytes());
    let names: Vec<ByteArray> = rows.iter().map(|row| name(row.1)).collect();
    let hashes: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(row.0.as_str())).collect();
    let class = |index: u64| if index.is_multiple_of(2) { "fibres" } else { "particles" };
    let classes: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(class(row.1))).collect();
    let there = vec![1; rows.len()];
    column::<ByteArrayType>(&mut group, &names, None, None)?;
    column::<ByteArrayType>(&mut group, &hashes, None, None)?;
    column::<ByteArrayType>(&mut group, &classes, Some(&there), None)?;
    column::<ByteArrayType>(&mut group, &names, None, None)?;
    column::<Int32Type>(&mut group, &vec![768; rows.len()], None, None)?;
    column::<Int32Type>(&mut group, &vec![1024; rows.len()], None, None)?;
    column::<DoubleType>(&mut group, &vec![1.25; rows.len()], Some(&there), None)?;
    column::<Int32Type>(&mut group, &vec![0; rows.len()], None, None)?;
    let thumbnails: Vec<_> = rows.iter().map(|row| thumbnail(row.1).into()).collect();
    column::<FixedLenByteArrayType>(&mut group, &thumbnails, None, None)?;
    let mut lists: [Vec<f32>; 2] = Default::default();
    let mut positions: [Vec<i32>; 2] = Default::default();
    for &(_, index) in rows {
        let mut stream = Stream::new(3, "activations", index);
        for _ in 0..n_units {
            // as after a rectifier; 16 bits of position and mean from one draw
            let bits = stream.bits();
            lists[0].push(((bits >> 40) as f32 / (1 << 22) as f32 - 1.0).max(0.0));
            lists[1].push((bits & 0xffff) as f32 / 65536.0);
            positions[0].push((bits >> 16) as i32 & 0xffff);
            positions[1].push((bits >> 24) as i32 & 0xffff);
        }
    }
    positions.iter_mut().flatten().for_each(|at| *at %= POSITIONS as i32);
    let n_values = rows.len() * n_units;
    let repeated: Vec<i16> = (0..n_values).map(|place| i16::from(place % n_units != 0)).collect();
    let (there, repeated) = (vec![1; n_values], Some(&repeated[..]));
    column::<FloatType>(&mut group, &lists[0], Some(&there), repeated)?;
    column::<Int32Type>(&mut group, &positions[0], Some(&there), repeated)?;
    column::<Int32Type>(&mut group, &positions[1], Some(&there), repeated)?;
    column::<FloatType>(&mut group, &lists[1], Some(&there), repeated)?;
    group.close()?;
    Ok(writer.into_inner()?)
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    there: Option<&[i16]>,
    repeated: Option<&[i16]>,
) -> Result<(), Box<dyn Error>> {
    let mut column = group.next_column()?.ok_or("expected a further column")?;
    column.typed::<T>().write_batch(values, there, repeated)?;
    Ok(column.close()?)
}

/// The 64 × 64 grey levels of micrograph `index`.
fn thumbnail(index: u64) -> Vec<u8> {
    let is_copy = index % 100 == 99;
    let scene = if is_copy { index - 1 } else { index };
    let mut stream = Stream::new(11, "scene", scene);
    let wave = |k: usize, at: usize| (PI * k as f64 * (at as f64 + 0.5) / SIDE as f64).cos();
    let mut columns = vec![[0.0; FREQUENCIES]; SIDE];
    for (ky, kx) in (1..FREQUENCIES * FREQUENCIES).map(|k| (k / FREQUENCIES, k % FREQUENCIES)) {
        let amplitude = stream.normal() / (kx as f64).hypot(ky as f64);
        for (y, sums) in columns.iter_mut().enumerate() {
            sums[kx] += amplitude * wave(ky, y);
        }
    }
    let has_lines = scene % 4 == 0;
    let (pitch, phase) = (stream.between(4.0, 16.0), stream.uniform());
    let mut noise = Stream::new(12, "noise", index);
    let mut values = Vec::new();
    for sums in &columns {
        for x in 0..SIDE {
            let lines = if has_lines { 2.0 * (TAU * (x as f64 / pitch + phase)).sin() } else { 0.0 };
            let smooth: f64 = sums.iter().enumerate().map(|(k, sum)| sum * wave(k, x)).sum();
            values.push(smooth + lines + 0.3 * noise.normal());
        }
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let levels = if is_copy { 180.0 } else { 255.0 };
    values.into_iter().map(|value| ((value - low) / (high - low) * levels).round() as u8).collect()
}
