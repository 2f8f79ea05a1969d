import type { Backend } from './choose.ts'
import { type Evaluator, type EvaluatorOptions, openEvaluator } from './evaluator.ts'
import { readModel } from './model/read.ts'
import type { ModelSpec } from './model/spec.ts'
import { openStepper, type Stepper, type StepperOptions } from './stepper.ts'

/** A model that can be run: what a worker works with. */
export interface Executor {
  readonly model: ModelSpec
  openStepper(options: StepperOptions): Promise<Stepper>
  openEvaluator(options: EvaluatorOptions): Promise<Evaluator>
}

/** An executor that closes what it has opened. */
export interface OwningExecutor extends Executor {
  close(): Promise<void>
}

export async function openExecutor(backend: Backend, topology: unknown): Promise<OwningExecutor> {
  const executor = backend === 'tensorflow' ? await openTensorFlow(topology) : openEngine(topology)
  const opened: Promise<{ close(): Promise<void> }>[] = []
  const own = <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    opened.push(opening)
    return opening
  }
  return {
    model: executor.model,
    openStepper: (options) => own(executor.openStepper(options)),
    openEvaluator: (options) => own(executor.openEvaluator(options)),
    async close() {
      // What could not be opened has told its caller.
      for (const result of await Promise.allSettled(opened))
        if (result.status === 'fulfilled') await result.value.close()
    },
  }
}

async function openTensorFlow(topology: unknown): Promise<Executor> {
  const library = await import('./tensorflow/executor.ts')
  return library.openTensorFlow(topology)
}

function openEngine(topology: unknown): Executor {
  const model = readModel(topology)
  return {
    model,
    openStepper: (options) => openStepper(model, options),
    openEvaluator: (options) => openEvaluator(model, options),
  }
}
