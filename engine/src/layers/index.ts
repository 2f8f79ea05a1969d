import { activation, reLU, softmaxLayer } from './activation.ts'
import { conv2d } from './conv2d.ts'
import { dense } from './dense.ts'
import { dropout } from './dropout.ts'
import { flatten } from './flatten.ts'
import type { LayerReader } from './layer.ts'
import { maxPooling2d } from './maxpooling2d.ts'

/** Every supported layer: its class in a layers-model JSON, the stem of its canonical name, its reader. */
export const LAYERS: ReadonlyMap<string, { readonly stem: string; readonly read: LayerReader }> = new Map([
  ['Activation', { stem: 'activation', read: activation }],
  ['Conv2D', { stem: 'conv2d', read: conv2d }],
  ['Dense', { stem: 'dense', read: dense }],
  ['Dropout', { stem: 'dropout', read: dropout }],
  ['Flatten', { stem: 'flatten', read: flatten }],
  ['MaxPooling2D', { stem: 'max_pooling2d', read: maxPooling2d }],
  ['ReLU', { stem: 're_lu', read: reLU }],
  ['Softmax', { stem: 'softmax', read: softmaxLayer }],
])
