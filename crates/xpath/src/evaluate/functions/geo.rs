//! Areas, distances and fences on a sphere. A point is `latitude longitude [altitude accuracy]`.

use std::f64::consts::PI;

use super::{Arguments, numbers::round};
use crate::{
    context::Host, evaluate::Evaluated, function::Function, number, tree::Tree, value::Value,
};

/// The radius of the sphere that all ODK engines use, in metres.
const RADIUS: f64 = 6_378_100.0;

/// A point in radians.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    latitude: f64,
    longitude: f64,
}

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    if a.function == Function::Geofence {
        let (Some(point), Some(fence)) = (point(&a.text(0)?), points(&a.text(1)?)) else {
            return Ok(Value::Boolean(false));
        };
        return Ok(Value::Boolean(is_inside(point, &fence)));
    }
    // Of several arguments each is a point; only one alone may be a line.
    let only_points = a.function == Function::Distance && a.len() > 1;
    let mut all = Vec::new();
    for text in a.texts(0)? {
        if only_points && point(&text).is_none() {
            return Err(a.argument_error(text));
        }
        if number::is_space_only(&text) {
            continue;
        }
        all.extend(points(&text).ok_or_else(|| a.argument_error(text))?);
    }
    a.evaluator.spend(all.len())?;
    let metres = if a.function == Function::Area { area(&all) } else { distance(&all) };
    Ok(Value::Number(round(metres, 2.0)))
}

/// All points of a trace or shape; `None` if any is no point.
fn points(text: &str) -> Option<Vec<Point>> {
    let text = text.trim();
    let text = text.strip_suffix(';').unwrap_or(text);
    text.split(';').map(point).collect()
}

fn point(text: &str) -> Option<Point> {
    let mut fields = text.split_whitespace().map(number::parse);
    let (latitude, longitude) = (fields.next()??, fields.next()??);
    let rest: Option<Vec<f64>> = fields.collect();
    let in_range = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    (in_range && rest.is_some_and(|rest| rest.len() <= 2))
        .then(|| Point { latitude: latitude.to_radians(), longitude: longitude.to_radians() })
}

/// How large a shape is as it is stored, in square metres; `None` if any of its points is none.
#[must_use]
pub fn area_m2(shape: &str) -> Option<f64> {
    points(shape).map(|points| area(&points))
}

/// The area of a shape, whether or not its last point is its first.
fn area(points: &[Point]) -> f64 {
    if points.len() < 3 {
        return 0.0;
    }
    let next = points.iter().cycle().skip(1);
    let twice: f64 = points
        .iter()
        .zip(next)
        .map(|(a, b)| {
            (b.longitude - a.longitude) * (2.0 + libm::sin(a.latitude) + libm::sin(b.latitude))
        })
        .sum();
    (twice * RADIUS * RADIUS / 2.0).abs()
}

/// The length of the way from point to point.
fn distance(points: &[Point]) -> f64 {
    points.windows(2).map(|pair| between(pair[0], pair[1])).sum()
}

/// By the spherical law of cosines, which is not exact for a point and itself.
fn between(a: Point, b: Point) -> f64 {
    if a.latitude == b.latitude && a.longitude == b.longitude {
        return 0.0;
    }
    let along =
        libm::cos(a.longitude - b.longitude) * libm::cos(a.latitude) * libm::cos(b.latitude);
    libm::acos((along + libm::sin(a.latitude) * libm::sin(b.latitude)).clamp(-1.0, 1.0)) * RADIUS
}

/// Whether a ray from the point crosses the fence an odd number of times.
fn is_inside(point: Point, fence: &[Point]) -> bool {
    debug_assert!(point.latitude.abs() <= PI);
    let next = fence.iter().cycle().skip(1);
    let crosses = |(a, b): &(&Point, &Point)| {
        (a.longitude > point.longitude) != (b.longitude > point.longitude)
            && point.latitude
                < (b.latitude - a.latitude) * (point.longitude - a.longitude)
                    / (b.longitude - a.longitude)
                    + a.latitude
    };
    fence.iter().zip(next).filter(crosses).count() % 2 == 1
}
