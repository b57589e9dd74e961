//! Making a body smaller by the browser's own gzip (`CompressionStream`): no library to fetch for it.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type CompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type ReadableStream;

    #[wasm_bindgen(method, catch, js_name = pipeThrough)]
    fn pipe_through(
        this: &ReadableStream,
        transform: &CompressionStream,
    ) -> Result<ReadableStream, JsValue>;

    /// A `Response`, which is the short way from bytes to a stream and back.
    #[wasm_bindgen(js_name = Response)]
    type Content;

    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn of(content: &JsValue) -> Result<Content, JsValue>;

    #[wasm_bindgen(method, getter, js_name = body)]
    fn stream(this: &Content) -> ReadableStream;

    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Content) -> Result<Promise, JsValue>;
}

/// The bytes as gzip; `None` in a browser that cannot, or when they do not get smaller.
pub async fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = pack(bytes).await.ok()?;
    (packed.len() < bytes.len()).then_some(packed)
}

async fn pack(bytes: &[u8]) -> Result<Vec<u8>, JsValue> {
    let transform = CompressionStream::new("gzip")?;
    let plain = Content::of(&Uint8Array::from(bytes))?;
    let packed = plain.stream().pipe_through(&transform)?;
    let packed = JsFuture::from(Content::of(&packed)?.array_buffer()?).await?;
    Ok(Uint8Array::new(&packed).to_vec())
}
