//! Making a body smaller by the browser's own gzip (`CompressionStream`): no library to fetch for it.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::tasks::Turn;

#[wasm_bindgen]
extern "C" {
    type CompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn readable(this: &CompressionStream) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn writable(this: &CompressionStream) -> WritableStream;

    type WritableStream;

    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn writer(this: &WritableStream) -> Result<Writer, JsValue>;

    type Writer;

    #[wasm_bindgen(method)]
    fn write(this: &Writer, part: &Uint8Array) -> Promise;

    #[wasm_bindgen(method)]
    fn close(this: &Writer) -> Promise;

    /// A `Response`, which is the short way from a stream to bytes.
    #[wasm_bindgen(js_name = Response)]
    type Content;

    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn of(content: &JsValue) -> Result<Content, JsValue>;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Content) -> Result<Promise, JsValue>;
}

/// The bytes as gzip; `None` in a browser that cannot, or when they do not get smaller.
pub async fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = pack(bytes).await.ok()?;
    (packed.len() < bytes.len()).then_some(packed)
}

/// The browser works on each part at once, and on the page's own thread: 64 KB are some 10 ms of a slow phone.
const PART_BYTES: usize = 64 * 1024;

async fn pack(bytes: &[u8]) -> Result<Vec<u8>, JsValue> {
    let transform = CompressionStream::new("gzip")?;
    let packed = Content::of(&transform.readable())?.array_buffer()?;
    let writer = transform.writable().writer()?;
    let mut turn = Turn::begin();
    for part in bytes.chunks(PART_BYTES) {
        JsFuture::from(writer.write(&Uint8Array::from(part))).await?;
        turn.rest().await;
    }
    JsFuture::from(writer.close()).await?;
    Ok(Uint8Array::new(&JsFuture::from(packed).await?).to_vec())
}
