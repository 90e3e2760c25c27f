//! Object table: a row of CSV for each particle, fibre or pore of an image, in px and, where the image is calibrated, in nm;
//! and the histogram of their sizes.

use micrograph::measure::count::Region as Counted;
use micrograph::measure::fibers::{Fiber, Fibers};
use micrograph::measure::{Measured, Report, Task, Unit};
use micrograph::regions::Region;
use micrograph::{Calibration, ObjectKind};
use serde::{Deserialize, Serialize};

use super::objects::{BY_SEGMENTER, Outlined, WITHOUT_NETWORK, task_of};
use crate::output::{csv_line, csv_text, text_cell};

/// Headings of the table; in that of a folder the name of the image comes first.
pub(super) const HEAD: [&str; 22] = [
    "object",
    "kind",
    "found by",
    "x [px]",
    "y [px]",
    "diameter [px]",
    "diameter [nm]",
    "area [px2]",
    "area [nm2]",
    "longest Feret [px]",
    "longest Feret [nm]",
    "shortest Feret [px]",
    "shortest Feret [nm]",
    "length [px]",
    "length [nm]",
    "axis [deg]",
    "circularity",
    "aspect ratio",
    "touching",
    "cut by the border",
    "confidence",
    "nm per px",
];

/// Name of the table of the objects of image `name`.
pub fn objects_table_name(name: &str) -> String {
    format!("{name}.objects.csv")
}

/// The distribution of the sizes of one kind of objects in an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeHistogram {
    /// The objects.
    pub what: ObjectKind,
    /// What found them: `segmenter` or `without a network`.
    pub way: String,
    /// Of the diameters: nm where the image is calibrated, else px.
    pub unit: Unit,
    /// How many diameters there are: of particles and pores that are whole, or of fibres.
    pub n: usize,
    /// From the smallest diameter on, each as wide as the next.
    pub bins: Vec<HistogramBin>,
}

/// A bin of a [`SizeHistogram`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistogramBin {
    /// Least diameter.
    pub from: f64,
    /// Largest diameter.
    pub to: f64,
    /// Share of the objects, of fibres of their length, in `[0, 1]`; the sum of all is 1.
    pub share: f64,
}

/// The objects behind the answers of a report, as rows and histograms.
pub(super) struct Objects {
    pub csv: Option<String>,
    pub histograms: Vec<SizeHistogram>,
}

impl Objects {
    /// Of what a segmenter `outlined`, and of `measured` where that has no answer for a kind.
    pub(super) fn of(measured: &Measured, outlined: &[Outlined]) -> Self {
        let Measured { report, details } = measured;
        let (mut rows, mut histograms) = (Vec::new(), Vec::new());
        let pixel = Pixel::of(report);
        for one in outlined.iter().filter(|one| one.is_answer) {
            match &one.fibers {
                Some(fibers) => {
                    rows.extend(fibers.each().iter().map(|fiber| pixel.of_fiber(fiber, BY_SEGMENTER)));
                    histograms.push(pixel.of_fibers(fibers, BY_SEGMENTER));
                }
                None => {
                    rows.extend(one.regions.iter().map(|region| pixel.of_region(region, one.what)));
                    histograms.extend(of_sizes(one));
                }
            }
        }
        let answered = |what: ObjectKind| {
            let task = task_of(what);
            let has = |task: Task| report.answers.iter().any(|own| own.task == task && !own.is_refused());
            has(task) && !outlined.iter().any(|one| one.what == what && one.is_answer)
        };
        if let Some(count) = details.count.as_ref().filter(|_| answered(ObjectKind::Particle)) {
            rows.extend(count.regions.iter().map(|region| pixel.of_counted(region, ObjectKind::Particle)));
            let bins = count.sizes.iter().map(|bin| (bin.from_px, bin.to_px, bin.share));
            histograms.push(pixel.histogram(ObjectKind::Particle, WITHOUT_NETWORK, count.n_whole, bins));
        }
        if let Some(fibers) = details.fibers.as_ref().filter(|_| answered(ObjectKind::Fiber)) {
            rows.extend(fibers.each().iter().map(|fiber| pixel.of_fiber(fiber, WITHOUT_NETWORK)));
            histograms.push(pixel.of_fibers(fibers, WITHOUT_NETWORK));
        }
        if let Some(pores) = details.pores.as_ref().filter(|_| answered(ObjectKind::Pore)) {
            rows.extend(pores.regions.iter().map(|region| pixel.of_counted(region, ObjectKind::Pore)));
            let bins = pores.sizes.iter().map(|bin| (bin.from_px, bin.to_px, bin.share));
            histograms.push(pixel.histogram(ObjectKind::Pore, WITHOUT_NETWORK, pores.n_whole, bins));
        }
        let numbered = rows.into_iter().enumerate().map(|(index, mut row)| {
            row[0] = (index + 1).to_string();
            row
        });
        let rows: Vec<Vec<String>> = numbered.collect();
        Self { csv: (!rows.is_empty()).then(|| csv_text(&HEAD, rows.into_iter())), histograms }
    }
}

/// From px to the cells of a row.
struct Pixel<'a> {
    calibration: Option<&'a Calibration>,
    /// Where lengths of regions can be given in nm.
    nm: Option<f64>,
}

impl<'a> Pixel<'a> {
    fn of(report: &'a Report) -> Self {
        let nm = report.region_nm_per_px();
        Self { calibration: report.calibration.as_ref().filter(|_| nm.is_some()), nm }
    }

