//! Memory of feature maps, used again.
//!
//! A training step makes hundreds of megabytes of feature maps and gradients and drops them. Fresh
//! memory costs a page fault every 4 KiB at its first touch, which takes as long as many of the
//! convolutions; so what large tensors leave behind is kept for the next ones, up to a limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{AllocationProperty, Bytes, DType, TensorData};

/// Numbers below which memory is not kept: the allocator has small pieces at hand.
const LEAST_KEPT: usize = 1 << 14;
/// Bytes that are kept at most: those of a training step of 32 patches of 128 × 128.
const MOST_KEPT_BYTES: usize = 1 << 30;
/// How much larger than requested a kept piece may be.
const MOST_WASTE: f64 = 1.25;

static KEPT: Mutex<Kept> = Mutex::new(Kept { pieces: Vec::new(), bytes: 0 });

/// Pieces that nobody uses, the longest unused first.
struct Kept {
    pieces: Vec<Vec<f32>>,
    bytes: usize,
}

impl Kept {
    /// The piece of at least `len` numbers that wastes least, if one is good enough.
    fn take(&mut self, len: usize) -> Option<Vec<f32>> {
        let most = (len as f64 * MOST_WASTE) as usize;
        let (index, _) = self
            .pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| (len..=most).contains(&piece.len()))
            .min_by_key(|(_, piece)| piece.len())?;
        let piece = self.pieces.remove(index);
        self.bytes -= size_of_val(piece.as_slice());
        Some(piece)
    }

    /// Keeps `piece` and lets go of what has been unused longest until the limit holds.
    fn give(&mut self, piece: Vec<f32>) -> Vec<Vec<f32>> {
        self.bytes += size_of_val(piece.as_slice());
        self.pieces.push(piece);
        let mut surplus = Vec::new();
        while self.bytes > MOST_KEPT_BYTES {
            let oldest = self.pieces.remove(0);
            self.bytes -= size_of_val(oldest.as_slice());
            surplus.push(oldest);
        }
        surplus
    }
}

fn kept() -> MutexGuard<'static, Kept> {
    // pieces are whole whatever happened to another thread
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers of any value, to be written over; kept for the next when dropped.
#[derive(Debug)]
pub(super) struct Buffer {
    piece: Vec<f32>,
    /// Numbers that were requested.
    len: usize,
}

impl Buffer {
    /// `len` numbers of any value.
    pub(super) fn new(len: usize) -> Self {
        let piece = if len < LEAST_KEPT { None } else { kept().take(len) };
        Self { piece: piece.unwrap_or_else(|| vec![0.0; len]), len }
    }

    /// The numbers.
    pub(super) fn values(&self) -> &[f32] {
        &self.piece[..self.len]
    }

    /// The numbers, to be written.
    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.piece[..self.len]
    }

    /// A tensor of these numbers.
    pub(super) fn into_tensor<const D: usize>(self, shape: [usize; D]) -> FloatTensor<Flex> {
        let data = if self.len < LEAST_KEPT {
            let mut buffer = self;
            let mut values = std::mem::take(&mut buffer.piece);
            values.truncate(buffer.len);
            TensorData::new(values, shape)
        } else {
            let bytes = bytes::Bytes::from_owner(self);
            TensorData::from_bytes(Bytes::from_shared(bytes, AllocationProperty::Native), shape, DType::F32)
        };
        FloatTensor::<Flex>::from_data(data)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(self.values())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if piece.len() >= LEAST_KEPT {
            // freed outside the lock
            let surplus = kept().give(piece);
            drop(surplus);
        }
    }
}

/// Gives the memory back that is kept for the next tensors.
pub(super) fn release() {
    let pieces = std::mem::replace(&mut *kept(), Kept { pieces: Vec::new(), bytes: 0 });
    drop(pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(lens: &[usize]) -> Kept {
        let mut kept = Kept { pieces: Vec::new(), bytes: 0 };
        for len in lens {
            assert!(kept.give(vec![0.0; *len]).is_empty());
        }
        kept
    }

    #[test]
    fn the_piece_that_wastes_least_is_taken() {
        for (name, lens, len, expected) in [
            ("none", &[][..], 100, None),
            ("too small", &[99], 100, None),
            ("too large", &[126], 100, None),
            ("the nearest", &[125, 101, 110], 100, Some(101)),
        ] {
            assert_eq!(pieces(lens).take(len).map(|piece| piece.len()), expected, "{name}");
        }
    }

    #[test]
    fn what_is_taken_is_no_longer_kept() {
        let mut kept = pieces(&[100, 200]);
        assert!(kept.take(100).is_some() && kept.take(100).is_none());
        assert_eq!(kept.bytes, 800);
    }

    #[test]
    fn beyond_the_limit_the_longest_unused_piece_goes() {
        let third = MOST_KEPT_BYTES / 3 / 4;
        let mut kept = pieces(&[third, third + 1]);
        let surplus = kept.give(vec![0.0; third + 2]);
        assert_eq!(surplus.iter().map(Vec::len).collect::<Vec<_>>(), [third]);
        assert!(kept.bytes <= MOST_KEPT_BYTES);
    }

    #[test]
    fn a_tensor_has_the_numbers_of_its_buffer_and_copies_share_them() {
        for len in [4, LEAST_KEPT, 3 * LEAST_KEPT] {
            let mut buffer = Buffer::new(len);
            let numbers: Vec<f32> = (0..len).map(|index| index as f32).collect();
            buffer.values_mut().copy_from_slice(&numbers);
            let tensor = buffer.into_tensor([len / 4, 4]);
            let copy = tensor.clone();
            drop(tensor);
            // its memory must not be given to another while a copy is alive
            Buffer::new(len).values_mut().fill(-1.0);
            assert_eq!(copy.as_slice::<f32>(), Some(numbers.as_slice()), "{len}");
        }
    }
}
