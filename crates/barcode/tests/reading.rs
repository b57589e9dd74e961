//! Codes as a camera sees them: drawn here, turned, in the shade, out of focus.

use barcode::{Picture, read};
use fast_qr::QRBuilder;
use proptest::prelude::*;

/// A picture with white all about what is drawn.
#[derive(Clone)]
struct Drawn {
    width: usize,
    height: usize,
    shades: Vec<f32>,
}

impl Drawn {
    fn new(width: usize, height: usize, shade: impl Fn(usize, usize) -> f32) -> Self {
        let shades = (0..width * height).map(|at| shade(at % width, at / width)).collect();
        Self { width, height, shades }
    }

    /// Bars of these widths in modules, dark first, with as much light about them as the standards want.
    fn bars(widths: &str, module: f32) -> Self {
        let mut edges = vec![module * 10.0];
        for width in widths.bytes() {
            edges.push(edges[edges.len() - 1] + module * f32::from(width - b'0'));
        }
        let end = edges[edges.len() - 1];
        let width = number(end + module * 10.0);
        // What part of a dot is dark.
        let dark = |x: usize| {
            let (from, to) = (float(x), float(x + 1));
            edges
                .chunks_exact(2)
                .map(|bar| (bar[1].min(to) - bar[0].max(from)).max(0.0))
                .sum::<f32>()
        };
        Self::new(
            width,
            120,
            |x, y| if (20..100).contains(&y) { 230.0 - 200.0 * dark(x) } else { 230.0 },
        )
    }

    fn square(text: &str, module: usize) -> Self {
        let code = QRBuilder::new(text).build().expect("it is short enough");
        let side = (code.size + 8) * module;
        Self::new(side, side, |x, y| {
            let (x, y) = ((x / module).wrapping_sub(4), (y / module).wrapping_sub(4));
            let is_dark = x < code.size && y < code.size && code[y][x].value();
            if is_dark { 30.0 } else { 230.0 }
        })
    }

    /// In a picture of this size, its middle in the middle, turned by so many degrees.
    fn turned(&self, degrees: f32, width: usize, height: usize) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let middle = |length: usize| (float(length) - 1.0) / 2.0;
        Self::new(width, height, |x, y| {
            let (x, y) = (float(x) - middle(width), float(y) - middle(height));
            self.at(x * cos + y * sin + middle(self.width), y * cos - x * sin + middle(self.height))
        })
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let dot = |x: f32, y: f32| {
            let is_in = x >= 0.0 && y >= 0.0 && x < float(self.width) && y < float(self.height);
            if is_in { self.shades[number(y) * self.width + number(x)] } else { 230.0 }
        };
        let (left, top) = (x.floor(), y.floor());
        let (right, below) = (x - left, y - top);
        let row = |y: f32| dot(left, y) * (1.0 - right) + dot(left + 1.0, y) * right;
        row(top) * (1.0 - below) + row(top + 1.0) * below
    }

    /// Each dot is what the nine about it are together.
    fn blurred(&self) -> Self {
        Self::new(self.width, self.height, |x, y| {
            let near = |length: usize, at: usize| at.saturating_sub(1)..(at + 2).min(length);
            let dots: Vec<f32> = near(self.height, y)
                .flat_map(|y| near(self.width, x).map(move |x| (x, y)))
                .map(|(x, y)| self.shades[y * self.width + x])
                .collect();
            dots.iter().sum::<f32>() / float(dots.len())
        })
    }

    fn each(&self, change: impl Fn(usize, usize, f32) -> f32) -> Self {
        Self::new(self.width, self.height, |x, y| change(x, y, self.shades[y * self.width + x]))
    }

    fn light_on_dark(&self) -> Self {
        self.each(|_, _, shade| 255.0 - shade)
    }

    fn picture(&self) -> Picture {
        let colours = |shade: &f32| [byte(*shade), byte(*shade), byte(*shade), 255];
        let colours: Vec<u8> = self.shades.iter().flat_map(colours).collect();
        Picture::of_rgba(self.width, self.height, &colours).expect("as many as its size says")
    }

    fn read(&self) -> Option<String> {
        read(&self.picture())
    }
}

#[expect(clippy::cast_precision_loss, reason = "pictures are small")]
fn float(length: usize) -> f32 {
    length as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures are small, and begin at 0"
)]
fn number(length: f32) -> usize {
    length as usize
}

