// Waiting for a condition, never for time to pass.

/** Asks `condition` until it says yes; an error counts as no. Names what never came about. */
export async function until(what, condition, limit_ms = 30_000) {
  const deadline = Date.now() + limit_ms;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`it never came about that ${what} (last: ${last?.message ?? last})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
