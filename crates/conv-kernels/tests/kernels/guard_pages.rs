//! No access outside of a slice: every slice ends right before a page that must not be touched, or
//! begins right after one. An access outside kills the test with a signal.

use crate::numbers;
use conv_kernels::{
    Clip, ConvShape, Isa, Method, OutputGradient, Padding, PlanesShape, forward, forward_by,
    input_gradient_by, max_pool_2x2, max_pool_2x2_gradient, relu_gradient, upsample_nearest_2x,
    upsample_nearest_2x_gradient, weight_gradient_by,
};
use std::ptr::NonNull;

/// Where in its pages a slice lies.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Its first value is the first of a page, the page before is forbidden.
    First,
    /// Its last value is the last of a page, the page after is forbidden.
    Last,
}

/// Values between two forbidden pages.
struct Guarded<T> {
    pages: NonNull<libc::c_void>,
    pages_len: usize,
    values: NonNull<T>,
    len: usize,
}

impl<T: Copy> Guarded<T> {
    fn new(values: &[T], end: End) -> Self {
        // SAFETY: sysconf only reads a constant of the system.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        let bytes = size_of_val(values);
        let inner = bytes.next_multiple_of(page);
        let pages_len = inner + 2 * page;
        // SAFETY: a new anonymous mapping at an address of the system's choice touches no memory
        // that is in use.
        let pages = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                pages_len,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(pages, libc::MAP_FAILED, "pages for the test");
        // SAFETY: the inner pages lie inside the mapping made above, which nothing else knows.
        let status =
            unsafe { libc::mprotect(pages.byte_add(page), inner, libc::PROT_READ | libc::PROT_WRITE) };
        assert!(inner == 0 || status == 0, "pages can be opened");
        let skip = match end {
            End::First => page,
            End::Last => page + inner - bytes,
        };
        // SAFETY: `skip + bytes` is at most `page + inner`, so the place lies inside the mapping;
        // it is aligned, as `bytes` and pages are multiples of the size of T; the inner pages are
        // writable and cannot overlap `values`.
        let place = unsafe {
            let place = pages.byte_add(skip).cast::<T>();
            place.copy_from_nonoverlapping(values.as_ptr(), values.len());
            place
        };
        Self {
            pages: NonNull::new(pages).unwrap(),
            pages_len,
            values: NonNull::new(place).unwrap(),
            len: values.len(),
        }
    }

    fn get(&self) -> &[T] {
        // SAFETY: `new` wrote `len` values there, and they live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.values.as_ptr(), self.len) }
    }

    fn get_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `get`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_ptr(), self.len) }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: this mapping was made by `new` and is given back once.
        let status = unsafe { libc::munmap(self.pages.as_ptr(), self.pages_len) };
        assert_eq!(status, 0, "the mapping is ours");
    }
}

#[test]
fn convolutions_stay_inside_their_slices() {
    let plain = ConvShape::same(2, [3, 9], [7, 13], 3);
    let one_sided = Padding { top: 0, bottom: 2, left: 3, right: 0 };
    let shapes = [
        plain,
        ConvShape { padding: Padding::VALID, ..plain },
        ConvShape { stride: 2, ..plain },
        ConvShape { padding: one_sided, kernel: 5, ..plain },
        ConvShape { groups: 3, ..plain },
        ConvShape::same(1, [1, 32], [16, 32], 3),
        ConvShape::same(1, [32, 1], [33, 16], 3),
        ConvShape::same(1, [20, 17], [1, 1], 1),
        ConvShape::same(1, [8, 24], [5, 64], 7),
    ];
    for isa in Isa::available() {
        for shape in shapes {
            for end in [End::First, End::Last] {
                let input = Guarded::new(&numbers(1, shape.input_len()), end);
                let weights = Guarded::new(&numbers(2, shape.weights_len()), end);
                let bias = Guarded::new(&numbers(3, shape.channels_out), end);
                let slopes = Guarded::new(&numbers(4, shape.output_len()), end);
                let mut output = Guarded::new(&vec![0.0; shape.output_len()], end);
                let bias = Some(bias.get());
                forward(isa, &shape, input.get(), weights.get(), bias, Clip::ReluUpTo(6.0), output.get_mut())
                    .unwrap();
                for method in [Method::Winograd2, Method::Winograd4] {
                    let (input, weights) = (input.get(), weights.get());
                    forward_by(
                        method,
                        isa,
                        &shape,
                        input,
                        weights,
                        bias,
                        Clip::ReluUpTo(6.0),
                        output.get_mut(),
                    )
                    .unwrap();
                }
                let gradient = OutputGradient { values: slopes.get(), relu_output: Some(output.get()) };
                let mut grad_input = Guarded::new(&vec![0.0; shape.input_len()], end);
                for method in [Method::Direct, Method::Winograd2, Method::Winograd4] {
                    let grad_input = grad_input.get_mut();
                    input_gradient_by(method, isa, &shape, weights.get(), gradient, grad_input).unwrap();
                }
                let mut grad_weights = Guarded::new(&vec![0.0; shape.weights_len()], end);
                let mut grad_bias = Guarded::new(&vec![0.0; shape.channels_out], end);
                for method in [Method::Direct, Method::Winograd4] {
                    let (input, bias) = (input.get(), Some(grad_bias.get_mut()));
                    let grad_weights = grad_weights.get_mut();
                    weight_gradient_by(method, isa, &shape, input, gradient, grad_weights, bias).unwrap();
                }
            }
        }
    }
}

#[test]
fn operations_on_planes_stay_inside_their_slices() {
    for (height, width) in [(2, 2), (5, 7), (1, 9), (16, 32)] {
        for end in [End::First, End::Last] {
            let shape = PlanesShape { planes: 3, height, width };
            let len = 3 * height * width;
            let pooled = 3 * (height / 2) * (width / 2);
            let input = Guarded::new(&numbers(1, len), end);
            let mut small = Guarded::new(&vec![0.0; pooled], end);
            let mut choice = Guarded::new(&vec![0_u8; pooled], end);
            let mut same = Guarded::new(&vec![0.0; len], end);
            let mut large = Guarded::new(&vec![0.0; 4 * len], end);
            max_pool_2x2(shape, input.get(), small.get_mut(), choice.get_mut()).unwrap();
            max_pool_2x2_gradient(shape, choice.get(), small.get(), same.get_mut()).unwrap();
            relu_gradient(input.get(), input.get(), same.get_mut()).unwrap();
            upsample_nearest_2x(shape, input.get(), large.get_mut()).unwrap();
            upsample_nearest_2x_gradient(shape, large.get(), same.get_mut()).unwrap();
        }
    }
}
