import type { DataReport } from '@pawprint/protocol'

/** What an agent may have found of data with these classes: something of every kind, each told by this text. */
export function wholeDataReport(classNames: readonly string[], text: string): DataReport {
  const found = (count: number) => ({ count, examples: new Array<string>(Math.min(3, count)).fill(text) })
  return {
    classNames: [...classNames],
    imageSize: 32,
    counts: {
      train: classNames.map((_, i) => 4000 - 700 * i),
      validation: classNames.map((_, i) => 400 - 70 * i),
      test: classNames.map((_, i) => (i === 0 ? 0 : 1000)),
    },
    duplicates: { leaks: found(2), ambiguous: found(0), others: found(1234) },
    broken: found(3),
    pictures: {
      width: { min: 20, median: 500, max: 12000 },
      height: { min: 64, median: 64, max: 64 },
      enlarged: 17,
    },
    channels: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.25, 0.2] },
    violations: [
      { message: `${text}: expected at least 1, got 0`, advice: `Add pictures. ${text}` },
      { message: text },
    ],
  }
}
