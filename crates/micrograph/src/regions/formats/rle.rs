//! Run-length encoding of masks as in COCO: how many pixels are off and on in turn, down one column after the other,
//! beginning with off. The compressed form is a text of numbers of 5 bits each (`maskApi.c` of pycocotools): from the
//! fourth number on, the difference to the one before the last.

/// Why a text is no run lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRuns;

/// The run lengths of a compressed text.
pub(super) fn decompressed(text: &str) -> Result<Vec<u32>, NoRuns> {
    let mut counts: Vec<u32> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(first) = bytes.next() {
        let mut number = 0_i64;
        let mut byte = first;
        let mut shift = 0;
        loop {
            let bits = byte.checked_sub(48).filter(|bits| *bits < 64).ok_or(NoRuns)?;
            // counts have up to 32 bits, and a sign
            if shift > 30 {
                return Err(NoRuns);
            }
            number |= i64::from(bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 == 0 {
                if bits & 0x10 != 0 {
                    number |= -1 << shift;
                }
                break;
            }
            byte = bytes.next().ok_or(NoRuns)?;
        }
        if counts.len() > 2 {
            number += i64::from(counts[counts.len() - 2]);
        }
        counts.push(u32::try_from(number).map_err(|_| NoRuns)?);
    }
    Ok(counts)
}

/// The run lengths of the pixels of `values`, `[H, W]`, that are `label`.
pub(super) fn counts(values: &[u32], width: usize, label: u32) -> Vec<u32> {
    let mut counts = Vec::new();
    let (mut on, mut run) = (false, 0);
    for at in (0..width).flat_map(|x| (x..values.len()).step_by(width)) {
        if (values[at] == label) != on {
            counts.push(run);
            (on, run) = (!on, 0);
        }
        run += 1;
    }
    counts.push(run);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_texts_are_those_of_pycocotools() {
        // pycocotools.mask.encode of masks with these runs
        for (text, counts) in KNOWN {
            assert_eq!(decompressed(text).as_deref(), Ok(*counts), "{text}");
        }
        for bad in ["P", "\u{7f}", " ", "oooooooooo0", "é", "O"] {
            assert_eq!(decompressed(bad), Err(NoRuns), "{bad}");
        }
    }

    const KNOWN: &[(&str, &[u32])] =
        &[("0250MO", &[0, 2, 5, 2, 2, 1]), ("_;;]30kLIP?7gF", &[367, 11, 109, 11, 8, 4, 488, 11, 191])];

    #[test]
    fn runs_go_down_the_columns() {
        assert_eq!(counts(&[0, 7, 0, 7, 7, 0], 3, 7), [1, 3, 2]);
        assert_eq!(counts(&[7, 7], 2, 7), [0, 2]);
        assert_eq!(counts(&[0, 0], 2, 7), [2]);
    }
}
