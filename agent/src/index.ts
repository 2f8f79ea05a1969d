export {
  type Augmentation,
  adam,
  adamW,
  type Epoch,
  type Evaluation,
  type ImageSet,
  type InitialWeights,
  l2Normalize,
  type Normalisation,
  type Schedule,
  sgd,
  type WeightTensor,
} from '@pawprint/engine'
export { connect } from './connect.ts'
export * from './datasets/index.ts'
export { AgentError, type AgentErrorCode } from './errors.ts'
export * from './metrics/index.ts'
export * from './models/index.ts'
export * from './plots/index.ts'
export { type TriedOut, type TryOutOptions, tryOut } from './trial/tryOut.ts'
export type {
  Agent,
  ConnectOptions,
  FieldDeclaration,
  Hyperparameters,
  LogLevel,
  NotebookDefinition,
  Params,
  ProgressStyle,
  Reproduced,
  Requirement,
  Run,
  ServeOptions,
  Task,
  Trial,
  TrialCompileOptions,
  TrialFitOptions,
} from './types.ts'
