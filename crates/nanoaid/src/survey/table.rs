//! Rows as a Parquet table, one row a micrograph; read by pandas, polars, `DuckDB`, R.
//!
//! Activations are lists over all units, layers in turn: the largest of each, where it is, and the mean.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::row::{Key, Row};
use crate::data::dataset::Fingerprint;
use crate::interpret::exemplar::Peak;

/// Names and types of the columns; the thumbnail has 64 × 64 bytes.
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

/// The table of `rows`, in their order; each has peaks of `n_units`.
pub(super) fn bytes(rows: &[(&Key, &Row)], n_units: usize) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_created_by("NanoAID".to_owned())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_dictionary_enabled(ColumnPath::from("thumbnail"), false)
        .set_column_encoding(ColumnPath::from("thumbnail"), Encoding::PLAIN)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let texts = |text: &dyn Fn(&(&Key, &Row)) -> String| -> Vec<ByteArray> {
        rows.iter().map(|row| text(row).into_bytes().into()).collect()
    };
    let whole = |number: &dyn Fn(&Row) -> usize| -> Vec<i32> {
        rows.iter().map(|(_, row)| number(row) as i32).collect()
    };
    plain::<ByteArrayType>(&mut group, &texts(&|(key, _)| key.file.clone()))?;
    plain::<ByteArrayType>(&mut group, &texts(&|(key, _)| key.sha256.clone()))?;
    let categories = rows.iter().map(|(_, row)| row.category.as_deref().map(ByteArray::from));
    optional::<ByteArrayType>(&mut group, categories.collect())?;
    plain::<ByteArrayType>(&mut group, &texts(&|(_, row)| row.group.clone()))?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.height))?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.width))?;
    optional::<DoubleType>(&mut group, rows.iter().map(|(_, row)| row.nm_per_px).collect())?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.data_bar_px))?;
    let print = |row: &Row| FixedLenByteArray::from(row.print.bytes().to_vec());
    let prints: Vec<FixedLenByteArray> = rows.iter().map(|(_, row)| print(row)).collect();
    plain::<FixedLenByteArrayType>(&mut group, &prints)?;
    let peaks = || rows.iter().flat_map(|(_, row)| &row.peaks);
    lists::<FloatType>(&mut group, &peaks().map(|peak| peak.value).collect::<Vec<_>>(), n_units)?;
    lists::<Int32Type>(&mut group, &peaks().map(|peak| peak.y as i32).collect::<Vec<_>>(), n_units)?;
    lists::<Int32Type>(&mut group, &peaks().map(|peak| peak.x as i32).collect::<Vec<_>>(), n_units)?;
    lists::<FloatType>(&mut group, &peaks().map(|peak| peak.mean).collect::<Vec<_>>(), n_units)?;
    group.close()?;
    writer.into_inner()
}

type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

fn write<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    levels: (Option<&[i16]>, Option<&[i16]>),
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("there is a column for each that is written");
    column.typed::<T>().write_batch(values, levels.0, levels.1)?;
    column.close()
}

fn plain<T: DataType>(group: &mut Group<'_>, values: &[T::T]) -> Result<(), ParquetError> {
    write::<T>(group, values, (None, None))
}

fn optional<T: DataType>(group: &mut Group<'_>, values: Vec<Option<T::T>>) -> Result<(), ParquetError> {
    let there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    write::<T>(group, &values, (Some(&there), None))
}

/// Lists of `n_units` values each.
fn lists<T: DataType>(group: &mut Group<'_>, values: &[T::T], n_units: usize) -> Result<(), ParquetError> {
    let repeated: Vec<i16> = (0..values.len()).map(|index| i16::from(index % n_units != 0)).collect();
    write::<T>(group, values, (Some(&vec![1; values.len()]), Some(&repeated)))
}

