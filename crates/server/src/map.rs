//! The map's file: pictures of the earth that the operator gives, as `MBTiles` 1.3, and what it says of itself.
//!
//! It is opened to be read only, and as one that nobody writes to: another map is another file, and a new start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use utoipa::ToSchema;

use crate::accounts::hex;

/// The deepest zoom that is served. Each is four times the pictures of the one before: at 22 a picture is 10 m wide.
const MAX_ZOOM: u8 = 22;

/// The pictures of the earth, and what is known of them.
#[derive(Debug)]
pub struct MapFile {
    pool: SqlitePool,
    about: About,
}

/// What the file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct About {
    /// Which file it is, hexadecimal: pictures have it in their address.
    pub version: String,
    /// The zoom with the fewest pictures.
    pub min_zoom: u8,
    /// The zoom with the most.
    pub max_zoom: u8,
    /// What it covers: degrees west, south, east, north.
    pub bounds: [f64; 4],
    /// Where it begins: longitude, latitude, zoom. Absent if the file does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub center: Option<[f64; 3]>,
    /// Whose work it is: to be shown with it, plain text.
    pub attribution: String,
}

/// A picture.
#[derive(Debug, PartialEq, Eq)]
pub struct Tile {
    /// Its media type, which its bytes say.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a file is no map of ours.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// It cannot be read.
    #[error("cannot read the map {}: {error}", path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// It is something else.
    #[error("{} is no map in MBTiles: {error}", path.display())]
    NotMbtiles {
        /// The file.
        path: PathBuf,
        /// The database's reason.
        error: sqlx::Error,
    },
    /// Its tiles are shapes that a program draws.
    #[error(
        "{} holds vector tiles (pbf); the app shows pictures: png, jpg or webp",
        path.display()
    )]
    Vector {
        /// The file.
        path: PathBuf,
    },
    /// Its tiles are neither shapes nor pictures that a browser shows.
    #[error("the tiles of {} are no pictures in png, jpg or webp", path.display())]
    NoPictures {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to show.
    #[error("there are no tiles in {}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl MapFile {
    /// Opens the file and looks whether it is what it should be.
    pub async fn open(path: &Path) -> Result<Self, MapError> {
        let path = || path.to_owned();
        let head = read_head(&path()).map_err(|error| MapError::NotRead { path: path(), error })?;
        let not_mbtiles = |error| MapError::NotMbtiles { path: path(), error };
        let file = SqliteConnectOptions::new().filename(path()).read_only(true).immutable(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .test_before_acquire(false) // a file does not hang up
            .connect_with(file)
            .await
            .map_err(not_mbtiles)?;
        let says: Vec<(String, String)> =
            sqlx::query_as("SELECT name, CAST(value AS TEXT) FROM metadata ORDER BY name")
                .fetch_all(&pool)
                .await
                .map_err(not_mbtiles)?;
        let says: BTreeMap<String, String> = says.into_iter().collect();
        if says.get("format").is_some_and(|format| format == "pbf") {
            return Err(MapError::Vector { path: path() });
        }
        let first: Option<Vec<u8>> = sqlx::query_scalar("SELECT tile_data FROM tiles LIMIT 1")
            .fetch_optional(&pool)
            .await
            .map_err(not_mbtiles)?;
        let first = first.ok_or_else(|| MapError::Empty { path: path() })?;
        if media_type(&first).is_none() {
            return Err(MapError::NoPictures { path: path() });
        }
        // Asked for together, the two would be looked for in every row: a file has millions.
        let ends =
            "SELECT (SELECT MIN(zoom_level) FROM tiles), (SELECT MAX(zoom_level) FROM tiles)";
        let (least, most): (i64, i64) =
            sqlx::query_as(ends).fetch_one(&pool).await.map_err(not_mbtiles)?;
        let zoom = |level: i64| u8::try_from(level).unwrap_or(0).min(MAX_ZOOM);
        let about = About {
            version: version(&head, &says),
            min_zoom: zoom(least),
            max_zoom: zoom(most),
            bounds: numbers(&says, "bounds").filter(is_on_earth).unwrap_or(WORLD),
            center: numbers(&says, "center"),
            attribution: plain(says.get("attribution").map_or("", String::as_str)),
        };
        Ok(Self { pool, about })
    }

    /// What the file says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Whether a picture can be: its zoom is one of the file's, and its column and row are on the earth.
    #[must_use]
    pub fn can_have(&self, z: u8, x: u32, y: u32) -> bool {
        let side = 1_u32 << z.min(MAX_ZOOM);
        (self.about.min_zoom..=self.about.max_zoom).contains(&z) && x < side && y < side
    }

    /// The picture at a zoom, a column from the west and a row from the north; `None` where the file has none.
    pub async fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Tile>, sqlx::Error> {
        if !self.can_have(z, x, y) {
            return Ok(None);
        }
        // The file counts its rows from the south, as the Tile Map Service does.
        let from_south = (1_u32 << z) - 1 - y;
        let bytes: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
        )
        .bind(z)
        .bind(x)
        .bind(from_south)
        .fetch_optional(&self.pool)
        .await?;
        Ok(bytes.and_then(|bytes| Some(Tile { media_type: media_type(&bytes)?, bytes })))
    }
}

