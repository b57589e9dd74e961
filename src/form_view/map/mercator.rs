//! The earth as a square, and what of it is in sight: Web Mercator, in which the world at zoom `z` is 256 · 2^z pixels wide.

use std::f64::consts::PI;

use super::place::{Mark, Place, Shape};
use crate::stores::server_map::MapAbout;

/// How wide a picture is.
const TILE_PX: f64 = 256.0;
/// Where the square ends, north and south.
const LAST_LATITUDE: f64 = 85.051_128;
/// So much further than the file's pictures go one may look: larger pictures, for who places a point.
const BEYOND: f64 = 3.0;
/// A single place is shown this near: a hamlet fills the screen.
const NEAR: f64 = 17.0;
/// How much of the screen stays free around what is to be seen, and how far beside a place a finger may be.
const FINGER_PX: f64 = 24.0;
const METRES_AROUND: f64 = 40_075_016.7;

/// A spot on the square: from 0 to 1, from west to east and from north to south.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    x: f64,
    y: f64,
}

/// Pixels, to the right and down.
pub(super) type Pixel = (f64, f64);

impl From<Place> for Spot {
    fn from(place: Place) -> Self {
        let latitude = place.latitude.clamp(-LAST_LATITUDE, LAST_LATITUDE).to_radians();
        let north = (PI / 4.0 + latitude / 2.0).tan().ln();
        Self { x: (place.longitude + 180.0) / 360.0, y: (1.0 - north / PI) / 2.0 }
    }
}

impl From<Spot> for Place {
    fn from(spot: Spot) -> Self {
        let north = (PI * (1.0 - 2.0 * spot.y)).exp();
        let latitude = (2.0 * north.atan() - PI / 2.0).to_degrees();
        Self { latitude, longitude: spot.x * 360.0 - 180.0 }
    }
}

/// A picture's place: zoom, column from the west, row from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub z: u8,
    pub x: u32,
    pub y: u32,
}

impl Tile {
    /// Its north-western corner.
    pub fn corner(self) -> Spot {
        let side = f64::from(1_u32 << self.z);
        Spot { x: f64::from(self.x) / side, y: f64::from(self.y) / side }
    }
}

/// How wide the whole world is at a zoom, in pixels.
pub(super) fn world_px(zoom: f64) -> f64 {
    TILE_PX * zoom.exp2()
}

/// Where a spot lies from another one, in pixels at a zoom.
pub(super) fn from_to(from: Spot, to: Spot, zoom: f64) -> Pixel {
    let world = world_px(zoom);
    ((to.x - from.x) * world, (to.y - from.y) * world)
}

/// What is in sight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    /// What lies in the middle.
    pub centre: Spot,
    /// How near: each whole step is twice as large.
    pub zoom: f64,
    /// How large the window is.
    pub size: Pixel,
}

impl Sight {
    /// How a map is first seen: all that was answered, else all that can be chosen, else as its file says.
    pub fn first(about: &MapAbout, marks: &[Mark], size: Pixel) -> Self {
        let chosen = || marks.iter().filter(|mark| mark.chosen).flat_map(Mark::places);
        let all = || marks.iter().flat_map(Mark::places);
        let [west, south, east, north] = about.bounds;
        let corner = |longitude, latitude| Place { latitude, longitude };
        let whole = || {
            let seen = Self::around([corner(west, south), corner(east, north)], size);
            match about.center {
                Some([longitude, latitude, zoom]) => {
                    Self { centre: corner(longitude, latitude).into(), zoom, size }
                }
                None => seen.unwrap_or(Self { centre: Spot { x: 0.5, y: 0.5 }, zoom: 0.0, size }),
            }
        };
        let seen = Self::around(chosen(), size).or_else(|| Self::around(all(), size));
        seen.unwrap_or_else(whole).within(about)
    }

    /// What shows all these places.
    fn around(places: impl IntoIterator<Item = Place>, size: Pixel) -> Option<Self> {
        let mut spots = places.into_iter().map(Spot::from);
        let first = spots.next()?;
        let (mut low, mut high) = (first, first);
        for spot in spots {
            low = Spot { x: low.x.min(spot.x), y: low.y.min(spot.y) };
            high = Spot { x: high.x.max(spot.x), y: high.y.max(spot.y) };
        }
        let room = |side: f64| (side - 2.0 * FINGER_PX).max(1.0) / TILE_PX;
        let fits = (room(size.0) / (high.x - low.x)).min(room(size.1) / (high.y - low.y));
        let zoom = fits.log2().floor().min(NEAR);
        let centre = Spot { x: (low.x + high.x) / 2.0, y: (low.y + high.y) / 2.0 };
        Some(Self { centre, zoom, size })
    }

