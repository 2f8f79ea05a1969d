import type { ModelEvaluation } from '@pawprint/protocol'

/** A whole evaluation of this many classes, each found worse than the one before: all that a model's drawer can show. */
export function wholeEvaluation(classCount: number): ModelEvaluation {
  const list = Array.from({ length: classCount }, (_, i) => i)
  return {
    confusion: list.map((row) => list.map((column) => (row === column ? 20 - row : 1))),
    classes: list.map((i) => ({
      ...{ precision: 0.5, recall: 0.9 - i / 10, f1: 0.6, support: 20 + i },
      ...{ auc: 0.95 - i / 10, averagePrecision: 0.8 },
    })),
    intervals: { testAccuracy: [0.45, 0.49], testMacroF1: [0.44, 0.5] },
    calibration: list.map((i) => ({ count: 10 * i, confidence: (i + 0.5) / classCount, accuracy: i / classCount })),
    roc: list.map((i) => ({ falsePositiveRates: [0, i / 10, 1], truePositiveRates: [0, 0.95, 1] })),
  }
}