const WORLD: [f64; 4] = [-180.0, -85.0511, 180.0, 85.0511];

/// What tells one file from another without reading gigabytes: its length, what it says of itself, and the header in which
/// `SQLite` counts changes. A copy on another machine is the same.
struct Head {
    bytes: u64,
    header: Vec<u8>,
}

fn read_head(path: &Path) -> std::io::Result<Head> {
    use std::io::Read;
    let file = std::fs::File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut header = Vec::new();
    file.take(100).read_to_end(&mut header)?;
    Ok(Head { bytes, header })
}

fn version(head: &Head, says: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    hash.update(head.bytes.to_be_bytes());
    hash.update(&head.header);
    for (name, value) in says {
        hash.update(format!("{name}\0{value}\0"));
    }
    let mut short = hex(&hash.finalize());
    short.truncate(16);
    short
}

/// What a picture's first bytes say that it is. A file may hold several kinds, whatever it says of itself.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Numbers with commas between them.
fn numbers<const N: usize>(says: &BTreeMap<String, String>, name: &str) -> Option<[f64; N]> {
    let read: Result<Vec<f64>, _> =
        says.get(name)?.split(',').map(|number| number.trim().parse()).collect();
    let read = read.ok().filter(|read| read.iter().all(|number: &f64| number.is_finite()))?;
    read.try_into().ok()
}

fn is_on_earth([west, south, east, north]: &[f64; 4]) -> bool {
    west < east
        && south < north
        && (-180.0..=180.0).contains(west)
        && (-90.0..=90.0).contains(south)
}

/// The words of an attribution, which may be HTML: nothing of that reaches a page as such.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for letter in html.chars() {
        match letter {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            _ => text.push(letter),
        }
    }
    let entities = [
        ("&copy;", "©"),
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text, |text, (entity, letter)| text.replace(entity, letter))
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribution_keeps_its_words_and_none_of_its_markup() {
        for (html, words) in [
            ("© OpenStreetMap", "© OpenStreetMap"),
            (
                "<a href=\"https://example.org\">&copy; Sở &amp; bạn</a> <script>x</script>",
                "© Sở & bạn x",
            ),
            ("&amp;lt;b&gt;", "&lt;b>"),
            ("1 < 2", "1"),
        ] {
            assert_eq!(plain(html), words);
        }
    }

    #[test]
    fn bounds_are_four_numbers_or_the_world() {
        let says = |value: &str| BTreeMap::from([("bounds".to_owned(), value.to_owned())]);
        let read = |value: &str| numbers(&says(value), "bounds").filter(is_on_earth);
        assert_eq!(read("107.1, 10.8,107.4,11"), Some([107.1, 10.8, 107.4, 11.0]));
        for broken in
            ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "107.4,10.8,107.1,11", "nan,1,2,3", "inf,1,2,3"]
        {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