    /// A length in px and in nm.
    fn both(&self, px: f64) -> [String; 2] {
        [px.to_string(), self.nm.map(|nm| (px * nm).to_string()).unwrap_or_default()]
    }

    fn row(&self, what: ObjectKind, way: &str, [x, y]: [f64; 2]) -> Vec<String> {
        let mut row = vec![String::new(); HEAD.len()];
        row[1] = what.singular().to_owned();
        row[2] = way.to_owned();
        row[3..5].clone_from_slice(&[x.to_string(), y.to_string()]);
        row[21] = self.nm.map(|nm| nm.to_string()).unwrap_or_default();
        row
    }

    fn put(&self, row: &mut [String], at: usize, px: f64) {
        row[at..at + 2].clone_from_slice(&self.both(px));
    }

    fn area(&self, row: &mut [String], px: usize) {
        let nm2 = self.nm.map(|nm| (px as f64 * nm * nm).to_string());
        row[7..9].clone_from_slice(&[px.to_string(), nm2.unwrap_or_default()]);
    }

    fn of_region(&self, region: &Region, what: ObjectKind) -> Vec<String> {
        let mut row = self.row(what, BY_SEGMENTER, [region.x, region.y]);
        self.put(&mut row, 5, region.diameter_px);
        self.area(&mut row, region.area_px);
        self.put(&mut row, 9, region.feret_max_px);
        self.put(&mut row, 11, region.feret_min_px);
        row[15] = region.feret_max_deg.to_string();
        row[16] = region.circularity.to_string();
        row[17] = region.aspect_ratio.to_string();
        row[18] = region.n_touching.to_string();
        row[19] = yes(region.cut_by_border);
        row[20] = region.confidence.map(|value| value.to_string()).unwrap_or_default();
        row
    }

    fn of_counted(&self, region: &Counted, what: ObjectKind) -> Vec<String> {
        // centres of pixels are at halves in the table, as in those of `segment`
        let mut row = self.row(what, WITHOUT_NETWORK, [region.x + 0.5, region.y + 0.5]);
        self.put(&mut row, 5, region.diameter_px);
        self.area(&mut row, region.area_px);
        row[16] = region.circularity.to_string();
        row[19] = yes(!region.sides.none());
        row
    }

    fn of_fiber(&self, fiber: &Fiber, way: &str) -> Vec<String> {
        let mut row = self.row(ObjectKind::Fiber, way, [fiber.x + 0.5, fiber.y + 0.5]);
        self.put(&mut row, 5, fiber.diameter_px);
        self.put(&mut row, 13, fiber.length_px);
        row[15] = fiber.axis_deg.to_string();
        row
    }

    fn of_fibers(&self, fibers: &Fibers, way: &str) -> SizeHistogram {
        let bins = fibers.diameters.iter().map(|bin| (bin.from_px, bin.to_px, bin.share));
        self.histogram(ObjectKind::Fiber, way, fibers.n_fibers, bins)
    }

    fn histogram(
        &self,
        what: ObjectKind,
        way: &str,
        n: usize,
        bins: impl Iterator<Item = (f64, f64, f64)>,
    ) -> SizeHistogram {
        let factor = self.calibration.map_or(1.0, |pixel| pixel.nm_per_px_x);
        SizeHistogram {
            what,
            way: way.to_owned(),
            unit: if self.calibration.is_some() { Unit::Nm } else { Unit::Px },
            n,
            bins: bins
                .map(|(from, to, share)| HistogramBin { from: factor * from, to: factor * to, share })
                .collect(),
        }
    }
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// The histogram of outlined particles or pores; `None` without whole ones.
fn of_sizes(one: &Outlined) -> Option<SizeHistogram> {
    let sizes = one.sizes.as_ref().filter(|sizes| !sizes.bins.is_empty())?;
    let bins = sizes.bins.iter().map(|bin| HistogramBin { from: bin.from, to: bin.to, share: bin.share });
    Some(SizeHistogram {
        what: one.what,
        way: BY_SEGMENTER.to_owned(),
        unit: sizes.unit,
        n: sizes.n_whole,
        bins: bins.collect(),
    })
}

/// Name of the table of the objects of all images of a folder.
pub const ALL_OBJECTS: &str = "objects.csv";

/// One table of `tables`, those of images by their names, with the image in the first column.
pub fn all_objects_csv(tables: &[(String, String)]) -> String {
    let head: Vec<String> = ["image"].iter().chain(&HEAD).map(|name| (*name).to_owned()).collect();
    let mut text = csv_line(&head);
    for (name, table) in tables {
        let cell = csv_line(&[text_cell(name)]);
        for line in table.lines().skip(1) {
            text += cell.trim_end();
            text += ",";
            text += line;
            text += "\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_folder_has_each_row_of_its_images_after_their_names() {
        let row = |object: &str| vec![object.to_owned(); HEAD.len()];
        let table = |rows: Vec<Vec<String>>| csv_text(&HEAD, rows.into_iter());
        let tables =
            [("a, b".to_owned(), table(vec![row("1"), row("2")])), ("=c".to_owned(), table(vec![row("3")]))];
        let text = all_objects_csv(&tables);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("image,object,kind,found by,x [px]"), "{}", lines[0]);
        assert!(lines[2].starts_with("\"a, b\",2,2,") && lines[3].starts_with("'=c,3,3,"), "{text}");
    }
}
