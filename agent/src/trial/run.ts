import type {
  Checkpoint,
  Epoch,
  Evaluation,
  FitOptions,
  ImageSet,
  Normalisation,
  Trainer,
  WeightTensor,
} from '@pawprint/engine'
import type { Run, TrialFitOptions } from '../types.ts'
import type { SavedTrial } from './checkpointFile.ts'
import type { Memory } from './memory.ts'
import { createStepReporter, type Reported, type StepReporter } from './stepReporter.ts'

/** A run as the trial sees it. */
export interface OpenRun {
  readonly run: Run
  readonly trainer: Trainer
  /** How pixels reach its network; undefined for `value / 255`. */
  readonly normalisation: Normalisation | undefined
  /** Frees the worker, once it has put down what it is at. */
  close(): Promise<void>
  /** Seconds and images of all epochs so far. */
  readonly trained: { seconds: number; samples: number; epochs: number; lastEpoch: Epoch | undefined }
  /** The test set of an evaluation that this run made; undefined when it made none such. */
  testSetOf(evaluation: object): ImageSet | 'trained-on' | undefined
  /** Publishes an epoch, unless that was done. */
  report(epoch: Epoch): void
}

export interface RunSettings {
  readonly title: string
  readonly signal: AbortSignal
  readonly metricEveryMs: number
  readonly timeOf: () => string
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number
  readonly publish: (reported: Reported, numbers: StepNumbers) => void
  readonly memory: Memory
  readonly normalisation: Normalisation | undefined
  /** Epochs and steps of the trial's other runs so far: numbers go on from there, as screens show one course. */
  readonly before: () => { readonly epochs: number; readonly steps: number }
  readonly checkpointEveryMs: number
  /** Told of each checkpoint that an interrupted trial could go on from. */
  readonly onCheckpoint: (saved: SavedTrial, progress: number) => void
}

/** What screens show of a running trial. */
export interface StepNumbers {
  readonly epoch: number
  readonly epochs?: number
  readonly loss: number
  readonly accuracy: number
  readonly validationLoss?: number | undefined
  readonly validationAccuracy?: number | undefined
}

/** Wraps a trainer so that steps and epochs report themselves. */
export function openRun(trainer: Trainer, settings: RunSettings): OpenRun {
  const trained: OpenRun['trained'] = { seconds: 0, samples: 0, epochs: 0, lastEpoch: undefined }
  const evaluations = new WeakMap<object, { data: ImageSet; epochs: number }>()
  const { memory } = settings
  const reporterAt = (epochsBefore: number): StepReporter => createStepReporter({ ...settings, epochsBefore })
  let reporter = reporterAt(0)
  let stepsBefore = 0
  let reported: number | undefined
  let progress = 0
  let epochs = 0

  const busy = new Set<Promise<unknown>>()
  const track = <T>(work: Promise<T>): Promise<T> => {
    busy.add(work)
    const forget = (): boolean => busy.delete(work)
    work.then(forget, forget)
    return work
  }
  const report = (epoch: Epoch): void => {
    if (reported === epoch.epoch || !memory.isNew(epoch)) return
    reported = epoch.epoch
    const counted = { ...epoch, step: epoch.step + stepsBefore }
    settings.publish(reporter.onEpoch(counted, settings.nowMs()), epoch)
  }
  const onStep: NonNullable<FitOptions['onStep']> = (step) => {
    const counted = { ...step, step: step.step + stepsBefore, steps: step.steps + stepsBefore }
    const made = reporter.onStep(counted, settings.nowMs())
    progress = made.progress
    settings.publish(made, { ...step, epochs })
  }
  const onCheckpoint = (checkpoint: Checkpoint): void => settings.onCheckpoint(memory.saved(checkpoint), progress)
  const trainedEpoch = (epoch: Epoch, samples: number): void => {
    trained.seconds += epoch.seconds
    trained.samples += samples
    trained.epochs++
    trained.lastEpoch = epoch
    memory.onEpoch(epoch)
  }
  async function* fit(data: ImageSet, given: TrialFitOptions): AsyncGenerator<Epoch, void, undefined> {
    const { signal, checkpointEveryMs } = settings
    const options = withoutEmpty(given)
    const others = settings.before()
    stepsBefore = others.steps
    reporter = reporterAt(others.epochs + trained.epochs)
    reported = undefined
    epochs = options.epochs
    const beginning = memory.begin(data, options)
    if (beginning.type === 'replay') {
      for (const epoch of beginning.epochs) {
        trainedEpoch(epoch, data.labels.length)
        yield epoch
      }
      return
    }
    const { from } = beginning
    const own = { signal, onStep, onCheckpoint, checkpointEveryMs, ...(from === undefined ? {} : { from }) }
    const training = trainer.fit(data, { ...options, ...own })
    for (let next = await track(training.next()); !next.done; next = await track(training.next())) {
      const epoch = next.value
      trainedEpoch(epoch, data.labels.length)
      try {
        yield epoch
      } finally {
        // What the loop's body did not report itself.
        report(epoch)
      }
    }
  }
  const evaluate = async (data: ImageSet): Promise<Evaluation> => {
    settings.signal.throwIfAborted()
    memory.requireSame()
    const evaluation = await track(trainer.evaluate(data))
    evaluations.set(evaluation, { data, epochs: trained.epochs })
    return evaluation
  }
  const weights = async (): Promise<readonly WeightTensor[]> => {
    settings.signal.throwIfAborted()
    memory.requireSame()
    return track(trainer.weights())
  }
  return {
    run: { fit, weights, evaluate },
    trainer,
    normalisation: settings.normalisation,
    trained,
    testSetOf(evaluation) {
      const known = evaluations.get(evaluation)
      if (known === undefined) return undefined
      return known.epochs === trained.epochs ? known.data : 'trained-on'
    },
    report,
    async close() {
      // A worker that is ended in the midst of native code takes the whole process with it.
      await Promise.allSettled(busy)
      await trainer.close()
    },
  }
}

// A data set without held-out images has an empty validation set; there is nothing to measure on it.
function withoutEmpty({ validation, ...options }: TrialFitOptions): TrialFitOptions {
  const hasImages = validation !== undefined && validation.labels.length > 0
  return { ...options, ...(hasImages ? { validation } : {}) }
}
