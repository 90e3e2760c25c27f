//! One small real file of each maker, in the repository: pixel size, voltage and pixels are read.
//!
//! Pixel sizes are those that independent readers give, or written in the metadata; voltages were read off the
//! metadata by eye. Where the files come from is in `makers/README.md`.

use std::path::Path;

use micrograph::read::{self, ReadConfig};

#[test]
fn a_real_file_of_each_maker_gives_its_pixel_size_and_voltage() {
    struct Case {
        file: &'static str,
        nm_per_px: Option<f64>,
        kv: Option<f64>,
        size: (usize, usize),
    }
    let case = |file, nm_per_px, kv, size| Case { file, nm_per_px, kv, size };
    let cases = [
        case("fei_quanta3d.tif", Some(582.812), Some(20.0), (40, 1024)),
        // its tag has no pixel size
        case("fei_sirion.tif", None, Some(5.0), (48, 712)),
        case("thermo_pfib.tif", Some(97.6562), Some(30.0), (16, 1536)),
        case("phenom_litho.jpg", Some(71.7959), Some(5.3), (64, 2048)),
        case("zeiss_porous_silicon.tif", Some(2.753906), None, (26, 1024)),
        case("zeiss_orion.tif", Some(0.9765625), Some(29.997), (1120, 1024)),
        case("fibics_orion.tif", Some(1.220703125), None, (16, 2048)),
        case("tescan_amber_x.tif", Some(1.5625), Some(15.0), (16, 1280)),
        case("gatan_haadf.dm3", Some(5.50607), None, (4, 16)),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/makers");
    for Case { file, nm_per_px, kv, size } in cases {
        let found = read::micrograph(&folder.join(file), &ReadConfig::default()).unwrap();
        let calibration = found.facts.calibration.as_ref();
        assert_eq!(calibration.is_some(), nm_per_px.is_some(), "{file}");
        if let (Some(calibration), Some(nm_per_px)) = (calibration, nm_per_px) {
            for found in [calibration.nm_per_px_x, calibration.nm_per_px_y] {
                assert!((found / nm_per_px - 1.0).abs() < 1e-5, "{file}: {found} for {nm_per_px}");
            }
        }
        if kv.is_some() {
            assert_eq!(found.facts.instrument.accelerating_voltage_kv, kv, "{file}");
        }
        assert_eq!((found.plane.height(), found.plane.width()), size, "{file}");
    }
}
