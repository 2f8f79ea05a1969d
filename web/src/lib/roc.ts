import type { ModelEvaluation } from '@pawprint/protocol'

/** The ROC curve of one class. */
export interface ClassCurve {
  /** Place among the classes of the task. */
  readonly index: number
  readonly name: string
  readonly auc: number
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** Most curves that are drawn: those with the lowest AUC. */
export const MAX_CURVES = 12

/** The classes' curves, lowest AUC first; those without a curve are left out. */
export function curvesOf({ roc = [], classes = [] }: ModelEvaluation, classNames: readonly string[]): ClassCurve[] {
  return roc
    .flatMap((curve, index): ClassCurve[] => {
      const auc = classes[index]?.auc ?? null
      if (curve === null || auc === null) return []
      const points = curve.falsePositiveRates.map((x, i) => [x, curve.truePositiveRates[i] ?? 0] as const)
      return [{ index, name: classNames[index] ?? `class ${index + 1}`, auc, points }]
    })
    .sort((a, b) => a.auc - b.auc)
}

/** Distance of a point from a stretch of a curve. */
function distance([x, y]: readonly [number, number], from: readonly [number, number], to: readonly [number, number]) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - from[0]) * dx + (y - from[1]) * dy) / length))
  return Math.hypot(x - from[0] - along * dx, y - from[1] - along * dy)
}

/** The curve that is closest to a point of the plot, 0 to 1 each way, if one is closer than `reach`. */
export function nearestCurve(
  curves: readonly ClassCurve[],
  at: readonly [number, number],
  reach: number,
): ClassCurve | null {
  let nearest: ClassCurve | null = null
  let least = reach
  for (const curve of curves)
    curve.points.forEach((to, i) => {
      const far = distance(at, curve.points[i - 1] ?? to, to)
      if (far >= least) return
      least = far
      nearest = curve
    })
  return nearest
}
