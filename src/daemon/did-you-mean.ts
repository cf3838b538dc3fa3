/** The candidate that somebody who typed `word` most likely meant, or undefined when none is near. */
export function didYouMean (word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

export function didYouMeanHint (word: string, candidates: Iterable<string>, otherwise?: string): string | undefined {
  const near = didYouMean(word, candidates)
  return near === undefined ? otherwise : `Did you mean '${near}'?`
}

/** `log-level`, `logLevel` and `LOG_LEVEL` are one word to the person who types it. */
const plain = (word: string): string => word.toLowerCase().replace(/[-_]/g, '').slice(0, 64)

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance (a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
