//! Prints what works, for `docs/feature-matrix.md`.

use std::io::Write as _;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    write!(std::io::stdout(), "{}", scenario::features::matrix(&root)?)?;
    Ok(())
}
