import { silenceBanner } from './quiet.ts'

export { EngineError, type EngineErrorCode } from './errors.ts'
export { adam, sgd } from './optimizers/index.ts'
export { createPredictor } from './predictor.ts'
export { createTrainer } from './trainer.ts'
export type {
  Adam,
  Checkpoint,
  CompileOptions,
  Epoch,
  Evaluation,
  FitOptions,
  ImageSet,
  Loss,
  Model,
  Normalisation,
  Optimizer,
  Predictor,
  SavedModel,
  Sgd,
  StepReport,
  Trainer,
  WeightTensor,
} from './types.ts'

silenceBanner()