    /// The same, not beyond what the map has.
    fn within(self, about: &MapAbout) -> Self {
        let zoom = self.zoom.clamp(f64::from(about.min_zoom), f64::from(about.max_zoom) + BEYOND);
        let centre = Spot { x: self.centre.x.clamp(0.0, 1.0), y: self.centre.y.clamp(0.0, 1.0) };
        Self { centre, zoom, ..self }
    }

    /// With another place in the middle.
    pub fn at(self, place: Place) -> Self {
        Self { centre: place.into(), ..self }
    }

    /// Whether a place is in sight, not just at the edge.
    pub fn shows(self, place: Place) -> bool {
        let (x, y) = self.pixel(place.into());
        let is_in = |at: f64, side: f64| (FINGER_PX..=side - FINGER_PX).contains(&at);
        is_in(x, self.size.0) && is_in(y, self.size.1)
    }

    /// Where a spot is in the window.
    pub fn pixel(self, spot: Spot) -> Pixel {
        let (x, y) = from_to(self.centre, spot, self.zoom);
        (x + self.size.0 / 2.0, y + self.size.1 / 2.0)
    }

    fn spot(self, (x, y): Pixel) -> Spot {
        let world = world_px(self.zoom);
        Spot {
            x: self.centre.x + (x - self.size.0 / 2.0) / world,
            y: self.centre.y + (y - self.size.1 / 2.0) / world,
        }
    }

    /// The middle of the window.
    pub fn middle(self) -> Pixel {
        (self.size.0 / 2.0, self.size.1 / 2.0)
    }

    /// What was under `from` is under `to` now, so many steps nearer.
    pub fn moved(self, from: Pixel, to: Pixel, steps: f64, about: &MapAbout) -> Self {
        let held = self.spot(from);
        let nearer = Self { zoom: self.zoom + steps, ..self }.within(about);
        let world = world_px(nearer.zoom);
        let centre = Spot {
            x: held.x - (to.0 - self.size.0 / 2.0) / world,
            y: held.y - (to.1 - self.size.1 / 2.0) / world,
        };
        Self { centre, ..nearer }.within(about)
    }

    /// At a whole step: there the pictures are as sharp as they were made.
    pub fn settled(self) -> Self {
        Self { zoom: self.zoom.round(), ..self }
    }

    /// The pictures in sight, those that the file can have.
    pub fn tiles(self, about: &MapAbout) -> Vec<Tile> {
        let (width, height) = self.size;
        if width <= 0.0 || height <= 0.0 {
            return Vec::new();
        }
        let z = (self.zoom.round() as u8).clamp(about.min_zoom, about.max_zoom);
        let [west, south, east, north] = about.bounds;
        let covered = |latitude, longitude| Spot::from(Place { latitude, longitude });
        let (first, last) = (covered(north, west), covered(south, east));
        let (low, high) = (self.spot((0.0, 0.0)), self.spot((width, height)));
        let side = 1_u32 << z;
        let at = |part: f64| ((part * f64::from(side)) as u32).min(side - 1);
        let columns = at(low.x.max(first.x))..=at(high.x.min(last.x));
        let rows = at(low.y.max(first.y))..=at(high.y.min(last.y));
        rows.flat_map(|y| columns.clone().map(move |x| Tile { z, x, y })).collect()
    }

    /// How many pixels a metre is at a place.
    pub fn px_per_metre(zoom: f64, place: Place) -> f64 {
        world_px(zoom) / (METRES_AROUND * place.latitude.to_radians().cos())
    }

    /// Which mark a finger means; a point before a line before an area, and of several the nearest.
    pub fn touched(self, marks: &[Mark], finger: Pixel) -> Option<usize> {
        let far = |mark: &Mark| match &mark.shape {
            Shape::Point(place) => distance(self.pixel((*place).into()), finger),
            Shape::Line(places) => FINGER_PX / 2.0 + self.to_line(places, finger),
            Shape::Area(places) if self.is_inside(places, finger) => FINGER_PX - 1.0,
            Shape::Area(places) => FINGER_PX / 2.0 + self.to_line(places, finger),
        };
        let far = marks.iter().enumerate().map(|(at, mark)| (at, far(mark)));
        let near = far.filter(|(_, far)| *far < FINGER_PX);
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    }