/// The rows of a table in the folder `from`; each has peaks of `n_units`.
pub(super) fn rows(
    bytes: Vec<u8>,
    n_units: usize,
    from: &Arc<Path>,
) -> Result<BTreeMap<Key, Row>, ParquetError> {
    let reader = SerializedFileReader::new(Bytes::from(bytes))?;
    let expected = parse_message_type(SCHEMA)?;
    if reader.metadata().file_metadata().schema() != &expected {
        return Err(ParquetError::General("has other columns than a part of a survey".to_owned()));
    }
    let mut rows = BTreeMap::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let group = &*group;
        let n = group.metadata().num_rows() as usize;
        let (files, hashes) = (texts(group, 0)?, texts(group, 1)?);
        let (categories, groups) = (column::<ByteArrayType>(group, 2)?, texts(group, 3)?);
        let (heights, widths) = (whole(group, 4)?, whole(group, 5)?);
        let (nm_per_px, bars) = (column::<DoubleType>(group, 6)?, whole(group, 7)?);
        let prints = column::<FixedLenByteArrayType>(group, 8)?;
        let (largest, ys) = (column::<FloatType>(group, 9)?.values, column::<Int32Type>(group, 10)?.values);
        let (xs, means) = (column::<Int32Type>(group, 11)?.values, column::<FloatType>(group, 12)?.values);
        let lengths = [largest.len(), ys.len(), xs.len(), means.len()];
        if lengths != [n * n_units; 4] {
            let text = format!("{lengths:?} activations, expected {n} rows of {n_units}");
            return Err(ParquetError::General(text));
        }
        let categories = categories.spread();
        let nm_per_px = nm_per_px.spread();
        for row in 0..n {
            let print = prints.values[row].data();
            let Some(print) = Fingerprint::from_bytes(print) else {
                return Err(ParquetError::General(format!("row {row}: no thumbnail")));
            };
            let peak =
                |at: usize| Peak { value: largest[at], y: ys[at] as u32, x: xs[at] as u32, mean: means[at] };
            let key = Key { sha256: hashes[row].clone(), file: files[row].clone() };
            let found = Row {
                category: categories[row].as_ref().map(text).transpose()?,
                group: groups[row].clone(),
                height: heights[row] as usize,
                width: widths[row] as usize,
                nm_per_px: nm_per_px[row],
                data_bar_px: bars[row] as usize,
                print,
                peaks: (row * n_units..(row + 1) * n_units).map(peak).collect(),
                from: Arc::clone(from),
            };
            if rows.insert(key, found).is_some() {
                return Err(ParquetError::General(format!("{} is there twice", files[row])));
            }
        }
    }
    Ok(rows)
}

/// What a column holds.
struct Column<T> {
    values: Vec<T>,
    /// Whether there is a value in each row; empty where there always is.
    there: Vec<i16>,
}

impl<T: Clone> Column<T> {
    /// A value or none for each row.
    fn spread(self) -> Vec<Option<T>> {
        let mut values = self.values.into_iter();
        self.there.iter().map(|&there| if there > 0 { values.next() } else { None }).collect()
    }
}

fn column<T: DataType>(group: &dyn RowGroupReader, index: usize) -> Result<Column<T::T>, ParquetError> {
    let reader: ColumnReader = group.get_column_reader(index)?;
    let mut reader = get_typed_column_reader::<T>(reader);
    let n = group.metadata().num_rows() as usize;
    let (mut values, mut there, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    let mut done = 0;
    while done < n {
        let (records, _, _) =
            reader.read_records(n - done, Some(&mut there), Some(&mut repeated), &mut values)?;
        if records == 0 {
            return Err(ParquetError::General(format!("column {index}: {done} rows, expected {n}")));
        }
        done += records;
    }
    Ok(Column { values, there })
}

fn texts(group: &dyn RowGroupReader, index: usize) -> Result<Vec<String>, ParquetError> {
    column::<ByteArrayType>(group, index)?.values.iter().map(text).collect()
}

fn text(bytes: &ByteArray) -> Result<String, ParquetError> {
    Ok(bytes.as_utf8()?.to_owned())
}

fn whole(group: &dyn RowGroupReader, index: usize) -> Result<Vec<i32>, ParquetError> {
    Ok(column::<Int32Type>(group, index)?.values)
}
