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

export async function openExecutor(backend: Backend, topology: unknown): Promise<Executor> {
  if (backend === 'tensorflow') {
    const { openTensorFlow } = await import('./tensorflow/executor.ts')
    return openTensorFlow(topology)
  }
  const model = readModel(topology)
  return {
    model,
    openStepper: (options) => openStepper(model, options),
    openEvaluator: (options) => openEvaluator(model, options),
  }
}
