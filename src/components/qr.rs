//! A QR code.

use fast_qr::QRBuilder;
use leptos::prelude::*;

/// White around a code, in its squares: readers need it (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;

/// A text as a QR code, dark on white in a dark theme too, which is what readers expect. Nothing where it is too long for one.
#[component]
pub fn Qr(text: String, #[prop(into)] label: Signal<String>) -> impl IntoView {
    let code = QRBuilder::new(text).build().ok()?;
    let side = code.size + 2 * QUIET;
    let mut path = String::new();
    for row in 0..code.size {
        for (column, square) in code[row].iter().take(code.size).enumerate() {
            if square.value() {
                path.push_str(&format!("M{} {}h1v1h-1z", column + QUIET, row + QUIET));
            }
        }
    }
    Some(view! {
        <svg class="qr" role="img" aria-label=move || label.get() viewBox=format!("0 0 {side} {side}") shape-rendering="crispEdges">
            <rect width=side height=side fill="#fff"></rect>
            <path d=path fill="#000"></path>
        </svg>
    })
}
