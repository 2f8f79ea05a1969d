// Lists and annotations of strangers: what is wrong with them is an error of ours, and nothing large is taken for it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, spoiled } from '../../../../protocol/src/testing/mutate.ts'
import { DatasetError } from '../errors.ts'
import { makeMat } from '../testing/testMat.ts'
import { parseBoxes } from './boxes.ts'
import { parseDogLists } from './dogLists.ts'
import { readCellStrings } from './matlab.ts'
import { parsePetLists } from './petLists.ts'

/** Nothing, or what `work` throws when it is an E_FORMAT of ours; anything else fails the test. */
function refuses(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    expect(error.code).toBe('E_FORMAT')
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const from = (valid: readonly (string | Uint8Array)[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(fc.uint8Array({ maxLength: 300 }), spoiled(valid.map((one) => Buffer.from(one))))

test('a list with mistakes in it is names that lead nowhere else, or an error of ours', {
  timeout: FUZZ_TIMEOUT_MS,
}, () => {
  const valid = ['# comment\nAbyssinian_100 1 1 1\namerican_bulldog_7 2 2 1\n', 'Bengal_1 3 1 2\r\nBengal_2 3 1 2']
  fc.assert(
    fc.property(from(valid), (raw) =>
      refuses(() => {
        for (const { name, classId } of parsePetLists([{ text: textOf(raw), at: 'test.txt', isTest: true }])) {
          expect(name).toMatch(/^[A-Za-z_]+_\d+$/)
          expect(classId).toBeLessThanOrEqual(37)
        }
      }),
    ),
    { numRuns: fuzzRuns(300) },
  )
})

test('an annotation with mistakes in it is boxes of pixels, or an error of ours', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const box = '<bndbox><xmin>3</xmin><ymin>7</ymin><xmax>42</xmax><ymax>15</ymax></bndbox>'
  const size = '<size><width>60</width><height>40</height></size>'
  const valid = [`<annotation>${size}<object>${box}</object><object>${box}</object></annotation>`]
  fc.assert(
    fc.property(from(valid), (raw) =>
      refuses(() => {
        for (const side of parseBoxes(textOf(raw), 'a.xml').flatMap((crop) => Object.values(crop))) {
          expect(side).toSatisfy(Number.isInteger)
          expect(side).toBeGreaterThanOrEqual(0)
        }
      }),
    ),
    { numRuns: fuzzRuns(500) },
  )
})

test('a MATLAB file with mistakes in it is as many strings as fit into it, or an error of ours', {
  timeout: FUZZ_TIMEOUT_MS,
}, () => {
  const names = ['n02085620-Chihuahua/n02085620_5927.jpg', 'n02116738-African_hunting_dog/n02116738_10872.jpg']
  const valid = [makeMat(names), makeMat(names, { isBig: true }), makeMat(names, { isCompressed: true })]
  fc.assert(
    fc.property(from(valid), (raw) =>
      refuses(() => {
        const strings = readCellStrings(raw, 'file_list', 'a.mat')
        // Deflate packs at most 1,032 to one.
        expect(strings.join('').length).toBeLessThanOrEqual(raw.length * 1032)
        for (const { name } of parseDogLists([{ bytes: raw, at: 'a.mat', isTest: false }]))
          expect(name).toMatch(/^n\d{8}-[A-Za-z_-]+\/n\d{8}_\d+$/)
      }),
    ),
    { numRuns: fuzzRuns(600) },
  )
})
