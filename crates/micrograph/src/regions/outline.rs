//! Outlines: the border of each region as polygons along the edges of its pixels.
//!
//! The first pixel covers `[0, 1]²`. Outer rings have a positive area by the shoelace formula in these coordinates
//! (clockwise on the screen, where y runs downwards), holes a negative one. Parts of a region that meet only at a
//! corner are separate polygons, and a ring never comes to a point twice: the polygons are valid by the rules of the Open
//! Geospatial Consortium. Filled by the even–odd rule, they give exactly the pixels of the region.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::point::{Point, ring_area};
use super::{Labels, simplify};

/// The border of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// The region's label.
    pub label: u32,
    /// Its parts; most regions have one.
    pub parts: Vec<OutlinePart>,
}

/// The border of what is connected through edges of pixels. Rings are closed: the last point is joined to the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutlinePart {
    /// The outer ring.
    pub outer: Vec<Point>,
    /// The rings around holes.
    pub holes: Vec<Vec<Point>>,
}

impl Outline {
    /// All rings: of each part the outer one, then its holes.
    pub fn rings(&self) -> impl Iterator<Item = &[Point]> {
        self.parts.iter().flat_map(|part| {
            std::iter::once(part.outer.as_slice()).chain(part.holes.iter().map(Vec::as_slice))
        })
    }

    /// The area inside, without holes, in px.
    pub fn area(&self) -> f64 {
        self.rings().map(ring_area).sum()
    }

    /// The outline with fewer points, none of the left-out ones farther than `tolerance_px` from the lines that
    /// remain (Douglas & Peucker 1973). 0.75 px smooths the steps of pixels, whose corners are up to 0.71 px from a line at
    /// 45°; 0.5 px keeps most of them. A ring that would lose its area stays as it is. Simplified rings of a narrow region may cross.
    pub fn simplified(&self, tolerance_px: f64) -> Self {
        let ring = |ring: &Vec<Point>| simplify::ring(ring, tolerance_px);
        let part = |part: &OutlinePart| OutlinePart {
            outer: ring(&part.outer),
            holes: part.holes.iter().map(ring).collect(),
        };
        Self { label: self.label, parts: self.parts.iter().map(part).collect() }
    }
}

/// The outlines of all regions, in the order of their labels.
///
/// # Examples
/// ```
/// use micrograph::regions::{Labels, outlines};
///
/// let labels = Labels::new(2, 3, vec![0, 1, 1, 0, 1, 1])?;
/// let outline = &outlines(&labels)[0];
/// assert_eq!(outline.parts[0].outer, [[1.0, 0.0], [3.0, 0.0], [3.0, 2.0], [1.0, 2.0]]);
/// # Ok::<(), micrograph::regions::RegionsError>(())
/// ```
pub fn outlines(labels: &Labels) -> Vec<Outline> {
    let width = labels.width();
    let mut rings: Vec<Vec<Vec<Corner>>> = vec![Vec::new(); labels.n_regions()];
    // upper edges of pixels that are part of a ring
    let mut seen = vec![false; labels.values().len()];
    for (at, &label) in labels.values().iter().enumerate() {
        let above = at.checked_sub(width).map_or(0, |above| labels.values()[above]);
        if label == 0 || above == label || seen[at] {
            continue;
        }
        let (ring, meets_itself) = traced(labels, label, [at % width, at / width], &mut seen);
        let found = &mut rings[label as usize - 1];
        if meets_itself { found.extend(simple_rings(ring)) } else { found.push(ring) }
    }
    let outline =
        |(index, rings): (usize, Vec<Vec<Corner>>)| Outline { label: index as u32 + 1, parts: parts(rings) };
    rings.into_iter().enumerate().map(outline).collect()
}

/// A corner of a pixel, `[x, y]`.
type Corner = [usize; 2];

/// The ring that begins eastwards along the upper edge of the pixel at `start`, with the region on its right; and whether
/// it may come to a corner twice.
fn traced(labels: &Labels, label: u32, start: Corner, seen: &mut [bool]) -> (Vec<Corner>, bool) {
    // east, south, west, north: the step, and the pixels to the right and left of what lies ahead, as offsets from the
    // corner, x before y
    const STEPS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];
    const RIGHT: [[isize; 2]; 4] = [[0, 0], [-1, 0], [-1, -1], [0, -1]];
    const LEFT: [[isize; 2]; 4] = [[0, -1], [0, 0], [-1, 0], [-1, -1]];
    let moved = |[x, y]: Corner, [dx, dy]: [isize; 2]| [x.wrapping_add_signed(dx), y.wrapping_add_signed(dy)];
    let inside = |[x, y]: Corner| labels.at(y, x) == label;
    let mut ring = vec![start];
    let mut meets_itself = false;
    let (mut corner, mut direction) = (start, 0);
    loop {
        if direction == 0 {
            seen[corner[1] * labels.width() + corner[0]] = true;
        }
        corner = moved(corner, STEPS[direction]);
        let right = inside(moved(corner, RIGHT[direction]));
        let left = inside(moved(corner, LEFT[direction]));
        let turned = match (right, left) {
            (true, false) => direction,
            (true, true) => (direction + 3) % 4,
            (false, _) => (direction + 1) % 4,
        };
        meets_itself |= !right && left;
        if corner == start && turned == 0 {
            return (ring, meets_itself);
        }
        if turned != direction {
            ring.push(corner);
        }
        direction = turned;
    }
}

