import { describe, expect, test } from 'vitest'
import { askedFor, classRowsOf, nextSorting, sortRows } from './classTable.ts'
import { measuresOf, titleOf } from './measures.ts'
import { curvesOf, nearestCurve } from './roc.ts'

const NAMES = ['cat', 'dog', 'ant']
const scored = (recall: number, auc: number | null) => {
  return { precision: 0.5, recall, f1: 0.5, support: 4, auc, averagePrecision: null }
}
const EVALUATION = {
  classes: [scored(0.5, 0.9), scored(0.25, null), scored(0.75, 0.6)],
  roc: [
    { falsePositiveRates: [0, 0, 1], truePositiveRates: [0, 1, 1] },
    null,
    { falsePositiveRates: [0, 1], truePositiveRates: [0, 1] },
  ],
}
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('the table of classes', () => {
  const rows = classRowsOf(EVALUATION, NAMES)
  const sorted = (key: Parameters<typeof nextSorting>[1], isDown: boolean) =>
    sortRows(rows, { key, isDown }).map(({ name }) => name)

  test('is sorted by any column, equal ones in the order of the classes, what is not known last', () => {
    expect(sorted('index', false)).toEqual(['cat', 'dog', 'ant'])
    expect(sorted('name', false)).toEqual(['ant', 'cat', 'dog'])
    expect(sorted('recall', true)).toEqual(['ant', 'cat', 'dog'])
    expect(sorted('recall', false)).toEqual(['dog', 'cat', 'ant'])
    expect(sorted('f1', true)).toEqual(['cat', 'dog', 'ant'])
    expect(sorted('auc', true)).toEqual(['cat', 'ant', 'dog'])
    expect(sorted('auc', false)).toEqual(['ant', 'cat', 'dog'])
  })

  test('is turned by a second press; another column begins with its highest numbers, or with a', () => {
    const first = nextSorting({ key: 'index', isDown: false }, 'recall')
    expect(first).toEqual({ key: 'recall', isDown: true })
    expect(nextSorting(first, 'recall')).toEqual({ key: 'recall', isDown: false })
    expect(nextSorting(first, 'name')).toEqual({ key: 'name', isDown: false })
  })

  test('of a record that has only a confusion is computed from it', () => {
    const [cat] = classRowsOf(
      {
        confusion: [
          [3, 1],
          [2, 4],
        ],
      },
      NAMES,
    )
    expect(cat).toEqual({ index: 0, name: 'cat', precision: 0.6, recall: 0.75, f1: 6 / 9, support: 4, auc: null })
    expect(classRowsOf({}, NAMES)).toEqual([])
  })
})

test('the table marks the highest of what a task asks for of a class', () => {
  const requirements = [
    { metric: 'recall', className: 'cat', min: 0.6 },
    { metric: 'recall', className: 'cat', min: 0.7 },
    { metric: 'recall', className: 'dog', max: 0.9 },
    { metric: 'latencyMs', max: 20 },
  ]
  expect(askedFor(requirements, 'cat', 'recall')).toBe(0.7)
  expect(askedFor(requirements, 'cat', 'f1')).toBeNull()
  expect(askedFor(requirements, 'dog', 'recall')).toBeNull()
})

describe('ROC curves', () => {
  const curves = curvesOf(EVALUATION, NAMES)

  test('are those of the classes that have one, lowest AUC first', () => {
    expect(curves.map(({ name, auc }) => `${name} ${auc}`)).toEqual(['ant 0.6', 'cat 0.9'])
    expect(curves[1]?.points).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
    ])
    expect(curvesOf({}, NAMES)).toEqual([])
  })

  test.each([
    [[0.05, 0.6], 'cat'],
    [[0.5, 0.95], 'cat'],
    [[0.5, 0.55], 'ant'],
    [[0.9, 0.05], undefined],
  ] as const)('near %j is the one of %s', (at, name) => {
    expect(nearestCurve(curves, at, 0.2)?.name).toBe(name)
  })
})

describe('measures', () => {
  test('are those that the model has and the page knows, with half their interval', () => {
    const metrics = { latencyMs: 1.234, testAccuracy: 0.712, testAuc: 0.9534, trainSeconds: 3, testEce: 0.05 }
    const shown = measuresOf(metrics, { testAccuracy: [0.703, 0.721], testAuc: [0.95, 0.958] })
    expect(shown.map(({ title, text, spread }) => plain(`${title}: ${text} ${spread}`.trim()))).toEqual([
      'Test accuracy: 71.2 % ± 0.9',
      'AUC: 0.953 ± 0.004',
      'Calibration error: 5.0 %',
      'Per picture: 1.2 ms',
    ])
    expect(plain(shown[0]?.about ?? '')).toMatch(/may move it from 70\.3 % to 72\.1 %/)
  })

  test('a metric without words of its own is called by its name', () => {
    expect(titleOf('testMacroF1')).toBe('Macro F1')
    expect(titleOf('myMetric')).toBe('myMetric')
    expect(titleOf('toString')).toBe('toString')
  })
})
