//! The answers to some micrographs as a Parquet table, one row for each micrograph, layer and
//! channel; read by pandas, polars, `DuckDB`, R.

use std::sync::Arc;

use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::Looked;
use crate::Layer;
use crate::interpret::exemplar::Peak;

/// Names and types of the columns.
const SCHEMA: &str = "message answers {
    required binary file (STRING);
    required binary layer (STRING);
    required int32 channel;
    required float largest;
    required int32 row;
    required int32 column;
    required float mean;
}";

/// The table of `looked`: micrographs in turn, of each the layers in turn, of each its channels.
pub(super) fn bytes(looked: &[Looked], layers: &[Layer]) -> Result<Vec<u8>, ParquetError> {
    let rows = || {
        looked.iter().flat_map(|looked| {
            let of_layer = looked.peaks.iter().zip(layers);
            of_layer.flat_map(move |(peaks, layer)| {
                peaks.iter().enumerate().map(move |(channel, peak)| (looked, layer, channel, peak))
            })
        })
    };
    let files: Vec<ByteArray> = rows().map(|(looked, ..)| looked.seen.file.as_str().into()).collect();
    let names: Vec<ByteArray> = rows().map(|(_, layer, ..)| layer.name.as_str().into()).collect();
    let channels: Vec<i32> = rows().map(|(.., channel, _)| channel as i32).collect();
    let largest: Vec<f32> = rows().map(|(.., peak)| peak.value).collect();
    let ys: Vec<i32> = rows().map(|(.., peak)| peak.y as i32).collect();
    let xs: Vec<i32> = rows().map(|(.., peak)| peak.x as i32).collect();
    let means: Vec<f32> = rows().map(|(.., peak)| peak.mean).collect();

    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_created_by("NanoAID".to_owned()).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    column::<ByteArrayType>(&mut group, &files)?;
    column::<ByteArrayType>(&mut group, &names)?;
    column::<Int32Type>(&mut group, &channels)?;
    column::<FloatType>(&mut group, &largest)?;
    column::<Int32Type>(&mut group, &ys)?;
    column::<Int32Type>(&mut group, &xs)?;
    column::<FloatType>(&mut group, &means)?;
    group.close()?;
    writer.into_inner()
}

/// Writes the next column.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("there is a column for each that is written");
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

/// The peaks of a table, in its order. What micrograph, layer and channel each belongs to follows
/// from the order, which the manifest vouches for by the file's hash.
pub(super) fn peaks(bytes: Vec<u8>) -> Result<Vec<Peak>, ParquetError> {
    let reader = SerializedFileReader::new(Bytes::from(bytes))?;
    let mut peaks = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let n_rows = group.metadata().num_rows() as usize;
        let (largest, ys, xs, means) =
            (floats(&*group, 3)?, integers(&*group, 4)?, integers(&*group, 5)?, floats(&*group, 6)?);
        if [largest.len(), ys.len(), xs.len(), means.len()] != [n_rows; 4] {
            return Err(ParquetError::General(format!("expected {n_rows} rows in every column")));
        }
        peaks.extend((0..n_rows).map(|row| Peak {
            value: largest[row],
            y: ys[row] as u32,
            x: xs[row] as u32,
            mean: means[row],
        }));
    }
    Ok(peaks)
}

fn floats(group: &dyn RowGroupReader, column: usize) -> Result<Vec<f32>, ParquetError> {
    let mut values = Vec::new();
    match group.get_column_reader(column)? {
        ColumnReader::FloatColumnReader(mut reader) => {
            reader.read_records(group.metadata().num_rows() as usize, None, None, &mut values)?;
            Ok(values)
        }
        _ => Err(ParquetError::General(format!("column {column}: expected floats"))),
    }
}

fn integers(group: &dyn RowGroupReader, column: usize) -> Result<Vec<i32>, ParquetError> {
    let mut values = Vec::new();
    match group.get_column_reader(column)? {
        ColumnReader::Int32ColumnReader(mut reader) => {
            reader.read_records(group.metadata().num_rows() as usize, None, None, &mut values)?;
            Ok(values)
        }
        _ => Err(ParquetError::General(format!("column {column}: expected integers"))),
    }
}
