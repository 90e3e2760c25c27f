//! Letters, scale bars and labels drawn on real micrographs, and micrographs without any.

use std::path::PathBuf;

use micrograph::{Micrograph, Specimen, annotations};
use test_support::shared;

fn found(path: &str) -> Option<(annotations::Annotations, usize)> {
    let folder: PathBuf = shared("data")?;
    let micrograph = Micrograph::open(folder.join(path)).expect("a shared micrograph opens");
    let specimen =
        Specimen::of(micrograph, micrograph::data_bar::DataBarChoice::Find).expect("a specimen has pixels");
    Some((annotations::mask(&specimen.plane), specimen.plane.width()))
}

#[test]
fn drawings_on_figure_panels_are_found() {
    // places `[y, x]` seen in the picture to be on a drawing, and on the specimen
    struct Case {
        file: &'static str,
        drawn: &'static [[usize; 2]],
        specimen: &'static [[usize; 2]],
    }
    let cases = [
        Case {
            file: "sem/patterned_surface/tldr-group__2021-qcw2s-fig-2-2.jpg",
            drawn: &[[307, 40]],
            specimen: &[[49, 195], [188, 33], [100, 300]],
        },
        Case {
            file: "sem2/films_coated_surface/tldr-group__7635980-v1-fig-9-1.jpg",
            drawn: &[[10, 10], [340, 390]],
            specimen: &[[120, 300], [300, 200]],
        },
        Case {
            file: "sem/patterned_surface/tldr-group__2022-n3kvl-fig-8-3.jpg",
            drawn: &[[317, 310]],
            specimen: &[[100, 130], [250, 30]],
        },
    ];
    for Case { file, drawn, specimen } in cases {
        let Some((found, width)) = found(file) else { return };
        for [y, x] in drawn {
            assert!(found.mask[y * width + x], "{file}: {y} {x} is drawn, found {:?}", found.boxes);
        }
        for [y, x] in specimen {
            assert!(!found.mask[y * width + x], "{file}: {y} {x} is specimen, found {:?}", found.boxes);
        }
    }
}

#[test]
fn micrographs_without_drawings_have_none() {
    for file in [
        "sem/particles/bamresearch__1908320.png",
        "sem/films_coated_surface/nasa__040617-3-s0410028.jpg",
        "sem/powder/rccohn__sc1tile-001-005-000-0-000.jpg",
        "sem/fibres/cagriyardimci__translated-pancnt2-02-1.jpg",
        "sem2/particles/nffa-repair__l2-59725a63878848247a629f0feab5cf05.jpg",
        "sem/biological/avkudr__brassica01.jpg",
    ] {
        let Some((found, _)) = found(file) else { return };
        assert!(found.share() < 0.001, "{file}: {:?}", found.boxes);
    }
}
