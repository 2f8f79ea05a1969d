// One seed of the comparison, trained here. Usage: ours.mjs FOLDER SEED, answers one line of JSON: accuracy and seconds of each way. With `check`
// behind it: does the steps that peer.py did for its own check, from the same weights, and answers how far apart the probabilities are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { adam, freeze, loadPretrained, models, unfreeze } from '@pawprint/agent'
import { createTrainer } from '@pawprint/engine'

const [folder, seedText, what] = process.argv.slice(2)
const seed = Number(seedText)
const recipe = JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8'))
const { imageSize } = recipe
const loss = 'categoricalCrossentropy'

function setOf(name, { classCount }) {
  const [images, labels] = ['images', 'labels'].map((kind) => readFileSync(join(folder, `${name}.${kind}`)))
  return { images, labels, height: imageSize, width: imageSize, channels: 3, classCount }
}
const many = { ...recipe.many, train: setOf('many-train', recipe.many), test: setOf('many-test', recipe.many) }
const few = { ...recipe.few, train: setOf('few-train', recipe.few), test: setOf('few-test', recipe.few) }
const network = ({ classCount }) => models.resnet8({ imageSize, classCount })

/** Trains on one set, and measures on its test images; `seconds` are those of making the trainer and training. */
async function train(model, { train: images, test, epochs, batchSize, learningRate }, initialWeights = 'seeded') {
  const startedMs = performance.now()
  const trainer = await createTrainer(model, {
    loss,
    optimizer: adam(learningRate),
    seed,
    initialWeights,
  })
  if (trainer.notice !== null) throw new Error(trainer.notice)
  for await (const _ of trainer.fit(images, { epochs, batchSize }));
  const seconds = (performance.now() - startedMs) / 1000
  const { accuracy, probabilities } = await trainer.evaluate(test)
  const weights = await trainer.weights()
  await trainer.close()
  return { accuracy, seconds, weights, probabilities }
}

async function frozen(encoder, set) {
  const model = freeze(network(set))
  const { weights } = await loadPretrained(model, encoder)
  return { model, trained: await train(model, set, weights) }
}

async function frozenThenAll(encoder) {
  const { model, trained: head } = await frozen(encoder, { ...few, epochs: few.epochs / 2 })
  const slowly = { ...few, epochs: few.epochs / 2, learningRate: few.learningRateOfAll }
  const all = await train(unfreeze(model), slowly, head.weights)
  return { accuracy: all.accuracy, seconds: head.seconds + all.seconds }
}

async function seedOf() {
  const encoder = await train(network(many), many)
  const scratch = await train(network(few), few)
  const { trained } = await frozen(encoder.weights, few)
  const results = { encoder, scratch, frozen: trained, all: await frozenThenAll(encoder.weights) }
  return Object.fromEntries(Object.entries(results).map(([way, { accuracy, seconds }]) => [way, { accuracy, seconds }]))
}

async function check() {
  const model = network(few)
  const { weights, left } = await loadPretrained(model, join(folder, 'start.safetensors'))
  if (left.length > 0) throw new Error(`the networks differ: PyTorch has no ${left.join(', ')}`)
  const steps = { ...few, epochs: recipe.checkSteps, batchSize: few.train.labels.length }
  const { probabilities } = await train(model, steps, weights)
  const expected = readFileSync(join(folder, 'end.probabilities'))
  const differences = Array.from(probabilities, (value, at) => Math.abs(value - expected.readFloatLE(4 * at)))
  return { steps: steps.epochs, images: few.test.labels.length, largest: differences.reduce((a, b) => Math.max(a, b)) }
}

console.log(JSON.stringify(what === 'check' ? await check() : await seedOf()))
