// Numbers out of a seed that is told, so that a story can be had again.

/** A seed of the environment's, or one drawn now; printed. */
export function seeded() {
  const seed = Number(process.env.SOTAY_SEED ?? Date.now() % 1_000_000);
  console.log(`SOTAY_SEED=${seed}`);
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { below: (limit) => Math.floor(next() * limit) };
}
