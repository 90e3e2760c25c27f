//! Conversions of a plane to and from the types of other libraries.

#[cfg(feature = "image")]
mod of_image {
    use image::{GrayImage, ImageBuffer, Luma};

    use crate::Plane;

    /// Grey levels as they are, `0..=255`.
    impl From<&GrayImage> for Plane {
        fn from(image: &GrayImage) -> Self {
            let values = image.as_raw().iter().map(|&level| f32::from(level)).collect();
            Self::new(image.height() as usize, image.width() as usize, values)
        }
    }

    /// Grey levels as they are, `0..=255`.
    impl From<GrayImage> for Plane {
        fn from(image: GrayImage) -> Self {
            Self::from(&image)
        }
    }

    /// Values as they are; `None` where a side has more than `u32::MAX` pixels.
    impl TryFrom<Plane> for ImageBuffer<Luma<f32>, Vec<f32>> {
        type Error = std::num::TryFromIntError;

        fn try_from(plane: Plane) -> Result<Self, Self::Error> {
            let (height, width) = (u32::try_from(plane.height())?, u32::try_from(plane.width())?);
            let image = Self::from_raw(width, height, plane.into_values());
            Ok(image.unwrap_or_default())
        }
    }
}

#[cfg(feature = "ndarray")]
mod of_ndarray {
    use ndarray::{Array2, ArrayView2, ShapeError};

    use crate::Plane;

    /// Rows and columns as they are; in any memory order.
    impl From<ArrayView2<'_, f32>> for Plane {
        fn from(array: ArrayView2<'_, f32>) -> Self {
            let (height, width) = array.dim();
            Self::new(height, width, array.iter().copied().collect())
        }
    }

    impl TryFrom<Plane> for Array2<f32> {
        type Error = ShapeError;

        fn try_from(plane: Plane) -> Result<Self, Self::Error> {
            Self::from_shape_vec((plane.height(), plane.width()), plane.into_values())
        }
    }

    impl<'a> TryFrom<&'a Plane> for ArrayView2<'a, f32> {
        type Error = ShapeError;

        fn try_from(plane: &'a Plane) -> Result<Self, Self::Error> {
            Self::from_shape((plane.height(), plane.width()), plane.values())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Plane;

    #[cfg(feature = "image")]
    #[test]
    fn images_keep_rows_columns_and_grey_levels() {
        let gray = image::GrayImage::from_fn(4, 3, |x, y| image::Luma([(10 * y + x) as u8]));
        let plane = Plane::from(&gray);
        assert_eq!((plane.height(), plane.width(), plane.at(2, 1)), (3, 4, 21.0));
        let back = image::ImageBuffer::<image::Luma<f32>, _>::try_from(plane).unwrap();
        assert_eq!((back.dimensions(), back.get_pixel(1, 2).0), ((4, 3), [21.0]));
    }

    #[cfg(feature = "ndarray")]
    #[test]
    fn arrays_keep_rows_and_columns_in_any_memory_order() {
        let plane = Plane::from_fn(3, 4, |y, x| (10 * y + x) as f32);
        let view = ndarray::ArrayView2::try_from(&plane).unwrap();
        assert_eq!((view.dim(), view[[2, 1]]), ((3, 4), 21.0));
        assert_eq!(Plane::from(view), plane);
        // a transposed view runs down the columns
        let turned = Plane::from(view.t());
        assert_eq!((turned.height(), turned.at(1, 2)), (4, 21.0));
        let array = ndarray::Array2::try_from(plane).unwrap();
        assert_eq!(array[[2, 1]], 21.0);
    }
}
