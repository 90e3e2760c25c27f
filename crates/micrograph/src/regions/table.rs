//! Table: regions as rows and columns, for CSV files and spreadsheets.
//!
//! Headings have the unit in brackets, in plain letters (`[px2]`), which spreadsheets read right whatever they take the
//! file for. Columns in nanometres are there with a calibration.

use serde::Serialize;

use crate::Calibration;

use super::Region;
use super::region::RegionNm;

/// Rows of cells below their headings; quotes are for the writer of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegionTable {
    /// A heading for each column.
    pub head: Vec<String>,
    /// A row for each region, with as many cells; empty where there is no value.
    pub rows: Vec<Vec<String>>,
}

/// What a column holds.
enum Column {
    Px(&'static str, fn(&Region) -> Option<f64>),
    Nm(&'static str, fn(&RegionNm) -> Option<f64>),
}

const COLUMNS: &[Column] = &[
    Column::Px("region", |region| Some(f64::from(region.label))),
    Column::Nm("equivalent diameter [nm]", |nm| Some(nm.diameter_nm)),
    Column::Px("equivalent diameter [px]", |region| Some(region.diameter_px)),
    Column::Nm("area [nm2]", |nm| Some(nm.area_nm2)),
    Column::Px("area [px2]", |region| Some(region.area_px as f64)),
    Column::Nm("Feret max [nm]", |nm| nm.feret_max_nm),
    Column::Px("Feret max [px]", |region| Some(region.feret_max_px)),
    Column::Nm("Feret min [nm]", |nm| nm.feret_min_nm),
    Column::Px("Feret min [px]", |region| Some(region.feret_min_px)),
    Column::Px("Feret max axis [deg]", |region| Some(region.feret_max_deg)),
    Column::Px("aspect ratio", |region| Some(region.aspect_ratio)),
    Column::Nm("perimeter [nm]", |nm| nm.perimeter_nm),
    Column::Px("perimeter [px]", |region| Some(region.perimeter_px)),
    Column::Px("circularity", |region| Some(region.circularity)),
    Column::Px("solidity", |region| Some(region.solidity)),
    Column::Nm("x [nm]", |nm| Some(nm.x_nm)),
    Column::Px("x [px]", |region| Some(region.x)),
    Column::Nm("y [nm]", |nm| Some(nm.y_nm)),
    Column::Px("y [px]", |region| Some(region.y)),
    Column::Px("mean grey", |region| region.mean_grey),
    Column::Px("touching regions", |region| Some(region.n_touching as f64)),
    Column::Px("cut by border", |region| Some(f64::from(u8::from(region.cut_by_border)))),
    Column::Px("confidence", |region| region.confidence.map(f64::from)),
];

/// The table of `regions`, in nm, too, with a calibration.
pub fn table(regions: &[Region], calibration: Option<&Calibration>) -> RegionTable {
    let columns =
        || COLUMNS.iter().filter(|column| calibration.is_some() || matches!(column, Column::Px(..)));
    let head = columns().map(|column| match column {
        Column::Px(heading, _) | Column::Nm(heading, _) => (*heading).to_owned(),
    });
    let row = |region: &Region| {
        let nm = calibration.map(|calibration| region.in_nm(calibration));
        let value = |column: &Column| match column {
            Column::Px(_, of) => of(region),
            Column::Nm(_, of) => nm.as_ref().and_then(*of),
        };
        columns().map(|column| value(column).map(|value| value.to_string()).unwrap_or_default()).collect()
    };
    RegionTable { head: head.collect(), rows: regions.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CalibrationSource;
    use crate::regions::labels::tests::labels;
    use crate::regions::regions;

    #[test]
    fn each_cell_stands_below_its_heading() {
        let all = regions(&labels(&["....2", ".11..", ".11..", "....."]), None).unwrap();
        let calibration = Calibration::square(10.0, CalibrationSource::Typed);
        for calibration in [None, Some(&calibration)] {
            let table = table(&all, calibration);
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
            let cell = |heading: &str| {
                let at = table.head.iter().position(|own| own == heading);
                at.map(|at| table.rows[1][at].as_str())
            };
            assert_eq!(
                (cell("region"), cell("area [px2]"), cell("cut by border")),
                (Some("2"), Some("4"), Some("0"))
            );
            assert_eq!(
                (cell("mean grey"), cell("confidence"), cell("x [px]")),
                (Some(""), Some(""), Some("2"))
            );
            assert_eq!(cell("Feret min [nm]"), calibration.map(|_| "20"));
            assert_eq!(cell("area [nm2]"), calibration.map(|_| "400"));
        }
    }

    #[test]
    fn every_measure_of_a_region_has_a_column() {
        let region = &regions(&labels(&["1"]), None).unwrap()[0];
        let json = serde_json::to_value(region).unwrap();
        // the rectangle around it is in the outlines
        let n_fields = json.as_object().unwrap().len() - 1;
        assert_eq!(COLUMNS.iter().filter(|column| matches!(column, Column::Px(..))).count(), n_fields);
    }
}
