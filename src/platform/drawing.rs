//! Drawing with a finger: a signature.

use futures::channel::oneshot;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement};

use super::files::{FileError, blob_bytes};

const INK: &str = "#10213a";
const PAPER: &str = "#ffffff";

/// A sheet of paper on a canvas, white in the dark theme too: a signature ends up on paper.
#[derive(Clone)]
pub struct Pad {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Pad {
    /// Takes a canvas into use, with as many pixels as the screen shows of it.
    #[must_use]
    pub fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let pad = Self { canvas, context };
        pad.clear();
        Some(pad)
    }

    /// A clean sheet.
    pub fn clear(&self) {
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
        self.context.set_stroke_style_str(INK);
        self.context.set_line_width(2.5 * scale);
        self.context.set_line_cap("round");
        self.context.set_line_join("round");
    }

    /// Draws from one place of the page to another.
    pub fn stroke(&self, from: (f64, f64), to: (f64, f64)) {
        let (from, to) = (self.on_paper(from), self.on_paper(to));
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
        let (give, given) = oneshot::channel::<Option<Blob>>();
        // Nobody waits any more only when the page is gone.
        let callback = Closure::once(move |blob: Option<Blob>| drop(give.send(blob)));
        self.canvas.to_blob(callback.as_ref().unchecked_ref()).map_err(FileError::of)?;
        let blob = given.await.ok().flatten().ok_or_else(|| FileError("no picture".to_owned()))?;
        blob_bytes(&blob).await
    }
}