    fn to_line(self, places: &[Place], finger: Pixel) -> f64 {
        let sides = places.windows(2).map(|pair| {
            let (from, to) = (self.pixel(pair[0].into()), self.pixel(pair[1].into()));
            let (along, off) =
                ((to.0 - from.0, to.1 - from.1), (finger.0 - from.0, finger.1 - from.1));
            let square = along.0 * along.0 + along.1 * along.1;
            let part = if square == 0.0 {
                0.0
            } else {
                ((off.0 * along.0 + off.1 * along.1) / square).clamp(0.0, 1.0)
            };
            distance((from.0 + along.0 * part, from.1 + along.1 * part), finger)
        });
        sides.fold(f64::INFINITY, f64::min)
    }

    /// Whether a ray from the finger to the right leaves the area once more than it enters it.
    fn is_inside(self, places: &[Place], (x, y): Pixel) -> bool {
        let crosses = |pair: &[Place]| {
            let (from, to) = (self.pixel(pair[0].into()), self.pixel(pair[1].into()));
            (from.1 > y) != (to.1 > y)
                && x < from.0 + (y - from.1) / (to.1 - from.1) * (to.0 - from.0)
        };
        places.windows(2).filter(|pair| crosses(pair)).count() % 2 == 1
    }
}

fn distance(from: Pixel, to: Pixel) -> f64 {
    (to.0 - from.0).hypot(to.1 - from.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitude: f64, longitude: f64) -> Place {
        Place { latitude, longitude }
    }

    fn about() -> MapAbout {
        MapAbout {
            version: "v".to_owned(),
            min_zoom: 5,
            max_zoom: 17,
            bounds: [107.0, 10.8, 107.5, 11.1],
            center: None,
            attribution: String::new(),
        }
    }

    fn sight(zoom: f64) -> Sight {
        Sight { centre: place(10.93, 107.24).into(), zoom, size: (320.0, 300.0) }
    }

    fn point(latitude: f64, longitude: f64, chosen: bool) -> Mark {
        Mark { shape: Shape::Point(place(latitude, longitude)), accuracy_m: 0.0, chosen }
    }

    #[track_caller]
    fn near(left: Pixel, right: Pixel) {
        assert!(distance(left, right) < 1e-6, "{left:?} {right:?}");
    }

    #[test]
    fn the_square_is_where_everybody_has_it() {
        // What others give for Hồ Chí Minh City at zoom 10, and for the corners of the world.
        let spot = Spot::from(place(10.7769, 106.7009));
        assert_eq!(((spot.x * 1024.0) as u32, (spot.y * 1024.0) as u32), (815, 481));
        near(
            (0.0, 0.0),
            from_to(Spot { x: 0.0, y: 0.0 }, place(85.051_128_779_8, -180.0).into(), -3.0),
        );
        let equator = Spot::from(place(0.0, 0.0));
        assert!((equator.x - 0.5).abs() < 1e-12 && (equator.y - 0.5).abs() < 1e-12);
        for (latitude, longitude) in [(10.93, 107.24), (-45.5, -0.25), (84.9, 179.9)] {
            let back = Place::from(Spot::from(place(latitude, longitude)));
            assert!((back.latitude - latitude).abs() < 1e-9, "{back:?}");
            assert!((back.longitude - longitude).abs() < 1e-9, "{back:?}");
        }
    }

    #[test]
    fn a_metre_is_as_long_as_on_the_ground() {
        let from = place(10.93, 107.24);
        let east = place(10.93, 107.241);
        let (x, y) = from_to(from.into(), east.into(), 17.0);
        let metres = x / Sight::px_per_metre(17.0, from);
        assert!((109.0..109.5).contains(&metres) && y.abs() < 1e-6, "{metres} {y}");
    }

    #[test]
    fn what_is_held_stays_under_the_finger() {
        let before = sight(14.0);
        for (from, to, steps) in [
            ((10.0, 20.0), (110.0, 70.0), 0.0),
            ((160.0, 150.0), (160.0, 150.0), 1.0),
            ((300.0, 10.0), (280.0, 40.0), -2.0),
        ] {
            let held = before.spot(from);
            let after = before.moved(from, to, steps, &about());
            near(after.pixel(held), to);
        }
        let nearest = before.moved((0.0, 0.0), (0.0, 0.0), 99.0, &about());
        assert_eq!(nearest.zoom, 20.0, "three steps beyond the pictures");
        assert_eq!(before.moved((0.0, 0.0), (0.0, 0.0), -99.0, &about()).zoom, 5.0);
        near(before.pixel(before.centre), before.middle());
    }

    #[test]
    fn the_window_is_covered_with_pictures_and_nothing_else_is_fetched() {
        for zoom in [14.0, 14.4, 14.6, 19.0] {
            let sight = sight(zoom);
            let tiles = sight.tiles(&about());
            let side = TILE_PX * (zoom - f64::from(tiles[0].z)).exp2();
            let is_covered = |x: f64, y: f64| {
                tiles.iter().any(|tile| {
                    let (left, top) = sight.pixel(tile.corner());
                    (left..left + side).contains(&x) && (top..top + side).contains(&y)
                })
            };
            for (x, y) in [(0.5, 0.5), (319.5, 0.5), (0.5, 299.5), (319.5, 299.5), (160.0, 150.0)] {
                assert!(is_covered(x, y), "{zoom}: {x} {y}");
            }
            let is_seen = |tile: &Tile| {
                let (left, top) = sight.pixel(tile.corner());
                left < 320.0 && top < 300.0 && left + side > 0.0 && top + side > 0.0
            };
            assert!(tiles.iter().all(is_seen), "{zoom}");
        }
        assert_eq!(sight(19.0).tiles(&about())[0].z, 17, "the file has none nearer");
        let abroad = sight(14.0).at(place(48.0, 16.0));
        assert!(abroad.tiles(&about()).is_empty(), "outside of what the file covers");
        assert!(Sight { size: (0.0, 0.0), ..sight(14.0) }.tiles(&about()).is_empty());
    }

    #[test]
    fn a_map_begins_with_what_was_answered_then_with_the_choices_then_as_the_file_says() {
        let size = (320.0, 300.0);
        let marks = [point(10.90, 107.10, false), point(10.95, 107.30, true)];
        let answered = Sight::first(&about(), &marks, size);
        assert_eq!((answered.centre, answered.zoom), (place(10.95, 107.30).into(), NEAR));
        let choices = [point(10.90, 107.10, false), point(10.95, 107.30, false)];
        let all = Sight::first(&about(), &choices, size);
        assert!(choices.iter().flat_map(Mark::places).all(|place| all.shows(place)), "{all:?}");
        assert!(!Sight { zoom: all.zoom + 1.0, ..all }.shows(place(10.90, 107.10)));
        let whole = Sight::first(&about(), &[], size);
        assert!(whole.shows(place(10.8, 107.0)) && whole.shows(place(11.1, 107.5)), "{whole:?}");
        let said = MapAbout { center: Some([107.2, 10.9, 99.0]), ..about() };
        let said = Sight::first(&said, &[], size);
        assert_eq!((said.centre, said.zoom), (place(10.9, 107.2).into(), 20.0));
    }

    #[test]
    fn a_finger_means_the_nearest_and_a_point_before_what_it_lies_in() {
        let sight = sight(16.0);
        let at = |x: f64, y: f64| Place::from(sight.spot((x, y)));
        let mark = |shape| Mark { shape, accuracy_m: 0.0, chosen: false };
        let around = vec![
            at(100.0, 100.0),
            at(200.0, 100.0),
            at(200.0, 200.0),
            at(100.0, 200.0),
            at(100.0, 100.0),
        ];
        let marks = [
            mark(Shape::Area(around)),
            mark(Shape::Point(at(150.0, 150.0))),
            mark(Shape::Line(vec![at(10.0, 10.0), at(110.0, 10.0)])),
            mark(Shape::Point(at(170.0, 150.0))),
        ];
        for (finger, meant) in [
            ((155.0, 150.0), Some(1)),
            ((165.0, 150.0), Some(3)),
            ((150.0, 185.0), Some(0)),
            ((205.0, 150.0), Some(0)),
            ((60.0, 18.0), Some(2)),
            ((60.0, 40.0), None),
            ((250.0, 250.0), None),
        ] {
            assert_eq!(sight.touched(&marks, finger), meant, "{finger:?}");
        }
    }
}
