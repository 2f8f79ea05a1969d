import { createHash } from 'node:crypto'
import {
  adam,
  type CompileOptions,
  createTrainer,
  type Epoch,
  type FitOptions,
  type ImageSet,
  type Trainer,
} from '@pawprint/engine'
import type * as tf from '@tensorflow/tfjs'
import { onTestFinished } from 'vitest'
import { benchModel } from './models.ts'

/* Tests of the whole run the built package, as its users do: the worker is a file of dist. */

/** Closed after the test that calls this. */
export function closing<T extends { close(): Promise<void> }>(opened: T): T {
  onTestFinished(() => opened.close())
  return opened
}

export const OPTIONS: CompileOptions = { loss: 'categoricalCrossentropy', optimizer: adam(0.003), seed: 11 }

export async function trainerOf(model: tf.LayersModel, options: Partial<CompileOptions> = {}): Promise<Trainer> {
  return closing(await createTrainer(model, { ...OPTIONS, ...options }))
}

export async function fitAll(trainer: Trainer, data: ImageSet, options: FitOptions): Promise<Epoch[]> {
  const epochs: Epoch[] = []
  for await (const epoch of trainer.fit(data, options)) epochs.push(epoch)
  return epochs
}

/** SHA-1 of the weights' names and bytes. */
export async function sha1Of(trainer: Trainer): Promise<string> {
  const hash = createHash('sha1')
  for (const { name, data } of await trainer.weights()) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}

export const small = (): tf.Sequential => benchModel(8, 4, 16)
