// Makes one photo small, away from the page: a picture of 12 million pixels keeps a phone busy for a second. Upright as its
// EXIF says, which is the default of `createImageBitmap`; and without EXIF, for only what is drawn is in the new picture.

addEventListener("message", async ({ data: { source, longest, quality } }) => {
  try {
    const photo = source instanceof ImageBitmap ? source : await createImageBitmap(source);
    const scale = Math.min(1, longest / Math.max(photo.width, photo.height));
    const scaled = (length) => Math.max(1, Math.trunc(length * scale));
    const canvas = new OffscreenCanvas(scaled(photo.width), scaled(photo.height));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    photo.close();
    const file = await canvas.convertToBlob({ type: "image/jpeg", quality });
    const bytes = await file.arrayBuffer();
    postMessage({ bytes }, [bytes]);
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
