import { createTrainer } from '@pawprint/engine'
import type { Assignment } from '../trial/assignment.ts'
import { type ExecuteSettings, executeTrial, type Prepared } from '../trial/execute.ts'
import type { Upload } from '../wire/upload.ts'
import { brightImages, brightModel, TASK } from './agents.ts'

export const ASSIGNMENT: Assignment = {
  type: 'run',
  job: 'j',
  trial: 0,
  attempt: 1,
  lease: 'l',
  jobNumber: 1,
  trials: 1,
  params: {},
  seed: 5,
}

/** One attempt with the real engine, and without a store: what it uploads is kept here. */
export async function attempt(
  { task = TASK, train, ...change }: Partial<ExecuteSettings & Prepared>,
  afterEpoch = () => {},
) {
  const uploaded: Upload[] = []
  const lines: string[] = []
  const usual: Prepared['train'] = async (trial) => {
    const optimizer = { type: 'sgd', learningRate: 0.1, momentum: 0.9 } as const
    const run = await trial.compile(brightModel(), { loss: 'categoricalCrossentropy', optimizer })
    for await (const _ of run.fit(brightImages(100), { epochs: 3, batchSize: 10 })) afterEpoch()
    return run.evaluate(brightImages(40))
  }
  const ended = await executeTrial({
    assignment: ASSIGNMENT,
    signal: new AbortController().signal,
    createTrainer,
    addRecord: (record) => void (record.kind === 'log' && lines.push(record.text)),
    onProgress: () => {},
    showNotice: () => {},
    thumbnails: true,
    metricEveryMs: 100,
    checkpointEveryMs: 60_000,
    lastCheckpointMs: 60_000,
    timeOf: () => '2026-01-02T03:04:05.678Z',
    nowMs: () => performance.now(),
    upload: async (file) => void uploaded.push(file),
    download: async () => null,
    downloadWeights: async () => Uint8Array.of(),
    downloadNetwork: async () => ({ classNames: [...task.classNames] }),
    tellCheckpoint: () => {},
    prepare: async () => ({ task, train: train ?? usual }),
    ...change,
  })
  const bytesOf = (kind: Upload['kind']): Uint8Array =>
    uploaded.findLast((file) => file.kind === kind)?.bytes ?? Uint8Array.of()
  return { ended, lines, weights: bytesOf('weights'), checkpoint: bytesOf('checkpoint') }
}
