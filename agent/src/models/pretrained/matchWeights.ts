import type { ModelParameter, WeightTensor } from '@pawprint/engine'
import { AgentError } from '../../errors.ts'

/** A layer with its parameters or tensors, in order. */
interface Group<T> {
  readonly layer: string
  readonly items: readonly T[]
}

/** What became of a model's layers. */
export interface Matched {
  /** By the engine's names: what `initialWeights` takes. */
  readonly weights: readonly WeightTensor[]
  readonly matchedBy: 'name' | 'order'
  /** The model's layers that get weights, and those that get none: a new head. */
  readonly taken: readonly string[]
  readonly left: readonly string[]
  /** Layers of the file that the model has no place for. */
  readonly unused: readonly string[]
}

/**
 * Finds tensors for a model's parameters, layer by layer. By name: that of the layer in the model; or its number among its likes, where the
 * file is of a Pawprint store. Where no name fits, by order. A layer is taken whole. One whose shapes differ is an error, unless it is the
 * last one, the head, or named in `except`. Throws AgentError `E_WEIGHTS` naming layer, expected and got shapes.
 */
export function matchWeights(
  parameters: readonly ModelParameter[],
  tensors: readonly WeightTensor[],
  except: readonly string[],
): Matched {
  const wanted = groupsOf(parameters, ({ name }) => prefixOf(name))
  const given = groupsOf(tensors, ({ name }) => prefixOf(name))
  requireLayers(wanted, except)
  const { matchedBy, find } = findBy(wanted, given)
  const pairs = wanted.map((group, i) => {
    const isExcepted = except.includes(ownName(group)) || except.includes(group.layer)
    const found = arranged(find(group, i), group)
    const fits = found !== undefined && shapesOf(found.items) === shapesOf(group.items)
    if (found !== undefined && !fits && !isExcepted && i < wanted.length - 1) throw misfit(group, found)
    return { group, found: fits && !isExcepted ? found : undefined }
  })
  const taken = pairs.filter(({ found }) => found !== undefined)
  if (taken.length === 0)
    throw new AgentError(
      'E_WEIGHTS',
      'weights',
      `any of the layers ${listed(wanted.map(ownName))}`,
      listed(given.map(({ layer }) => layer)),
    )
  const used = new Set(taken.map(({ found }) => found?.layer))
  return {
    weights: taken.flatMap(({ group, found }) =>
      group.items.map(({ name, shape }, i) => ({ name, shape, data: found?.items[i]?.data ?? new Float32Array() })),
    ),
    matchedBy,
    taken: taken.map(({ group }) => ownName(group)),
    left: pairs.filter(({ found }) => found === undefined).map(({ group }) => ownName(group)),
    unused: given.map(({ layer }) => layer).filter((layer) => !used.has(layer)),
  }
}

type Find = (group: Group<ModelParameter>, place: number) => Group<WeightTensor> | undefined

/** The first way of looking that finds something. */
function findBy(
  wanted: readonly Group<ModelParameter>[],
  given: readonly Group<WeightTensor>[],
): { readonly matchedBy: Matched['matchedBy']; readonly find: Find } {
  const byLayer = new Map(given.map((group) => [group.layer, group]))
  // Numbers that a library gives per process mean nothing in another one; a store's begin anew in each model.
  const byNumber: Find = (group) => byLayer.get(group.layer)
  const byOwnName: Find = (group) => (isAutomatic(ownName(group)) ? undefined : byLayer.get(ownName(group)))
  const names = isNumberedFromOne(given) ? [byNumber, byOwnName] : [byOwnName]
  const find = names.find((way) => wanted.some((group, i) => way(group, i) !== undefined))
  return find === undefined ? { matchedBy: 'order', find: (_, place) => given[place] } : { matchedBy: 'name', find }
}

/** `conv2d_1`, `conv2d_2`, `dense_1`: each stem counted from one, nothing else. */
function isNumberedFromOne(groups: readonly Group<WeightTensor>[]): boolean {
  const counts = new Map<string, number>()
  return groups.every(({ layer }) => {
    const [, stem, number] = /^([a-z0-9_]+)_(\d+)$/.exec(layer) ?? []
    if (stem === undefined) return false
    const next = (counts.get(stem) ?? 0) + 1
    counts.set(stem, next)
    return Number(number) === next
  })
}

/** As TensorFlow.js and Keras name layers by themselves: `conv2d_Conv2D1`, `dense`, `dense_4`. */
const isAutomatic = (layer: string): boolean =>
  /^[a-z0-9_]+_[A-Z]\w*\d+$/.test(layer) ||
  /^(conv2d|dense|batch_normalization|depthwise_conv2d|separable_conv2d)(_\d+)?$/.test(layer)

function groupsOf<T>(items: readonly T[], layerOf: (item: T) => string): Group<T>[] {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(layerOf(item), [...(groups.get(layerOf(item)) ?? []), item])
  return [...groups].map(([layer, own]) => ({ layer, items: own }))
}

/**
 * Tensors in the order of a layer's parameters, by name: files may have them in that of the alphabet, and libraries without layers of
 * their own for depthwise convolutions have these as convolutions.
 */
function arranged(
  found: Group<WeightTensor> | undefined,
  { items }: Group<ModelParameter>,
): Group<WeightTensor> | undefined {
  if (found === undefined) return undefined
  const byLeaf = new Map(found.items.map((tensor) => [leafOf(tensor.name), tensor]))
  const own = items.map((item) => byLeaf.get(leafOf(item.name)) ?? asDepthwise(byLeaf.get('kernel'), item))
  const isSame = byLeaf.size === items.length && own.every((tensor) => tensor !== undefined)
  return isSame ? { ...found, items: own.filter((tensor) => tensor !== undefined) } : found
}

/**
 * The kernel of a convolution in groups of one channel, `[height, width, 1, channels × multiplier]`, as that of a depthwise one,
 * `[height, width, channels, multiplier]`: filters of one channel follow each other in both, so the numbers stay where they are.
 */
function asDepthwise(kernel: WeightTensor | undefined, { name, shape }: ModelParameter): WeightTensor | undefined {
  if (kernel === undefined || leafOf(name) !== 'depthwise_kernel') return undefined
  const [height, width, channels = 0, multiplier = 0] = shape
  const wanted = `${[height, width, 1, channels * multiplier]}`
  return `${kernel.shape}` === wanted ? { ...kernel, shape: [...shape] } : kernel
}

/** `kernel` of `conv1/kernel`, and of `conv1/kernel:0`, as Keras once named it. */
const leafOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '')
const prefixOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')))
const ownName = ({ layer, items: [first] }: Group<ModelParameter>): string => first?.layer ?? layer
const shapesOf = (items: readonly { readonly shape: readonly number[] }[]): string =>
  items.map(({ shape }) => `[${shape}]`).join(', ')
const listed = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ') || 'none'

function misfit(group: Group<ModelParameter>, found: Group<WeightTensor>): AgentError {
  const at = `layer ${ownName(group)}`
  const expected = `weights of shapes ${shapesOf(group.items)} (or its name in \`except\`, if it is a new one)`
  return new AgentError('E_WEIGHTS', at, expected, `${shapesOf(found.items)} of ${found.layer}`)
}

function requireLayers(wanted: readonly Group<ModelParameter>[], except: readonly string[]): void {
  const known = new Set(wanted.flatMap((group) => [ownName(group), group.layer]))
  const odd = except.find((name) => !known.has(name))
  if (odd !== undefined)
    throw new AgentError(
      'E_OPTION',
      'loadPretrained: except',
      `layers with weights: ${listed(wanted.map(ownName))}`,
      odd,
    )
}
