//! Photos made small before they are stored: a phone's camera gives 4 MB, a report needs 200 KB.
//!
//! A worker does it (`public/photo.js`), so that the page goes on meanwhile. Browsers without a canvas in workers (Safari
//! before 16.4) do it in the page. What is drawn anew has no EXIF: it is upright, and does not tell where it was taken.

use futures::channel::oneshot;
use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

use super::{
    document::document,
    drawing::file_of,
    files::{Body, FileError, Picked},
    log_error, tasks,
};

const JPEG: &str = "image/jpeg";
const QUALITY: f64 = 0.8;

/// The longest side of a photo whose question sets no `max-pixels`.
pub const MAX_PIXELS_DEFAULT: u32 = 1600;

/// Reads a photo and makes its longest side at most `max_pixels`, as JPEG, upright.
///
/// What the browser cannot draw (a HEIC picture on some phones, or one too large for its memory) is kept as it came, a JPEG without what
/// it tells beside the picture.
pub async fn shrink(file: &File, max_pixels: u32) -> Result<Picked<Body>, FileError> {
    let drawn = redraw(file, max_pixels).await.map(|bytes| Picked {
        name: jpeg_name(&file.name()),
        media_type: JPEG.to_owned(),
        bytes,
    });
    match drawn {
        Ok(picked) => Ok(picked.to_keep()),
        Err(_cannot_be_drawn) => {
            let mut picked = super::files::read(file).await?;
            if let Some(alone) = sync::jpeg::picture_alone(&picked.bytes) {
                picked.bytes = alone;
            }
            Ok(picked.to_keep())
        }
    }
}

/// As [`shrink`], of what the camera showed.
pub async fn develop(frame: &ImageBitmap, max_pixels: u32) -> Result<Picked, FileError> {
    let drawn = redraw(frame, max_pixels).await;
    frame.close();
    Ok(Picked { name: "photo.jpg".to_owned(), media_type: JPEG.to_owned(), bytes: drawn? })
}

async fn redraw(source: &JsValue, max_pixels: u32) -> Result<Vec<u8>, FileError> {
    match in_worker(source, max_pixels).await {
        Ok(bytes) => Ok(bytes),
        Err(error) => {
            log_error(&format!("photo not made small by the worker: {error}"));
            in_page(source, max_pixels).await
        }
    }
}

/// A worker for one photo: what it took of the memory goes with it.
async fn in_worker(source: &JsValue, longest: u32) -> Result<Vec<u8>, FileError> {
    let script = document().and_then(|page| page.query_selector("script[data-photo]").ok()?);
    let script = script.and_then(|script| script.get_attribute("data-photo"));
    let script = script.ok_or_else(|| FileError("no worker in this page".to_owned()))?;
    let begin = || {
        let window = web_sys::window().ok_or("no page")?;
        let worker: Function = Reflect::get(&window, &"Worker".into())?.dyn_into()?;
        Reflect::construct(&worker, &Array::of1(&script.into()))
    };
    let worker = begin().map_err(FileError::of)?;
    let (give, given) = oneshot::channel::<JsValue>();
    let tell = Closure::once(move |event: JsValue| tasks::answer(give, event));
    let ask = || {
        // Either comes, and only the first counts: an `error` if there is no such script.
        for event in ["onmessage", "onerror"] {
            Reflect::set(&worker, &event.into(), tell.as_ref())?;
        }
        let task = Object::new();
        Reflect::set(&task, &"source".into(), source)?;
        Reflect::set(&task, &"longest".into(), &longest.into())?;
        Reflect::set(&task, &"quality".into(), &QUALITY.into())?;
        method(&worker, "postMessage")?.call1(&worker, &task)
    };
    let asked = ask().map_err(FileError::of);
    let answer = match asked {
        Ok(_) => given.await.ok(),
        Err(_) => None,
    };
    let ended = method(&worker, "terminate").and_then(|end| end.call0(&worker));
    ended.map_err(FileError::of)?;
    asked?;
    let data = answer.and_then(|event| Reflect::get(&event, &"data".into()).ok());
    let data = data.filter(JsValue::is_object);
    let data = data.ok_or_else(|| FileError("the worker did not start".to_owned()))?;
    let told =
        |name: &str| Reflect::get(&data, &name.into()).ok().filter(|told| !told.is_undefined());
    match (told("bytes"), told("error")) {
        (Some(bytes), _) => Ok(Uint8Array::new(&bytes).to_vec()),
        (None, error) => {
            Err(FileError(error.and_then(|text| text.as_string()).unwrap_or_default()))
        }
    }
}

fn method(of: &JsValue, name: &str) -> Result<Function, JsValue> {
    Reflect::get(of, &name.into())?.dyn_into()
}

async fn in_page(source: &JsValue, max_pixels: u32) -> Result<Vec<u8>, FileError> {
    let Some(file) = source.dyn_ref::<File>() else {
        return draw_in_page(source.unchecked_ref(), max_pixels).await;
    };
    let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
    // The picture is turned as its EXIF says: that is the default of `createImageBitmap`.
    let bitmap = window.create_image_bitmap_with_blob(file).map_err(FileError::of)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap).await.map_err(FileError::of)?.unchecked_into();
    let drawn = draw_in_page(&bitmap, max_pixels).await;
    bitmap.close();
    drawn
}

async fn draw_in_page(bitmap: &ImageBitmap, max_pixels: u32) -> Result<Vec<u8>, FileError> {
    let (width, height) = fit(bitmap.width(), bitmap.height(), max_pixels);
    let make = || {
        let canvas = document().ok_or("no page")?.create_element("canvas")?;
        Ok(canvas.unchecked_into::<HtmlCanvasElement>())
    };
    let canvas = make().map_err(FileError::of)?;
    let draw = || {
        canvas.set_width(width);
        canvas.set_height(height);
        let context: CanvasRenderingContext2d =
            canvas.get_context("2d")?.ok_or("no canvas")?.unchecked_into();
        let (width, height) = (f64::from(width), f64::from(height));
        context.draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, width, height)
    };
    let file = match draw() {
        Ok(()) => file_of(&canvas, JPEG, QUALITY).await,
        Err(error) => Err(FileError::of(error)),
    };
    // A page has room for so many pixels, and the collector comes late.
    canvas.set_width(0);
    file
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
