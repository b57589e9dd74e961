//! Places, lines and areas as ODK writes them.

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
}

impl Place {
    /// Of `latitude longitude altitude accuracy`, of which the last two may be missing.
    pub fn read(geopoint: &str) -> Option<Self> {
        let mut parts = geopoint.split_whitespace();
        let (latitude, longitude) =
            (form::parse_number(parts.next()?)?, form::parse_number(parts.next()?)?);
        let is_on_earth =
            (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        is_on_earth.then_some(Self { latitude, longitude })
    }

    /// As the answer of a question: chosen on a map, not measured, for which ODK writes no altitude and no accuracy.
    pub fn to_geopoint(self) -> String {
        format!("{:.7} {:.7} 0 0", self.latitude, self.longitude)
    }
}

/// What lies on the earth.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A place.
    Point(Place),
    /// From place to place.
    Line(Vec<Place>),
    /// The same, and the last is the first.
    Area(Vec<Place>),
}

impl Shape {
    /// Of one geopoint, or of several with `;` between; `None` where there is no place.
    pub fn read(text: &str) -> Option<Self> {
        let places: Vec<Place> = text.split(';').filter_map(Place::read).collect();
        Some(match places.as_slice() {
            [] => return None,
            [place] => Self::Point(*place),
            [first, _, _, .., last] if first == last => Self::Area(places),
            _ => Self::Line(places),
        })
    }
}

/// What is drawn on a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where it lies.
    pub shape: Shape,
    /// The radius in metres in which it is likely to be; 0 if that is not known, or it was not measured.
    pub accuracy_m: f64,
    /// Whether it is the answer.
    pub chosen: bool,
}

impl Mark {
    /// Of a choice, or of an answer that is one place or several.
    pub fn read(text: &str, chosen: bool) -> Option<Self> {
        let accuracy = text.split_whitespace().nth(3).and_then(form::parse_number);
        let shape = Shape::read(text)?;
        let is_point = matches!(shape, Shape::Point(_));
        let accuracy_m = accuracy.filter(|_| is_point).unwrap_or(0.0);
        Some(Self { shape, accuracy_m, chosen })
    }

    /// Its places.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let places = match &self.shape {
            Shape::Point(place) => std::slice::from_ref(place),
            Shape::Line(places) | Shape::Area(places) => places,
        };
        places.iter().copied()
    }

    /// The place that came last: of an area before it comes back to the first.
    pub fn newest(&self) -> Option<Place> {
        let back = usize::from(matches!(self.shape, Shape::Area(_)));
        self.places().nth(self.places().count().checked_sub(1 + back)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Place = Place { latitude: 10.5, longitude: 107.25 };
    const B: Place = Place { latitude: 10.5, longitude: 107.5 };
    const C: Place = Place { latitude: 11.0, longitude: 107.5 };

    #[test]
    fn a_place_is_on_the_earth_or_it_is_none() {
        assert_eq!(Place::read("10.5 107.25"), Some(A));
        assert_eq!(Place::read(" 10.5 107.25 12.0 4.5"), Some(A));
        for no_place in ["", "10.5", "a b", "91 107", "10 181", "\"><script> 1"] {
            assert_eq!(Place::read(no_place), None, "{no_place}");
        }
        assert_eq!(A.to_geopoint(), "10.5000000 107.2500000 0 0");
    }

    #[test]
    fn one_place_is_a_point_and_a_line_that_comes_back_is_an_area() {
        for (text, shape) in [
            ("10.5 107.25 0 0", Some(Shape::Point(A))),
            ("10.5 107.25 0 0;", Some(Shape::Point(A))),
            ("10.5 107.25;10.5 107.5 0 0", Some(Shape::Line(vec![A, B]))),
            ("10.5 107.25;10.5 107.5;10.5 107.25", Some(Shape::Line(vec![A, B, A]))),
            ("10.5 107.25; 10.5 107.5; 11 107.5; 10.5 107.25", Some(Shape::Area(vec![A, B, C, A]))),
            ("nowhere", None),
            ("", None),
        ] {
            assert_eq!(Shape::read(text), shape, "{text}");
        }
    }

    #[test]
    fn the_newest_corner_of_an_area_is_not_the_first_one_again() {
        for (text, newest) in [
            ("10.5 107.25", A),
            ("10.5 107.25;10.5 107.5", B),
            ("10.5 107.25;10.5 107.5;11 107.5;10.5 107.25", C),
        ] {
            assert_eq!(
                Mark::read(text, true).and_then(|mark| mark.newest()),
                Some(newest),
                "{text}"
            );
        }
    }

    #[test]
    fn only_a_place_is_likely_to_be_in_a_circle() {
        let accuracy = |text: &str| Mark::read(text, true).map(|mark| mark.accuracy_m);
        assert_eq!(accuracy("10.5 107.25 3.0 12.5"), Some(12.5));
        assert_eq!(accuracy("10.5 107.25"), Some(0.0));
        assert_eq!(accuracy("10.5 107.25 0 9;10.5 107.5 0 9"), Some(0.0));
    }
}
