import { expect, test } from 'vitest'
import { downloadsOf } from './downloads.ts'
import { at, modelOf, sha1Of } from './testRecords.ts'

const file = (name: string, sizeBytes: number) => ({ name, sha1: sha1Of('f'), sizeBytes })
const FILES = [file('model.onnx', 20), file('tfjs/model.json', 30), file('tfjs/group1-shard1of1.bin', 40)]

test('each way to take a model along names its files as they are saved', () => {
  const sha1 = sha1Of('a')
  const downloads = downloadsOf(modelOf('a', { artifacts: FILES }))
  expect(downloads.map(({ title, files }) => [title, files.map(({ href, saveAs }) => [href, saveAs])])).toEqual([
    ['Weights', [[`/api/models/${sha1}/weights`, `${sha1}.safetensors`]]],
    ['ONNX', [[`/api/models/${sha1}/artifacts/model.onnx`, `${sha1}.onnx`]]],
    [
      'TensorFlow.js',
      [
        [`/api/models/${sha1}/artifacts/tfjs/model.json`, 'model.json'],
        [`/api/models/${sha1}/artifacts/tfjs/group1-shard1of1.bin`, 'group1-shard1of1.bin'],
      ],
    ],
  ])
})

test('damaged weights are no download, files of another name are one, and none says nothing', () => {
  const titles = (over: Record<string, unknown>) => downloadsOf(modelOf('a', over)).map(({ title }) => title)
  expect(titles({ damagedAt: at(1), artifacts: FILES })).toEqual(['ONNX', 'TensorFlow.js'])
  expect(titles({ artifacts: [file('labels.txt', 1)] })).toEqual(['Weights', 'More'])
  expect(titles({ damagedAt: at(1) })).toEqual([])
})
