//! Fax: the compressions of ITU-T T.4 (modified Huffman, modified READ) and T.6 → rows of one bit a pixel,
//! in which black is 1.
//!
//! The tables of codes are those of the crate `fax`, whose own decoders read neither the two-dimensional
//! T.4, nor rows without an end-of-line code, nor more than 65,535 columns.

use std::io::{self, BufRead, Read};
use std::iter::{Chain, Take};

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};

use super::super::image_file::invalid;

/// Zeros after the end of the data, so that the last code can be looked up in whole tables.
const PADDING_BYTES: usize = 8;

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaxKind {
    /// Each row by itself, from a whole byte on, without end-of-line codes.
    Lines,
    /// T.4, with end-of-line codes; rows may refer to the one above.
    Group3 { two_dimensional: bool },
    /// T.6: each row refers to the one above.
    Group4,
}

type Bytes<R> = Chain<io::Bytes<R>, Take<std::iter::RepeatWith<fn() -> io::Result<u8>>>>;

/// A stream of rows.
pub(super) struct Fax<R> {
    stored: Option<R>,
    bits: Option<ByteReader<Bytes<R>>>,
    kind: FaxKind,
    width: usize,
    /// Columns at which the color changes, in the row above and in this one; a row begins white.
    above: Vec<usize>,
    changes: Vec<usize>,
    row: Vec<u8>,
    /// Bytes of `row` that were given.
    given: usize,
    /// Whether the end of the image was coded: the rest is white.
    ended: bool,
}

impl<R: BufRead> Fax<R> {
    pub(super) fn new(stored: R, kind: FaxKind, width: usize) -> Self {
        Self {
            stored: Some(stored),
            bits: None,
            kind,
            width,
            above: Vec::new(),
            changes: Vec::new(),
            row: Vec::new(),
            given: 0,
            ended: false,
        }
    }
}

impl<R: BufRead> Read for Fax<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.row.len() {
            self.next_row()?;
        }
        let n = buffer.len().min(self.row.len() - self.given);
        buffer[..n].copy_from_slice(&self.row[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

impl<R: BufRead> Fax<R> {
    fn next_row(&mut self) -> io::Result<()> {
        if let Some(stored) = self.stored.take() {
            let zero: fn() -> io::Result<u8> = || Ok(0);
            let bytes = stored.bytes().chain(std::iter::repeat_with(zero).take(PADDING_BYTES));
            self.bits = Some(ByteReader::new(bytes)?);
        }
        let mut bits = self.bits.take().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.changes.clear();
        let two_dimensional = self.begin_row(&mut bits)?;
        if !self.ended {
            if two_dimensional { self.row_below(&mut bits)? } else { self.single_row(&mut bits)? }
        }
        if self.kind == FaxKind::Lines {
            bits.consume(bits.bits_to_byte_boundary())?;
        }
        self.bits = Some(bits);
        self.paint();
        std::mem::swap(&mut self.above, &mut self.changes);
        Ok(())
    }

    /// Passes end-of-line codes; whether the row refers to the one above.
    fn begin_row(&mut self, bits: &mut impl BitReader<Error = io::Error>) -> io::Result<bool> {
        let mut refers = self.kind == FaxKind::Group4;
        let mut n_ends = 0;
        while !self.ended && bits.peek(11) == Some(0) {
            while bits.peek(1) == Some(0) {
                bits.consume(1)?;
            }
            if bits.peek(1).is_none() {
                return Err(io::ErrorKind::UnexpectedEof.into()); // only the padding was left
            }
            bits.consume(1)?;
            n_ends += 1;
            if self.kind == (FaxKind::Group3 { two_dimensional: true }) {
                refers = bits.peek(1) == Some(0);
                bits.consume(1)?;
            }
            // two of them end the image; one does, where rows have none
            let most = if matches!(self.kind, FaxKind::Group3 { .. }) { 1 } else { 0 };
            self.ended = n_ends > most;
        }
        Ok(refers)
    }

    /// A row of runs, white and black in turn.
    fn single_row(&mut self, bits: &mut impl BitReader<Error = io::Error>) -> io::Result<()> {
        let (mut x, mut is_white) = (0, true);
        while x < self.width {
            if bits.peek(9) == Some(0) && matches!(self.kind, FaxKind::Group3 { .. }) {
                break; // an end of line: the rest is white
            }
            x += run(bits, is_white)?;
            self.change(x);
            is_white = !is_white;
        }
        Ok(())
    }

    /// A row by its differences from the one above (ITU-T T.6, 2.2).
    fn row_below(&mut self, bits: &mut impl BitReader<Error = io::Error>) -> io::Result<()> {
        let (mut a0, mut is_white, mut idx) = (None, true, 0);
        loop {
            let x = a0.unwrap_or(0);
            if x >= self.width {
                return Ok(());
            }
            if bits.peek(9).is_none_or(|next| next == 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // the first change above that is right of here and of the other color, and the one after it
            while idx > 0 && a0.is_none_or(|a0| self.above[idx - 1] > a0) {
                idx -= 1;
            }
            while self.above.get(idx).is_some_and(|change| a0.is_some_and(|a0| *change <= a0)) {
                idx += 1;
            }
            let b1_idx = if (idx % 2 == 0) == is_white { idx } else { idx + 1 };
            let change = |idx: usize| self.above.get(idx).copied().unwrap_or(self.width);
            let (b1, b2) = (change(b1_idx), change(b1_idx + 1));
            idx = idx.min(self.above.len());
            match mode::decode(bits) {
                Some(Mode::Pass) => a0 = Some(b2),
                Some(Mode::Vertical(by)) => {
                    let a1 =
                        b1.checked_add_signed(isize::from(by)).filter(|a1| (x..=self.width).contains(a1));
                    let a1 = a1.ok_or_else(|| invalid("fax: a change of color left of the last one"))?;
                    self.change(a1);
                    (a0, is_white) = (Some(a1), !is_white);
                }
                Some(Mode::Horizontal) => {
                    let a1 = x + run(bits, is_white)?;
                    let a2 = a1 + run(bits, !is_white)?;
                    self.change(a1);
                    self.change(a2);
                    a0 = Some(a2);
                }
                Some(Mode::EOF | Mode::Extension) | None => {
                    return Err(invalid("fax: a code that is not in the tables, or an extension"));
                }
            }
        }
    }

    /// Adds a change of color at column `x`; two at the same place are none.
    fn change(&mut self, x: usize) {
        if self.changes.last() == Some(&x) && x < self.width {
            self.changes.pop();
        } else if x < self.width {
            self.changes.push(x);
        }
    }

    /// Sets the bits of the row.
    fn paint(&mut self) {
        self.row.clear();
        self.row.resize(self.width.div_ceil(8), 0);
        self.given = 0;
        for black in self.changes.chunks(2) {
            let end = black.get(1).copied().unwrap_or(self.width);
            for x in black[0]..end {
                self.row[x / 8] |= 0x80 >> (x % 8);
            }
        }
    }
}

/// The length of a run: any number of codes for multiples of 64, then one for less.
fn run(bits: &mut impl BitReader<Error = io::Error>, is_white: bool) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let part = if is_white { white::decode(bits) } else { black::decode(bits) };
        let part = match part {
            Some(part) => usize::from(part),
            None if bits.peek(9).is_none() => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => return Err(invalid("fax: a run that is not in the tables")),
        };
        length += part;
        if part < 64 {
            return Ok(length);
        }
    }
}
