//! Natural: micrographs of a data set as feature visualizations use them, for the mean spectrum and
//! for the way that images take through a network.
//!
//! Only the training split is looked at, prepared and without data bars, and of each micrograph the
//! middle, so that hundreds fit into memory.

use micrograph::{Plane, Rect, Source};
use rayon::prelude::*;

use crate::data::dataset::{Dataset, Entry, Origin, Split};
use crate::data::prepare;
use crate::interpret::visualize::path::{Means, Nearness, Paths, warning};
use crate::interpret::visualize::{ColorDirections, Objective, Spectrum, Warning};
use crate::{Address, Network};

/// Most rows and columns that are kept of a micrograph.
const MOST_PX: usize = 512;
/// Micrographs that are compared with a picture on each side.
const COMPARED: usize = 8;

/// The middles of micrographs.
pub struct Natural {
    planes: Vec<Plane>,
    /// Files that could not be read, with the reason.
    pub skipped: Vec<(String, String)>,
}

impl Natural {
    /// Reads the training split of `dataset`; of one category where it is given.
    pub fn of(dataset: &Dataset, category: Option<&str>) -> Self {
        let prepare = dataset.prepare_config();
        let entries: Vec<_> = of_category(dataset, category).collect();
        let read: Vec<_> = entries
            .par_iter()
            .map(|entry| match entry.plane(&prepare) {
                Ok(plane) => Ok(plane.middle(MOST_PX, MOST_PX)),
                Err(reason) => Err((entry.file.clone(), reason)),
            })
            .collect();
        let (planes, skipped) = parted(read);
        Self { planes, skipped }
    }

    /// How colors go together in the training split of `dataset`, without data bars; of one category
    /// where it is given. `None` if none of it has contrast. Beside it what was left out, with the
    /// reason: files of formats whose colors are not read, and synthetic micrographs, which are grey.
    pub fn colors(
        dataset: &Dataset,
        category: Option<&str>,
    ) -> (Option<ColorDirections>, Vec<(String, String)>) {
        let prepare = dataset.prepare_config();
        let entries: Vec<_> = of_category(dataset, category).collect();
        let read: Vec<_> = entries
            .par_iter()
            .map(|entry| {
                let Origin::File(path) = &entry.origin else {
                    return Err((entry.file.clone(), "synthetic, without colors".to_owned()));
                };
                let left_out = |error: &dyn std::error::Error| (entry.file.clone(), error.to_string());
                let source = Source::read(path).map_err(|error| left_out(&error))?;
                let colors =
                    micrograph::read::colors(&source, &prepare.read).map_err(|error| left_out(&error))?;
                let specimen = prepare::source(&source, &prepare).map_err(|error| left_out(&error))?.plane;
                // a data bar lies below
                let rect = Rect { y: 0, x: 0, height: specimen.height(), width: specimen.width() };
                Ok(colors.map(|plane| plane.crop(rect).middle(MOST_PX, MOST_PX)))
            })
            .collect();
        let (images, left_out) = parted(read);
        (ColorDirections::of(images.iter().map(|planes| planes.each_ref())), left_out)
    }

    /// The middles of prepared micrographs.
    pub fn of_planes<'a>(micrographs: impl IntoIterator<Item = &'a Plane>) -> Self {
        let planes = micrographs.into_iter().map(|plane| plane.middle(MOST_PX, MOST_PX));
        Self { planes: planes.collect(), skipped: Vec::new() }
    }

    /// The middles.
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// Their mean spectrum for images of `[height, width]`; `None` if none is so large.
    pub fn spectrum(&self, size: [usize; 2]) -> Option<Spectrum> {
        Spectrum::of(&self.planes, size)
    }

    /// The ways of all micrographs that are at least of `size` through `network` as far as `layer`;
    /// `None` for fewer than two.
    ///
    /// # Panics
    /// If there is no such layer, or its images are not grey.
    pub fn paths<'a>(&self, network: &'a Network, layer: &str, size: [usize; 2]) -> Option<NaturalPaths<'a>> {
        let paths = Paths::to(network, layer);
        let [height, width] = size;
        let large = self.planes.iter().filter(|plane| plane.height() >= height && plane.width() >= width);
        let means: Vec<Means> = large.map(|plane| paths.means(&[plane.middle(height, width)])).collect();
        (means.len() >= 2).then_some(NaturalPaths { paths, means })
    }
}

