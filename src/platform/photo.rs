//! Photos made small before they are stored: a phone's camera gives 4 MB, a report needs 200 KB.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, ImageBitmap, ImageEncodeOptions, OffscreenCanvas, OffscreenCanvasRenderingContext2d,
};

use super::files::{FileError, Picked, blob_bytes};

const JPEG: &str = "image/jpeg";
const QUALITY: f64 = 0.8;

/// The longest side of a photo whose question sets no `max-pixels`.
pub const MAX_PIXELS_DEFAULT: u32 = 1600;

/// Reads a photo and makes its longest side at most `max_pixels`, as JPEG, upright. What the browser cannot draw (a
/// HEIC picture on some phones) is kept as it came.
pub async fn shrink(file: &File, max_pixels: u32) -> Result<Picked, FileError> {
    match redraw(file, max_pixels).await {
        Ok(bytes) => {
            Ok(Picked { name: jpeg_name(&file.name()), media_type: JPEG.to_owned(), bytes })
        }
        Err(_cannot_be_drawn) => super::files::read(file).await,
    }
}

async fn redraw(file: &File, max_pixels: u32) -> Result<Vec<u8>, FileError> {
    let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
    // The picture is turned as its EXIF says: that is the default of `createImageBitmap`.
    let bitmap = window.create_image_bitmap_with_blob(file).map_err(FileError::of)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap).await.map_err(FileError::of)?.unchecked_into();
    let (width, height) = fit(bitmap.width(), bitmap.height(), max_pixels);
    let canvas = OffscreenCanvas::new(width, height).map_err(FileError::of)?;
    let context: OffscreenCanvasRenderingContext2d = canvas
        .get_context("2d")
        .map_err(FileError::of)?
        .ok_or_else(|| FileError("no canvas".to_owned()))?
        .unchecked_into();
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(
            &bitmap,
            0.0,
            0.0,
            f64::from(width),
            f64::from(height),
        )
        .map_err(FileError::of)?;
    bitmap.close();
    let options = ImageEncodeOptions::new();
    options.set_type(JPEG);
    options.set_quality(QUALITY);
    let blob = canvas.convert_to_blob_with_options(&options).map_err(FileError::of)?;
    let blob: Blob = JsFuture::from(blob).await.map_err(FileError::of)?.unchecked_into();
    blob_bytes(&blob).await
}

/// The size of a picture whose longest side is at most `longest`, in the same proportion.
fn fit(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let side = width.max(height).max(1);
    if side <= longest {
        return (width.max(1), height.max(1));
    }
    let scaled = |length: u32| {
        let length = u64::from(length) * u64::from(longest) / u64::from(side);
        u32::try_from(length).expect("not longer than `longest`").max(1)
    };
    (scaled(width), scaled(height))
}

fn jpeg_name(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_keeps_its_proportion_and_is_never_made_larger() {
        for (size, longest, expected) in [
            ((4000, 3000), 1600, (1600, 1200)),
            ((3000, 4000), 1600, (1200, 1600)),
            ((800, 600), 1600, (800, 600)),
            ((10_000, 1), 1600, (1600, 1)),
            ((0, 0), 1600, (1, 1)),
        ] {
            assert_eq!(fit(size.0, size.1, longest), expected, "{size:?}");
        }
    }

    #[test]
    fn a_redrawn_photo_is_named_for_what_it_is() {
        assert_eq!(jpeg_name("IMG 0001.HEIC"), "IMG 0001.jpg");
        assert_eq!(jpeg_name("photo"), "photo.jpg");
    }
}
