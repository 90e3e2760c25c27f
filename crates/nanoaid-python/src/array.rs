//! Array: planes, labels and pictures as arrays of NumPy, without a copy where they are not shared.

use micrograph::Plane;
use micrograph::paint::Picture;
use numpy::{Element, IntoPyArray, PyArray2, PyArray3, PyArrayMethods};
use pyo3::prelude::*;

/// A plane as `float32`, `[H, W]`.
pub(crate) fn of_plane(py: Python<'_>, plane: Plane) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let size = [plane.height(), plane.width()];
    of_rows(py, plane.into_values(), size)
}

/// Values row after row, `[H, W]`.
pub(crate) fn of_rows<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    size: [usize; 2],
) -> PyResult<Bound<'_, PyArray2<T>>> {
    values.into_pyarray(py).reshape(size)
}

/// Values channel after channel and row after row, `[C, H, W]`.
pub(crate) fn of_channels<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    size: [usize; 3],
) -> PyResult<Bound<'_, PyArray3<T>>> {
    values.into_pyarray(py).reshape(size)
}

/// A picture as `uint8`, `[H, W, 3]`.
pub(crate) fn of_picture<'py>(py: Python<'py>, picture: &Picture) -> PyResult<Bound<'py, PyArray3<u8>>> {
    of_channels(py, picture.rgb().to_vec(), [picture.height(), picture.width(), 3])
}
