//! What fingers, or a mouse, do to a map: one moves it, two bring it nearer, a short touch means a place.

use super::mercator::Pixel;

/// A finger that moved no further than that meant to touch.
const TOUCH_PX: f64 = 8.0;

/// The fingers on the map.
#[derive(Clone, Debug, Default)]
pub(super) struct Fingers {
    down: Vec<(i32, Pixel)>,
    /// Whether what is going on is more than a touch.
    moved: bool,
    /// Where the first one came down.
    began: Pixel,
}

/// What was under `from` is under `to` now, `scale` times as large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Motion {
    pub from: Pixel,
    pub to: Pixel,
    pub scale: f64,
}

/// What it was when the last finger left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ended {
    /// A touch of this place.
    Touch(Pixel),
    /// The map was moved.
    Move,
    /// Other fingers are still there.
    NotYet,
}

impl Fingers {
    /// One comes down. A third has nothing to say.
    pub fn put(&mut self, id: i32, at: Pixel) {
        self.down.retain(|(other, _)| *other != id);
        if self.down.is_empty() {
            (self.moved, self.began) = (false, at);
        }
        if self.down.len() < 2 {
            self.down.push((id, at));
        }
        self.moved |= self.down.len() > 1;
    }

    /// One moves.
    pub fn moved(&mut self, id: i32, to: Pixel) -> Option<Motion> {
        let at = self.down.iter().position(|(other, _)| *other == id)?;
        self.moved |= away(self.began, to) > TOUCH_PX;
        // A hand that trembles does not move the map from under what it touches; one that goes on has not lost a pixel.
        if !self.moved {
            return None;
        }
        let before = self.hold();
        self.down[at].1 = to;
        let after = self.hold();
        let scale = if before.1 > 1.0 && after.1 > 1.0 { after.1 / before.1 } else { 1.0 };
        Some(Motion { from: before.0, to: after.0, scale })
    }

    /// One leaves.
    pub fn lifted(&mut self, id: i32) -> Ended {
        let known = self.down.len();
        self.down.retain(|(other, _)| *other != id);
        match (self.down.is_empty() && known > 0, self.moved) {
            (true, false) => Ended::Touch(self.began),
            (true, true) => Ended::Move,
            (false, _) => Ended::NotYet,
        }
    }

    /// The middle of what the fingers hold, and how far apart they are.
    fn hold(&self) -> (Pixel, f64) {
        match self.down.as_slice() {
            [(_, a), (_, b), ..] => (((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), away(*a, *b)),
            [(_, a)] => (*a, 0.0),
            [] => ((0.0, 0.0), 0.0),
        }
    }
}

fn away(from: Pixel, to: Pixel) -> f64 {
    (to.0 - from.0).hypot(to.1 - from.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finger_moves_the_map_once_it_moves_itself() {
        let mut fingers = Fingers::default();
        fingers.put(1, (50.0, 50.0));
        assert_eq!(fingers.moved(1, (54.0, 50.0)), None);
        let motion = Motion { from: (50.0, 50.0), to: (80.0, 60.0), scale: 1.0 };
        assert_eq!(fingers.moved(1, (80.0, 60.0)), Some(motion));
        assert_eq!(fingers.moved(2, (0.0, 0.0)), None, "that one is not on the map");
        assert_eq!(fingers.lifted(1), Ended::Move);
        assert_eq!(fingers.lifted(1), Ended::NotYet, "it had left");
    }

    #[test]
    fn a_short_touch_means_a_place() {
        let mut fingers = Fingers::default();
        fingers.put(1, (50.0, 50.0));
        assert_eq!(fingers.moved(1, (51.0, 53.0)), None);
        assert_eq!(fingers.lifted(1), Ended::Touch((50.0, 50.0)));
        // Whoever comes back to where they began has moved the map.
        fingers.put(1, (50.0, 50.0));
        assert!(
            fingers.moved(1, (90.0, 50.0)).is_some() && fingers.moved(1, (50.0, 50.0)).is_some()
        );
        assert_eq!(fingers.lifted(1), Ended::Move);
    }

    #[test]
    fn two_fingers_bring_it_nearer_and_one_that_stays_goes_on_moving_it() {
        let mut fingers = Fingers::default();
        fingers.put(1, (100.0, 100.0));
        fingers.put(2, (200.0, 100.0));
        fingers.put(3, (0.0, 0.0));
        let motion = Motion { from: (150.0, 100.0), to: (200.0, 100.0), scale: 2.0 };
        assert_eq!(fingers.moved(2, (300.0, 100.0)), Some(motion));
        assert_eq!(fingers.moved(3, (9.0, 9.0)), None);
        assert_eq!(fingers.lifted(1), Ended::NotYet);
        let motion = Motion { from: (300.0, 100.0), to: (310.0, 110.0), scale: 1.0 };
        assert_eq!(fingers.moved(2, (310.0, 110.0)), Some(motion));
        assert_eq!(fingers.lifted(2), Ended::Move);
    }
}