fn byte(shade: f32) -> u8 {
    u8::try_from(number(shade.clamp(0.0, 255.0))).expect("clamped")
}

/// The standard's table of a code on goods, as it is printed: 1 is dark.
fn ean(digits: &str) -> String {
    const L: [&str; 10] = [
        "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011",
        "0110111", "0001011",
    ];
    const LEFT: [&str; 10] = [
        "LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL",
        "LGGLGL",
    ];
    let right = |digit: usize| {
        L[digit].bytes().map(|bit| if bit == b'0' { '1' } else { '0' }).collect::<String>()
    };
    let left = |kind: char, digit: usize| match kind {
        'L' => L[digit].to_owned(),
        _ => right(digit).chars().rev().collect(),
    };
    let digits: Vec<usize> = digits.bytes().map(|digit| usize::from(digit - b'0')).collect();
    let (kinds, drawn) = match digits.split_first() {
        Some((first, rest)) if digits.len() == 13 => (LEFT[*first], rest),
        _ => ("LLLL", &digits[..]),
    };
    let (first, second) = drawn.split_at(drawn.len() / 2);
    let first: String = kinds.chars().zip(first).map(|(kind, digit)| left(kind, *digit)).collect();
    let second: String = second.iter().map(|digit| right(*digit)).collect();
    widths(&format!("101{first}01010{second}101"))
}

/// How wide each run of equal bits is.
fn widths(bits: &str) -> String {
    let mut widths: Vec<u8> = Vec::new();
    let mut before = 0;
    for bit in bits.bytes() {
        if bit != before {
            widths.push(b'0');
        }
        before = bit;
        *widths.last_mut().expect("pushed") += 1;
    }
    String::from_utf8(widths).expect("digits")
}

fn itf(digits: &str) -> String {
    const WIDE: [&str; 10] =
        ["11331", "31113", "13113", "33111", "11313", "31311", "13311", "11133", "31131", "13131"];
    let digits: Vec<&str> = digits.bytes().map(|digit| WIDE[usize::from(digit - b'0')]).collect();
    let pair = |pair: &[&str]| -> String {
        pair[0].chars().zip(pair[1].chars()).flat_map(|(dark, light)| [dark, light]).collect()
    };
    format!("1111{}311", digits.chunks(2).map(pair).collect::<String>())
}

/// Every kind of code of lines: as it is drawn, and what it says.
fn codes() -> Vec<(String, &'static str)> {
    // The example of the encyclopedia, bit by bit.
    let pjj = "11010000100111011101101011011100010110111000100111001101100111001011001011100100010001101110101100011\
        00011101011";
    vec![
        (ean("8934567890120"), "8934567890120"),
        (ean("4006381333931"), "4006381333931"),
        (ean("0036000291452"), "036000291452"),
        (ean("96385074"), "96385074"),
        (widths(pjj), "PJJ123C"),
        // B, then two digits each.
        ("2112141113231311231131411122321311233311213212212331112".to_owned(), "AB123456"),
        // FNC1 and two digits each, then B.
        ("2112324111312221221122321311233311212411121141314212112214112331112".to_owned(), "0112345678x"),
        // A, with one small letter.
        ("2114121113234113111214211311233131212331112".to_owned(), "AbB"),
        (
            "131131311111311133113111311311131111313111131131311331113111311111133113131113111133113111131131311".to_owned(),
            "SO-7 K/9",
        ),
        (itf("15400141288763"), "15400141288763"),
        (itf("123456"), "123456"),
    ]
}

#[test]
fn each_kind_of_lines_is_read_large_and_small() {
    for (bars, text) in codes() {
        for module in [1.6, 2.0, 2.7, 5.0] {
            assert_eq!(Drawn::bars(&bars, module).read().as_deref(), Some(text), "{module}");
        }
    }
}

#[test]
fn lines_are_read_whichever_way_they_lie() {
    for (bars, text) in codes() {
        let code = Drawn::bars(&bars, 2.5);
        for degrees in [0.0, 5.0, 90.0, 98.0, 180.0, 186.0, 270.0] {
            assert_eq!(code.turned(degrees, 640, 640).read().as_deref(), Some(text), "{degrees}");
        }
    }
}

