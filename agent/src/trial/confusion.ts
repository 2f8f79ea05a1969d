/** Index of the largest of `width` values from `start`; the first of equals. */
function largestAt(values: Float32Array, start: number, width: number): number {
  let best = 0
  for (let i = 1; i < width; i++) if ((values[start + i] ?? 0) > (values[start + best] ?? 0)) best = i
  return best
}

/** Rows are the true class, columns the predicted one. `probabilities` is `[count, classCount]`, row-major. */
export function confusionOf(labels: ArrayLike<number>, probabilities: Float32Array, classCount: number): number[][] {
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0))
  for (let i = 0; i < labels.length; i++) {
    const row = confusion[labels[i] ?? -1]
    const column = largestAt(probabilities, i * classCount, classCount)
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1
  }
  return confusion
}
