//! Rows as a Parquet table, one row a micrograph; read by pandas, polars, `DuckDB`, R.
//!
//! Activations are lists over all units, layers in turn: the largest of each, where it is, and the mean.

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

use super::row::{Facts, Key, Row};
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
    let categories = rows.iter().map(|(_, row)| row.facts.category.as_deref().map(ByteArray::from));
    optional::<ByteArrayType>(&mut group, categories.collect())?;
    plain::<ByteArrayType>(&mut group, &texts(&|(_, row)| row.facts.group.clone()))?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.facts.height))?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.facts.width))?;
    optional::<DoubleType>(&mut group, rows.iter().map(|(_, row)| row.facts.nm_per_px).collect())?;
    plain::<Int32Type>(&mut group, &whole(&|row| row.facts.data_bar_px))?;
    let print = |row: &Row| FixedLenByteArray::from(row.thumbnail.clone());
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

/// The columns of a table, read.
pub(super) struct Table {
    files: Vec<String>,
    hashes: Vec<String>,
    categories: Vec<Option<ByteArray>>,
    groups: Vec<String>,
    heights: Vec<i32>,
    widths: Vec<i32>,
    nm_per_px: Vec<Option<f64>>,
    bars: Vec<i32>,
    thumbnails: Vec<FixedLenByteArray>,
    largest: Vec<f32>,
    ys: Vec<i32>,
    xs: Vec<i32>,
    means: Vec<f32>,
    n_units: usize,
}

impl Table {
    /// The tables that the groups of `bytes` hold; each row has peaks of `n_units`.
    pub(super) fn read(bytes: Vec<u8>, n_units: usize) -> Result<Vec<Self>, ParquetError> {
        let reader = SerializedFileReader::new(Bytes::from(bytes))?;
        let expected = parse_message_type(SCHEMA)?;
        if reader.metadata().file_metadata().schema() != &expected {
            return Err(ParquetError::General("has other columns than a part of a survey".to_owned()));
        }
        (0..reader.num_row_groups())
            .map(|index| Self::of_group(&*reader.get_row_group(index)?, n_units))
            .collect()
    }

    fn of_group(group: &dyn RowGroupReader, n_units: usize) -> Result<Self, ParquetError> {
        let n = group.metadata().num_rows() as usize;
        let table = Self {
            files: texts(group, 0)?,
            hashes: texts(group, 1)?,
            categories: column::<ByteArrayType>(group, 2)?.spread(),
            groups: texts(group, 3)?,
            heights: whole(group, 4)?,
            widths: whole(group, 5)?,
            nm_per_px: column::<DoubleType>(group, 6)?.spread(),
            bars: whole(group, 7)?,
            thumbnails: column::<FixedLenByteArrayType>(group, 8)?.values,
            largest: column::<FloatType>(group, 9)?.values,
            ys: column::<Int32Type>(group, 10)?.values,
            xs: column::<Int32Type>(group, 11)?.values,
            means: column::<FloatType>(group, 12)?.values,
            n_units,
        };
        let lengths = [table.largest.len(), table.ys.len(), table.xs.len(), table.means.len()];
        if lengths != [n * n_units; 4] {
            let text = format!("{lengths:?} activations, expected {n} rows of {n_units}");
            return Err(ParquetError::General(text));
        }
        Ok(table)
    }

    pub(super) fn n_rows(&self) -> usize {
        self.files.len()
    }

    /// Row `row`, of the folder `from`.
    pub(super) fn row(&self, row: usize, from: &Arc<Path>) -> Result<(Key, Row), ParquetError> {
        let thumbnail = self.thumbnails[row].data().to_vec();
        if thumbnail.len() != Fingerprint::N_BYTES {
            return Err(ParquetError::General(format!("row {row}: no thumbnail")));
        }
        let peak = |at: usize| Peak {
            value: self.largest[at],
            y: self.ys[at] as u32,
            x: self.xs[at] as u32,
            mean: self.means[at],
        };
        let facts = Facts {
            category: self.categories[row].as_ref().map(text).transpose()?,
            group: self.groups[row].clone(),
            height: self.heights[row] as usize,
            width: self.widths[row] as usize,
            nm_per_px: self.nm_per_px[row],
            data_bar_px: self.bars[row] as usize,
            from: Arc::clone(from),
        };
        let peaks = (row * self.n_units..(row + 1) * self.n_units).map(peak).collect();
        let key = Key { sha256: self.hashes[row].clone(), file: self.files[row].clone() };
        Ok((key, Row { facts, thumbnail, peaks }))
    }
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
