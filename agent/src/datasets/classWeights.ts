/**
 * A weight for each class, so that rare classes count as much as frequent ones: `count / (classes × count of the class)`, what
 * scikit-learn calls "balanced" (`compute_class_weight`). For `classWeights` of `run.fit`. `labels` are 0 ≤ x < `classCount`;
 * classes without an image get 0 and are not counted. The mean weight of the images is 1.
 */
export function classWeightsOf(labels: ArrayLike<number>, classCount: number): number[] {
  const counts = countsOf(labels, classCount)
  const present = counts.filter((count) => count > 0).length
  return counts.map((count) => (count === 0 ? 0 : labels.length / (present * count)))
}

/** Images of each class. */
export function countsOf(labels: ArrayLike<number>, classCount: number): number[] {
  const counts = new Array<number>(classCount).fill(0)
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] as number
    counts[label] = (counts[label] ?? 0) + 1
  }
  return counts
}