/// What was read, and what could not be.
fn parted<T, E>(read: Vec<Result<T, E>>) -> (Vec<T>, Vec<E>) {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for one in read {
        match one {
            Ok(value) => found.push(value),
            Err(reason) => failed.push(reason),
        }
    }
    (found, failed)
}

/// The training split of `dataset`; of one category where it is given.
fn of_category<'a>(dataset: &'a Dataset, category: Option<&'a str>) -> impl Iterator<Item = &'a Entry> {
    dataset
        .of(Split::Train)
        .filter(move |entry| category.is_none_or(|category| entry.category.as_deref() == Some(category)))
}

/// The ways of micrographs through a network.
pub struct NaturalPaths<'a> {
    paths: Paths<'a>,
    means: Vec<Means>,
}

impl NaturalPaths<'_> {
    /// How near `picture` is, layer by layer, to the micrographs that drive `channel` of the last
    /// layer most and to those that drive it least, and the warning that follows.
    pub fn compare(&self, picture: &[Plane], channel: usize) -> (Vec<Nearness>, Option<Warning>) {
        let mut order: Vec<&Means> = self.means.iter().collect();
        order.sort_by(|a, b| b.last(channel).total_cmp(&a.last(channel)));
        let n = COMPARED.min(order.len() / 2);
        let (driving, others) = (&order[..n], &order[order.len() - n..]);
        let nearness = self.paths.nearness(&self.paths.means(picture), driving, others);
        let warning = warning(&nearness);
        (nearness, warning)
    }
}

