//! Drawing with a finger: a signature, a sketch, marks on a photo.

use std::rc::Rc;

use futures::channel::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageBitmap};

use super::files::{FileError, blob_bytes};

const INK: &str = "#10213a";
const PAPER: &str = "#ffffff";
/// What is drawn on a photo.
const MARK: &str = "#d3180c";
const QUALITY: f64 = 0.8;

/// A sheet of paper on a canvas, white in the dark theme too, as a signature ends up on paper; or a photo.
#[derive(Clone)]
pub struct Pad {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    photo: Option<Rc<Photo>>,
}

/// A photo that is let go of with the last pad over it: the collector comes late.
struct Photo(ImageBitmap);

impl Drop for Photo {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Pad {
    /// Takes a canvas into use, with as many pixels as the screen shows of it.
    #[must_use]
    pub fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let pad = Self { canvas, context, photo: None };
        pad.clear();
        Some(pad)
    }

    /// Takes a canvas into use with a photo on it, pixel for pixel.
    pub async fn over(canvas: HtmlCanvasElement, photo: &Blob) -> Result<Self, FileError> {
        let context = canvas.get_context("2d").map_err(FileError::of)?;
        let context = context.ok_or_else(|| FileError("no canvas".to_owned()))?;
        let window = web_sys::window().ok_or_else(|| FileError("no page".to_owned()))?;
        let bitmap = window.create_image_bitmap_with_blob(photo).map_err(FileError::of)?;
        let bitmap: ImageBitmap =
            JsFuture::from(bitmap).await.map_err(FileError::of)?.unchecked_into();
        let pad =
            Self { canvas, context: context.unchecked_into(), photo: Some(Rc::new(Photo(bitmap))) };
        pad.clear();
        Ok(pad)
    }

    /// A clean sheet, or the photo as it was.
    pub fn clear(&self) {
        match &self.photo {
            Some(photo) => {
                let photo = &photo.0;
                self.canvas.set_width(photo.width());
                self.canvas.set_height(photo.height());
                // It can only fail for a photo that was let go of.
                drop(self.context.draw_image_with_image_bitmap(photo, 0.0, 0.0));
            }
            None => self.clear_paper(),
        }
        self.context.set_line_cap("round");
        self.context.set_line_join("round");
    }

    fn clear_paper(&self) {
        let scale =
            web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 2.0);
        let (width, height) =
            (self.canvas.client_width().max(1), self.canvas.client_height().max(1));
        self.canvas.set_width((f64::from(width) * scale) as u32);
        self.canvas.set_height((f64::from(height) * scale) as u32);
        self.context.set_fill_style_str(PAPER);
        self.context.fill_rect(
            0.0,
            0.0,
            f64::from(self.canvas.width()),
            f64::from(self.canvas.height()),
        );
    }

    /// Draws from one place of the page to another.
    pub fn stroke(&self, from: (f64, f64), to: (f64, f64)) {
        // As wide on a photo as on paper, whatever its size on screen.
        let unit = f64::from(self.canvas.width())
            / self.canvas.get_bounding_client_rect().width().max(1.0);
        let (ink, width) = if self.photo.is_some() { (MARK, 4.0) } else { (INK, 2.5) };
        let (from, to) = (self.on_paper(from), self.on_paper(to));
        self.context.set_stroke_style_str(ink);
        self.context.set_line_width(width * unit);
        self.context.begin_path();
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
        self.context.stroke();
    }

    fn on_paper(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let frame = self.canvas.get_bounding_client_rect();
        let across = f64::from(self.canvas.width()) / frame.width().max(1.0);
        let down = f64::from(self.canvas.height()) / frame.height().max(1.0);
        ((x - frame.left()) * across, (y - frame.top()) * down)
    }

    /// The sheet as a PNG file.
    pub async fn png(&self) -> Result<Vec<u8>, FileError> {
        file_of(&self.canvas, "image/png", QUALITY).await
    }

    /// The photo with what is drawn on it, as a JPEG file.
    pub async fn jpeg(&self) -> Result<Vec<u8>, FileError> {
        file_of(&self.canvas, "image/jpeg", QUALITY).await
    }
}

/// What is on a canvas, as a file.
pub(super) async fn file_of(
    canvas: &HtmlCanvasElement,
    media_type: &str,
    quality: f64,
) -> Result<Vec<u8>, FileError> {
    let (give, given) = oneshot::channel::<Option<Blob>>();
    // Nobody waits any more only when the page is gone.
    let callback = Closure::once(move |blob: Option<Blob>| drop(give.send(blob)));
    let function = callback.as_ref().unchecked_ref();
    let quality = JsValue::from_f64(quality);
    canvas
        .to_blob_with_type_and_encoder_options(function, media_type, &quality)
        .map_err(FileError::of)?;
    let blob = given.await.ok().flatten().ok_or_else(|| FileError("no picture".to_owned()))?;
    blob_bytes(&blob).await
}