#[test]
fn lines_are_read_light_on_dark() {
    for (bars, text) in codes() {
        assert_eq!(Drawn::bars(&bars, 2.5).light_on_dark().read().as_deref(), Some(text));
    }
}

#[test]
fn lines_are_read_where_it_grows_dark_and_out_of_focus() {
    for (bars, text) in codes() {
        let code = Drawn::bars(&bars, 3.0).blurred();
        let width = float(code.width);
        let shaded = code.each(|x, _, shade| shade * (1.0 - 0.7 * float(x) / width));
        assert_eq!(shaded.read().as_deref(), Some(text));
        let noisy = code.each(|x, y, shade| shade + float((x * 7919 + y * 104_729) % 31) - 15.0);
        assert_eq!(noisy.read().as_deref(), Some(text));
    }
}

#[test]
fn a_code_whose_check_is_wrong_is_not_read() {
    let wrong = ["8934567890121", "96385075"].map(ean);
    for bars in wrong {
        assert_eq!(Drawn::bars(&bars, 3.0).read(), None);
    }
    let wrong = "2112141113231311231131411122321311233311213122122331112";
    assert_eq!(Drawn::bars(wrong, 3.0).read(), None);
}

#[test]
fn a_part_of_a_code_is_no_code() {
    for (bars, text) in codes() {
        for keep in [(bars.len() / 3) | 1, (bars.len() / 2) | 1, bars.len() - 2] {
            let read = Drawn::bars(bars.split_at(keep).0, 3.0).read();
            assert_eq!(read, None, "{keep} of {} stripes of {text}", bars.len());
        }
    }
}

#[test]
fn squares_are_read_whichever_way_they_lie() {
    for text in
        ["8934567890120", "https://sotay.vn/buoi/7", "Buổi tập huấn số 3 – phường Long Khánh"]
    {
        let code = Drawn::square(text, 6);
        for degrees in [0.0, 30.0, 90.0, 135.0, 180.0, 270.0] {
            // One picture of many is missed; no hand is still enough for the next to be the same.
            let pictures =
                [0.0, 0.6, 1.3].map(|more| code.turned(degrees + more, 640, 480).blurred());
            let dark = pictures.iter().find_map(Drawn::read);
            assert_eq!(dark.as_deref(), Some(text), "{degrees}");
            let light =
                pictures.iter().map(Drawn::light_on_dark).find_map(|picture| picture.read());
            assert_eq!(light.as_deref(), Some(text), "light, {degrees}");
        }
    }
}

#[test]
fn a_square_is_read_where_it_grows_dark() {
    let code = Drawn::square("Buổi tập huấn số 3", 6).turned(3.0, 480, 480);
    let shaded = code.each(|x, y, shade| shade * (1.0 - 0.8 * float(x + y) / 960.0));
    assert_eq!(shaded.read().as_deref(), Some("Buổi tập huấn số 3"));
}

#[test]
fn colours_that_are_no_picture_are_refused() {
    for (width, height, bytes) in [(0, 0, 0), (2, 2, 15), (2, 2, 12), (2, 2, 17), (0, 4, 16)] {
        assert!(Picture::of_rgba(width, height, &vec![0; bytes]).is_none());
    }
}

proptest! {
    #[test]
    fn whatever_the_camera_sees_ends_with_an_answer(
        width in 1_usize..160, height in 1_usize..160, seed in any::<u32>(), coarse in 1_usize..9,
    ) {
        let noise = |x: usize, y: usize| {
            let mixed = (x / coarse * 31 + y / coarse * 17 + 1).wrapping_mul(seed as usize | 1);
            float((mixed >> 7) % 256)
        };
        Drawn::new(width, height, noise).read();
    }

    #[test]
    fn a_damaged_square_says_what_it_said_or_nothing(
        module in 2_usize..6, degrees in 0_f32..360.0, at in 0_usize..9000, wide in 1_usize..60, shade in 0_f32..255.0,
    ) {
        let code = Drawn::square("8934567890120", module).turned(degrees, 240, 240);
        let (left, top) = (at % 240, at / 40);
        let inside = |x: usize, y: usize| (left..left + wide).contains(&x) && (top..top + wide).contains(&y);
        let damaged = code.each(|x, y, was| if inside(x, y) { shade } else { was });
        if let Some(text) = damaged.read() {
            prop_assert_eq!(text, "8934567890120");
        }
    }
}