/// The layer and channel that an objective is about, if it is about one; a class's is its logit.
pub fn unit_of(objective: &Objective, network: &Network) -> Option<(String, usize)> {
    match objective {
        Objective::Unit(Address::Layer { layer, channel: Some(channel), .. })
        | Objective::Center { layer, channel }
        | Objective::Energy { layer, channel } => {
            network.layer_of_values(layer).ok().map(|layer| (layer.name.clone(), *channel))
        }
        Objective::Unit(Address::Class(label)) => {
            let class = network.classes()?.iter().position(|class| class == label)?;
            Some((network.layers().last()?.name.clone(), class))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use micrograph::data_bar::DataBarChoice;

    use super::*;
    use crate::data::dataset::DatasetConfig;
    use crate::interpret::visualize::tests::{gabor, planted_layers};

    /// Lines of 6 px along each of `axes_deg` over each other.
    fn lines(axes_deg: &[f64], phase: f64) -> Plane {
        Plane::from_fn(48, 56, |y, x| {
            let wave = |axis: &f64| {
                let (sin, cos) = axis.to_radians().sin_cos();
                (TAU * (x as f64 * sin + y as f64 * cos) / 6.0 + phase).cos()
            };
            (0.5 + 0.2 * axes_deg.iter().map(wave).sum::<f64>()) as f32
        })
    }

    /// Detectors of lines along the rows, the columns and both diagonals, and above them a unit that
    /// is driven by rows, by columns with this weight, and kept down where one diagonal is near.
    fn network(of_columns: f32) -> Network {
        let kernels = [0.0, 90.0, 45.0, -45.0].map(|axis| gabor(15, 6.0, axis));
        // 7 × 7, so that a diagonal keeps down what lies between its lines, too
        let place = |weight: f32| (0..49).map(|index| if index == 24 { weight } else { 0.0 }).collect();
        let around = |weight: f32| vec![weight / 49.0; 49];
        let above = [
            [place(1.0), place(of_columns), around(-12.0), place(0.0)].concat(),
            [place(0.0), place(0.0), place(1.0), place(0.0)].concat(),
            [place(0.0), place(0.0), place(0.0), place(1.0)].concat(),
        ];
        planted_layers(&[("parts", &kernels, &[0.0; 4]), ("unit", &above, &[0.0; 3])], true)
    }

    #[test]
    fn a_picture_that_takes_another_path_is_warned_of_and_one_that_does_not_is_not() {
        // micrographs of rows drive the unit; those with columns have a diagonal, too, and do not
        let driving = (0..6).map(|index| lines(&[0.0], f64::from(index)));
        let others = (0..6).map(|index| lines(&[90.0, 45.0], f64::from(index)));
        let micrographs: Vec<Plane> = driving.chain(others).collect();
        let natural = Natural::of_planes(&micrographs);
        // columns without a diagonal, which no micrograph has, drive the first unit most of all images
        // of one wave, and rows the second
        let (columns, rows) = (lines(&[90.0], 0.5), lines(&[0.0], 0.5));
        for (network, picture, expected) in [
            (network(3.0), &columns, Some(Warning::OtherPath { nearer: 1, layers: 2 })),
            (network(0.1), &rows, None),
        ] {
            let score = |plane: &Plane| network.maps(plane, "unit").unwrap()[0].mean();
            assert!(micrographs.iter().all(|plane| score(plane) < score(picture)), "it looks like a success");
            let paths = natural.paths(&network, "unit", [48, 56]).expect("there are micrographs");
            let (nearness, warning) = paths.compare(std::slice::from_ref(picture), 0);
            assert_eq!(warning, expected, "{nearness:?}");
            let names: Vec<&str> = nearness.iter().map(|layer| layer.layer.as_str()).collect();
            assert_eq!(names, ["parts", "unit"]);
            // a micrograph that drives the unit takes the path of its like
            assert_eq!(paths.compare(std::slice::from_ref(&micrographs[0]), 0).1, None);
        }
    }

    #[test]
    fn colors_are_those_of_the_specimen_and_what_has_none_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        // red and green go together, blue stays: nothing but yellow and blue; below lies a colored strip
        let pixel = |x: u32, y: u32| {
            let level = (((x * 13 + y * 7) ^ (x * y)) % 200) as u8;
            if y < 96 { [level, level, 90] } else { [0, 0, (x % 256) as u8] }
        };
        let image = image::RgbImage::from_fn(128, 120, |x, y| image::Rgb(pixel(x, y)));
        for name in ["a.png", "b.png"] {
            image.save(folder.path().join(name)).expect("it can be written");
        }
        std::fs::write(folder.path().join("c.tif"), b"II*\0\x08\0\0\0").expect("it can be written");
        let config = DatasetConfig {
            validation_share: 0.0,
            test_share: 0.0,
            group_near_duplicates: false,
            data_bar: DataBarChoice::CropBottom(24),
            ..DatasetConfig::default()
        };
        let dataset = Dataset::open(folder.path(), &config).expect("a data set");
        let (found, left_out) = Natural::colors(&dataset, None);
        let matrix = found.expect("they have contrast").matrix;
        for (row, expected) in matrix.iter().zip([0.5_f32.sqrt(), 0.5_f32.sqrt(), 0.0]) {
            assert!((row[0] - expected).abs() < 1e-5 && row[1] == 0.0 && row[2] == 0.0, "{matrix:?}");
        }
        let [(file, reason)] = &left_out[..] else { panic!("{left_out:?}") };
        assert!(file == "c.tif" && reason.contains("expected PNG, JPEG or BMP"), "{reason}");
    }

    #[test]
    fn of_micrographs_the_middle_is_kept() {
        let large = Plane::from_fn(600, 513, |y, x| (y * 513 + x) as f32);
        let natural = Natural::of_planes([&large, &Plane::filled(3, 5, 0.5)]);
        let sizes: Vec<_> = natural.planes().iter().map(|plane| (plane.height(), plane.width())).collect();
        assert_eq!(sizes, [(512, 512), (3, 5)]);
        assert_eq!(natural.planes()[0].at(0, 0), large.at(44, 0));
    }
}
