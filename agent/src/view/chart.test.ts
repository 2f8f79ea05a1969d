import { expect, test } from 'vitest'
import type { ViewEvent } from './board.ts'
import { COLOURS, chartOf, legendOf } from './chart.ts'
import { type Curves, NO_CURVES, updateCurves } from './curves.ts'
import { htmlOf } from './html.ts'

const started = (trial: number, jobNumber = 1, key = `${jobNumber} ${trial}`): ViewEvent => ({
  type: 'started',
  key,
  jobNumber,
  trials: 20,
  trial,
  params: {},
  nowMs: 0,
})
const progress = (trial: number, progress: number, numbers: object = {}, jobNumber = 1): ViewEvent => ({
  type: 'progress',
  key: `${jobNumber} ${trial}`,
  progress,
  numbers: { epoch: 1, loss: 2, accuracy: 0.25, ...numbers },
  nowMs: 0,
})
const curvesOf = (...events: ViewEvent[]): Curves => events.reduce(updateCurves, NO_CURVES)
const shapes = (svg: string): string[] => [...svg.matchAll(/ d="(M[^H"]*)" fill="none"/g)].map(([, d]) => d ?? '')

test('before the first point there is no chart, and the board stands alone', () => {
  expect(chartOf(curvesOf(started(0)))).toBe('')
  expect(htmlOf(['cifar10: waiting'], NO_CURVES)).toMatch(/^<pre [^>]*>cifar10: waiting<\/pre>$/)
})

test('points lie where their progress and values say: the plots are 248 wide from 44 on, and 106 high from 24 on', () => {
  const curves = curvesOf(started(0), progress(0, 0, { loss: 2 }), progress(0, 0.5, { loss: 1, accuracy: 0.5 }))
  // Loss: from 0 to 2. Accuracy, which begins 320 further: from 0 to 50 %.
  expect(shapes(chartOf(curves))).toEqual(['M44.0 24.0L168.0 77.0', 'M364.0 77.0L488.0 24.0'])
  expect(chartOf(curves)).toMatch(/>2<.*>50 %</)
})

test('what is drawn moves to the left when a further phase makes it a smaller share', () => {
  const rings = { validationLoss: 1, validationAccuracy: 0.5 }
  const events = [progress(0, 0, { loss: 2 }), progress(0, 1, { loss: 1 }), progress(0, 1, rings), progress(0, 0.5)]
  const svg = chartOf(curvesOf(started(0), ...events))
  expect(shapes(svg)[0]).toBe('M44.0 24.0L168.0 77.0')
  expect(svg).toContain('<circle cx="168.0"')
  expect(shapes(chartOf(curvesOf(started(0), ...events, progress(0, 1, { loss: 0 }))))[0]).toBe(
    'M44.0 24.0L168.0 77.0L292.0 130.0',
  )
})

test('a validation is a ring, and no point of the line', () => {
  const validation = { loss: 1.5, validationLoss: 1, validationAccuracy: 0.5 }
  const svg = chartOf(curvesOf(started(0), progress(0, 1, { loss: 2 }), progress(0, 1, validation)))
  expect(shapes(svg)).toEqual(['M292.0 24.0h0', 'M612.0 77.0h0'])
  expect(svg.match(/<circle cx="292.0" cy="77.0"/g)).toHaveLength(1)
})

test('the title tells what the curves show', () => {
  const svg = chartOf(
    curvesOf(started(0), started(1), progress(0, 0.1), progress(1, 0.1, { loss: 1.25, accuracy: 0.4 })),
  )
  expect(svg).toContain(
    '<title>Job 1, loss and accuracy by progress: trial 1 at loss 2.000, accuracy 25.0 %; trial 2 at loss 1.250, accuracy 40.0 %</title>',
  )
  expect(svg).toMatch(/^<svg role="img" /)
})

test('a curve stays at 101 points and ends at the newest, however many come', () => {
  const events = Array.from({ length: 10_000 }, (_, i) => progress(0, (i + 1) / 10_000))
  const [curve] = curvesOf(started(0), ...events).all.values()
  expect(curve?.training.length).toBeLessThanOrEqual(101)
  expect(curve?.training.length).toBeGreaterThan(90)
  expect(curve?.training.at(-1)?.progress).toBe(1)
})

test('a loss that is no number draws nothing, and harms nothing', () => {
  const lost = { loss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY, validationAccuracy: 0.1 }
  const svg = chartOf(curvesOf(started(0), progress(0, 0.1), progress(0, 0.2, lost)))
  expect(svg).not.toMatch(/NaN|Infinity/)
  expect(chartOf(curvesOf(started(0), progress(0, 0.1, lost)))).toBe('')
})

test('curves of ended trials stay; another job, or another attempt, starts anew; the oldest of many go', () => {
  const ended: ViewEvent = { type: 'ended', key: '1 0', text: '' }
  const trialsOf = ({ all }: Curves): number[] => [...all.values()].map(({ trial }) => trial)
  expect(trialsOf(curvesOf(started(0), ended, started(1)))).toEqual([0, 1])
  expect(trialsOf(curvesOf(started(0), started(1), started(0, 1, 'again')))).toEqual([1, 0])
  expect(trialsOf(curvesOf(started(0), started(1, 2)))).toEqual([1])
  expect(trialsOf(curvesOf(...Array.from({ length: 12 }, (_, trial) => started(trial))))).toEqual([
    4, 5, 6, 7, 8, 9, 10, 11,
  ])
})

test('what is text stays text', () => {
  expect(htmlOf(['<img src=x onerror=alert(1)> & "more"'], NO_CURVES)).toContain(
    '&lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot;',
  )
})

test('the legend names each trial by colour and dash, of which no two of a job’s curves have the same', () => {
  const legend = legendOf(curvesOf(...Array.from({ length: 12 }, (_, trial) => started(trial))))
  const lines = [...legend.matchAll(/stroke="(#\w+)" .*?stroke-dasharray="([^"]+)".*?(trial \d+)/g)]
  expect(lines.map(([, , , title]) => title)).toEqual([5, 6, 7, 8, 9, 10, 11, 12].map((trial) => `trial ${trial}`))
  expect(new Set(lines.map(([, colour, dash]) => `${colour} ${dash}`)).size).toBe(8)
})

// WCAG 2: relative luminance, and (lighter + 0.05) / (darker + 0.05).
const luminance = (hex: string): number =>
  [1, 3, 5]
    .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0)
const contrast = (a: string, b: string): number => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

// Jupyter's page and JupyterLab's dark theme; VS Code's dark themes.
test.each(['#ffffff', '#111111', '#1e1e1e', '#1f1f1f'])('every line can be seen on %s', (ground) => {
  for (const colour of COLOURS) expect(contrast(colour, ground), colour).toBeGreaterThanOrEqual(3)
})