/// The rings, none of which comes to a corner twice, that `ring` consists of.
fn simple_rings(ring: Vec<Corner>) -> Vec<Vec<Corner>> {
    let mut rings = Vec::new();
    let mut open: Vec<Corner> = Vec::new();
    let mut place: HashMap<Corner, usize> = HashMap::new();
    for corner in ring {
        if let Some(&at) = place.get(&corner) {
            let closed = open.split_off(at);
            closed.iter().for_each(|corner| {
                place.remove(corner);
            });
            rings.push(closed);
        }
        place.insert(corner, open.len());
        open.push(corner);
    }
    rings.push(open);
    rings
}

/// Holes under the outer rings that they are in.
fn parts(rings: Vec<Vec<Corner>>) -> Vec<OutlinePart> {
    let points = |ring: &[Corner]| ring.iter().map(|&[x, y]| [x as f64, y as f64]).collect::<Vec<Point>>();
    let (outers, holes): (Vec<_>, Vec<_>) =
        rings.iter().map(|ring| points(ring)).partition(|ring| ring_area(ring) > 0.0);
    let mut parts: Vec<OutlinePart> =
        outers.into_iter().map(|outer| OutlinePart { outer, holes: Vec::new() }).collect();
    if let [only] = parts.as_mut_slice() {
        only.holes = holes;
        return parts;
    }
    for hole in holes {
        let beside = pixel_beside(&hole);
        let around = parts
            .iter_mut()
            .filter(|part| holds(&part.outer, beside))
            .min_by(|a, b| ring_area(&a.outer).total_cmp(&ring_area(&b.outer)));
        around.expect("a hole lies in its region").holes.push(hole);
    }
    parts
}

/// The centre of the pixel of the region to the right of a ring's first edge.
fn pixel_beside(ring: &[Point]) -> Point {
    let ([x, y], [to_x, to_y]) = (ring[0], ring[1]);
    let (dx, dy) = ((to_x - x).signum(), (to_y - y).signum());
    if to_x == x { [x - 0.5 * dy, y + 0.5 * dy] } else { [x + 0.5 * dx, y + 0.5 * dx] }
}

/// Whether a ring holds a point that is not on it.
fn holds(ring: &[Point], [x, y]: Point) -> bool {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    // edges run along rows and columns
    edges.filter(|(a, b)| (a[1] <= y) != (b[1] <= y) && x < a[0]).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::regions::labels::tests::labels;
    use crate::regions::shape::Shape;

    #[test]
    fn an_outline_follows_the_edges_of_pixels() {
        let found = outlines(&labels(&["....", ".11.", ".1..", "...2"]));
        assert_eq!(
            found[0].parts,
            [OutlinePart {
                outer: vec![[1.0, 1.0], [3.0, 1.0], [3.0, 2.0], [2.0, 2.0], [2.0, 3.0], [1.0, 3.0]],
                holes: vec![]
            }]
        );
        assert_eq!(found[1].parts[0].outer, [[3.0, 3.0], [4.0, 3.0], [4.0, 4.0], [3.0, 4.0]]);
    }

    #[test]
    fn holes_belong_to_the_part_around_them() {
        // a frame, in its hole a smaller one
        let found =
            outlines(&labels(&["1111111", "1.....1", "1.111.1", "1.1.1.1", "1.111.1", "1.....1", "1111111"]));
        let areas: Vec<_> = found[0]
            .parts
            .iter()
            .map(|part| (ring_area(&part.outer), part.holes.iter().map(|h| ring_area(h)).collect::<Vec<_>>()))
            .collect();
        assert_eq!(areas, [(49.0, vec![-25.0]), (9.0, vec![-1.0])]);
        assert_eq!(found[0].area(), 32.0);
    }

    #[test]
    fn parts_and_holes_that_meet_at_a_corner_are_separate_rings() {
        let corner = outlines(&labels(&["1.", ".1"]));
        assert_eq!(corner[0].parts.len(), 2);
        let holes = outlines(&labels(&["1111", "1.11", "11.1", "1111"]));
        assert_eq!((holes[0].parts.len(), holes[0].parts[0].holes.len()), (1, 2));
        let inlet = outlines(&labels(&["1111", "1.11", "11.1", "11.1"]));
        assert_eq!((inlet[0].parts.len(), inlet[0].parts[0].holes.len()), (1, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn filling_the_rings_gives_the_region_back(values in prop::collection::vec(0..3_u32, 63)) {
            let labels = Labels::new(7, 9, values).unwrap();
            let areas = labels.areas();
            for outline in outlines(&labels) {
                let rings: Vec<Vec<Point>> = outline.rings().map(<[Point]>::to_vec).collect();
                for ring in &rings {
                    let mut corners: Vec<_> = ring.iter().map(|p| p.map(|v| v as usize)).collect();
                    corners.sort_unstable();
                    corners.dedup();
                    prop_assert_eq!(corners.len(), ring.len(), "no corner twice");
                }
                prop_assert_eq!(outline.area(), areas[outline.label as usize - 1] as f64);
                for part in &outline.parts {
                    prop_assert!(part.holes.iter().all(|hole| ring_area(hole) < 0.0));
                    prop_assert!(ring_area(&part.outer) + part.holes.iter().map(|h| ring_area(h)).sum::<f64>() > 0.0);
                }
                let filled = Labels::of_shapes(7, 9, &[Shape::Polygon(rings)], None).unwrap();
                let expected: Vec<u32> =
                    labels.values().iter().map(|value| u32::from(*value == outline.label)).collect();
                prop_assert_eq!(filled.values(), expected.as_slice());
            }
        }
    }
}
