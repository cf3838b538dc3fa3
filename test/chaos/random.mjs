/** Numbers from a seed (mulberry32): the same seed, the same plan. */
export function seeded (seed) {
  let state = seed >>> 0
  const float = () => {
    state = (state + 0x6D2B79F5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    float,
    int: (min, max) => min + Math.floor(float() * (max - min + 1)),
    chance: (p) => float() < p,
    pick: (list) => list[Math.floor(float() * list.length)]
  }
}
