// Waiting for a condition, never for time to pass.

/** How long whatever is waited for may take: two journeys share two cores, on machines that others use too. */
export const PATIENCE_MS = 60_000;

/** Asks `condition` until it says yes; an error counts as no. Names what never came about. */
export async function until(what, condition, limit_ms = PATIENCE_MS, every_ms = 50) {
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
    await new Promise((resolve) => setTimeout(resolve, every_ms));
  }
}

/** What `promise` gives, or an error after that time: for promises that a browser may leave open for ever. */
export async function within(what, promise, limit_ms = PATIENCE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in sight: ${what}`)), limit_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
