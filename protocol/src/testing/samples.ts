// One valid message of every kind that strangers may send.
import type { FromAgent, FromDemo, FromPage } from '../messages.ts'

const attempt = { job: 'j1', trial: 0, attempt: 1, lease: 'l1' }
const time = '2026-01-02T03:04:05.678Z'
const sha1 = 'a'.repeat(40)

export const AGENT_SAMPLES: readonly unknown[] = [
  { type: 'hello', version: 1, role: 'agent', instance: 'i1' },
  {
    type: 'register',
    id: 'r1',
    name: 'cifar10',
    task: {
      name: 'cifar10',
      classNames: ['cat', 'dog'],
      metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
      requirements: [
        { metric: 'recall', className: 'cat', min: 0.6 },
        { metric: 'latencyMs', max: 20 },
      ],
    },
    schema: [{ key: 'EPOCHS', type: 'integer', list: false, min: 1, max: 10, default: 1, about: 'How often.' }],
    data: {
      classNames: ['cat', 'dog'],
      imageSize: 8,
      counts: { train: [5, 4], validation: [1, 0], test: [2, 2] },
      duplicates: {
        leaks: { count: 1, examples: ['cat/1.png (train, cat) = cat/2.png (test, cat)'] },
        ambiguous: { count: 0, examples: [] },
        others: { count: 0, examples: [] },
      },
      broken: { count: 1, examples: ['dog/3.jpg: it is cut off'] },
      pictures: { width: { min: 6, median: 9, max: 20 }, height: { min: 8, median: 8, max: 8 }, enlarged: 1 },
      channels: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.1] },
      violations: [{ message: 'sets: expected no equal images in two of them', advice: 'Remove the copies.' }],
    },
    engine: 'fake',
    cores: 2,
    slots: 2,
    host: 'here',
    pid: 7,
    replaces: 'i0',
    attempts: [attempt],
  },
  {
    type: 'records',
    id: 'b1',
    ...attempt,
    first: 1,
    records: [
      { kind: 'log', time, level: 'info', text: 'hi' },
      { kind: 'metric', time, epoch: 1, step: 2, name: 'loss', value: 0.5 },
    ],
  },
  { type: 'progress', ...attempt, progress: 0.5, metrics: { loss: 1.2 } },
  {
    type: 'done',
    id: 'd1',
    ...attempt,
    seconds: 2,
    reevaluations: [
      { sha1, metrics: { testAccuracy: 0.4 }, intervals: { testAccuracy: [0.3, 0.5] } },
      { sha1, metrics: {}, failed: 'it takes images of 8 × 8' },
    ],
    data: 'c'.repeat(64),
    model: {
      sha1,
      metrics: { testAccuracy: 0.5 },
      parameterCount: 3,
      testSet: { fingerprint: 'b'.repeat(64), count: 10 },
      engine: 'fake',
      preprocessing: {
        width: 8,
        height: 8,
        channels: 'rgb',
        fit: 'fill',
        kernel: 'linear',
        scale: 1,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      classNames: ['cat', 'dog'],
      topology: { layers: [] },
      artifacts: [{ name: 'tfjs/model.json', sha1, sizeBytes: 9 }],
      evaluation: {
        confusion: [
          [3, 2],
          [1, 4],
        ],
        thumbnails: {
          size: 8,
          columns: 3,
          cells: [
            { was: 0, said: 1, count: 2, probabilities: [0.9, 0.6] },
            { was: 1, said: 1, count: 1 },
          ],
        },
        classes: [
          { precision: 0.75, recall: 0.6, f1: 0.667, support: 5, auc: 0.8, averagePrecision: 0.7 },
          { precision: 0.667, recall: 0.8, f1: 0.727, support: 5, auc: null, averagePrecision: null },
        ],
        intervals: { testAccuracy: [0.4, 0.9] },
        calibration: [{ count: 10, confidence: 0.8, accuracy: 0.7 }],
        roc: [{ falsePositiveRates: [0, 0.5, 1], truePositiveRates: [0, 1, 1] }, null],
      },
    },
  },
  { type: 'checkpoint', id: 'k1', ...attempt, sha1, step: 3, progress: 0.5 },
  { type: 'reproduce', id: 'p1', sha1 },
  {
    type: 'data',
    found: {
      data: 'c'.repeat(64),
      images: 30,
      leftOut: 1,
      since: 'd'.repeat(64),
      changes: { added: 12, changed: 1, removed: 2 },
    },
    problem: 'the folder is not there',
  },
  { type: 'idle', leftMs: 60_000, afterMs: 120_000 },
  { type: 'failed', id: 'f1', ...attempt, reason: 'out of memory', permanent: true },
  { type: 'cancelled', id: 'c1', ...attempt, reason: 'asked' },
  { type: 'goodbye' },
] satisfies readonly FromAgentInput[]

export const PAGE_SAMPLES: readonly unknown[] = [
  { type: 'hello', version: 1, role: 'page' },
  { type: 'follow', job: 'j1', afterLog: 0, afterMetric: 0 },
  { type: 'unfollow', job: 'j1' },
] satisfies readonly FromPage[]

export const DEMO_SAMPLES: readonly unknown[] = [
  { type: 'hello', version: 1, role: 'demo', instance: 'i1' },
  {
    type: 'serving',
    task: 'cifar10',
    sha1,
    error: { code: 'E_LOAD', message: 'no', at: 'x', expected: 'y', got: 'z' },
  },
] satisfies readonly Loose<FromDemo>[]

/** A message as it is written, before ids and digests are known to be such. */
type Loose<T> = T extends string ? string : T extends object ? { readonly [K in keyof T]: Loose<T[K]> } : T
type FromAgentInput = Loose<FromAgent>
