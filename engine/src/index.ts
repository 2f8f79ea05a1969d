import { silenceBanner } from './quiet.ts'

export { EngineError, type EngineErrorCode } from './errors.ts'
export { type ExportedFile, exportOnnx, exportTfjs } from './export.ts'
export { l2Normalize } from './l2normalize.ts'
export { usualEngine } from './open.ts'
export { adam, adamW, sgd } from './optimizers/index.ts'
export { createPredictor } from './predictor.ts'
export { createTrainer, parametersOf, requireOutput } from './trainer.ts'
export type {
  Adam,
  Augmentation,
  BackendOption,
  Checkpoint,
  Clipping,
  CompileOptions,
  Epoch,
  Evaluation,
  FitOptions,
  ImageSet,
  InitialWeights,
  Loss,
  LossName,
  LossOptions,
  Model,
  ModelParameter,
  Normalisation,
  Optimizer,
  Predictor,
  SavedModel,
  Schedule,
  Sgd,
  StepReport,
  Trainer,
  WeightTensor,
} from './types.ts'
export { warmUp } from './workers.ts'

silenceBanner()
