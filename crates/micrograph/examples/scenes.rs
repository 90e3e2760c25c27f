//! Scenes: a contact sheet of scenes that the segmenter is trained on, with the outlines of their objects.
//!
//! ```sh
//! cargo run --release -p micrograph --example scenes -- scenes.png
//! ```

use micrograph::ObjectKind;
use micrograph::paint::{ColorMap, Picture};
use micrograph::synth::scene;

/// Scenes in a row and in a column, and their height and width.
const N_COLUMNS: usize = 8;
const N_ROWS: usize = 5;
const SIDE: usize = 192;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected the name of a PNG file to write")?;
    let mut sheet = Picture::new(N_ROWS * (SIDE + 2), N_COLUMNS * (SIDE + 2), [255; 3]);
    for index in 0..N_ROWS * N_COLUMNS {
        let found = scene((SIDE, SIDE), 0, index as u64);
        let mut picture = Picture::from_plane(&found.plane, 0.0, 1.0, ColorMap::Gray);
        for y in 0..SIDE - 1 {
            for x in 0..SIDE - 1 {
                let here = found.labels[y * SIDE + x];
                let right = found.labels[y * SIDE + x + 1];
                let below = found.labels[(y + 1) * SIDE + x];
                if here == right && here == below {
                    continue;
                }
                let label = here.max(right).max(below) as usize;
                let color = match found.kinds[label - 1] {
                    ObjectKind::Particle => [255, 60, 60],
                    ObjectKind::Fiber => [60, 220, 60],
                    ObjectKind::Pore => [60, 160, 255],
                };
                picture.fill_rect(micrograph::Rect { y, x, height: 1, width: 1 }, color, 1.0);
            }
        }
        picture.outline_rect(picture.rect(), 1, [255; 3]);
        sheet.blit((index / N_COLUMNS) * (SIDE + 2), (index % N_COLUMNS) * (SIDE + 2), &picture);
    }
    sheet.write_png(path.as_ref(), None)?;
    Ok(())
}
