//! Reads a code in a picture of a camera, for browsers that cannot (`BarcodeDetector`).
//!
//! Squares are found by quircs; lines are read here, along and across the picture, in whichever direction they run. Both are read
//! dark on light and light on dark.
#![warn(missing_docs)]

mod lines;
mod squares;

/// A picture in shades of grey: row by row, 0 is black.
#[derive(Clone, Debug)]
pub struct Picture {
    width: usize,
    height: usize,
    shades: Vec<u8>,
}

impl Picture {
    /// Of the colours of a canvas, four bytes a dot; nothing when they are not as many as the size says.
    #[must_use]
    pub fn of_rgba(width: usize, height: usize, colours: &[u8]) -> Option<Self> {
        let (dots, rest) = colours.as_chunks::<4>();
        let shade = |[red, green, blue, _]: &[u8; 4]| {
            let sum = u32::from(*red) * 77 + u32::from(*green) * 150 + u32::from(*blue) * 29;
            u8::try_from(sum / 256).expect("the three weigh 256")
        };
        let is_whole = rest.is_empty() && !dots.is_empty() && dots.len() == width * height;
        is_whole.then(|| Self { width, height, shades: dots.iter().map(shade).collect() })
    }

    fn row(&self, at: usize) -> impl ExactSizeIterator<Item = u8> {
        let from = at * self.width;
        self.shades[from..from + self.width].iter().copied()
    }

    fn column(&self, at: usize) -> impl ExactSizeIterator<Item = u8> {
        self.shades[at..].iter().step_by(self.width).copied()
    }
}

/// The ways to look at a picture, the likeliest first. Each is some milliseconds' work, so that a page can go on between them.
pub const LOOKS: [fn(&Picture) -> Option<String>; 5] =
    [squares::dark, lines::along_rows, lines::along_columns, squares::shaded, squares::light];

/// What the code in a picture says.
#[must_use]
pub fn read(picture: &Picture) -> Option<String> {
    LOOKS.iter().find_map(|look| look(picture))
}
