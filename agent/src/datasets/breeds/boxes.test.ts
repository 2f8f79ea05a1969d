import { expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { largestBox, parseBoxes } from './boxes.ts'

// One of Oxford-IIIT Pet, on one line, and one of Stanford Dogs, on many.
const OXFORD =
  '<annotation><folder>OXIIIT</folder><filename>Abyssinian_1.jpg</filename><source><database>OXFORD-IIIT Pet Dataset</database>' +
  '<annotation>OXIIIT</annotation><image>flickr</image></source><size><width>600</width><height>400</height><depth>3</depth></size>' +
  '<segmented>0</segmented><object><name>cat</name><pose>Frontal</pose><truncated>0</truncated><occluded>0</occluded><bndbox>' +
  '<xmin>333</xmin><ymin>72</ymin><xmax>425</xmax><ymax>158</ymax></bndbox><difficult>0</difficult></object></annotation>\n'
const object = (xmin: number, ymin: number, xmax: number, ymax: number): string =>
  `\t<object>\n\t\t<name>Chihuahua</name>\n\t\t<bndbox>\n\t\t\t<xmin>${xmin}</xmin>\n\t\t\t<ymin>${ymin}</ymin>\n` +
  `\t\t\t<xmax>${xmax}</xmax>\n\t\t\t<ymax>${ymax}</ymax>\n\t\t</bndbox>\n\t</object>\n`
const stanford = (...objects: string[]): string =>
  `<?xml version="1.0"?>\n<annotation>\n\t<folder>02085620</folder>\n\t<size>\n\t\t<width>300</width>\n\t\t<height>430</height>\n\t</size>\n${objects.join('')}</annotation>`

test('a box of pixels 333 to 425 begins after 332 and is 93 wide', () => {
  expect(parseBoxes(OXFORD, 'a.xml')).toEqual([{ left: 332, top: 71, width: 93, height: 87 }])
})

test('gives every box in the order of the file, and the largest when asked', () => {
  const boxes = parseBoxes(stanford(object(1, 1, 10, 10), object(65, 50, 249, 404), object(1, 1, 20, 20)), 'a')
  expect(boxes).toEqual([
    { left: 0, top: 0, width: 10, height: 10 },
    { left: 64, top: 49, width: 185, height: 355 },
    { left: 0, top: 0, width: 20, height: 20 },
  ])
  expect(largestBox(boxes)).toBe(boxes[1])
  expect(largestBox([])).toBeNull()
})

test.each([
  ['over the edges', object(0, 0, 301, 500), { left: 0, top: 0, width: 300, height: 430 }],
  ['of one pixel', object(300, 430, 300, 430), { left: 299, top: 429, width: 1, height: 1 }],
  ['with fractions', object(10.6, 20.2, 30.5, 40.4), { left: 10, top: 19, width: 21, height: 21 }],
])('a box %s is cut and rounded to pixels that are there', (_, text, box) => {
  expect(parseBoxes(stanford(text), 'a')).toEqual([box])
})

test('a picture that is said to have 0 × 0 pixels cuts nothing off', () => {
  const text = OXFORD.replace('<width>600</width><height>400</height>', '<width>0</width><height>0</height>')
  expect(parseBoxes(text, 'a')).toEqual(parseBoxes(OXFORD, 'a'))
})

test('an annotation without objects has no box', () => {
  expect(parseBoxes('<annotation>\n</annotation>', 'a')).toEqual([])
})

test.each([
  ['', 'a.xml, line 1: expected <annotation>, got "the end of the file"'],
  ['hello', 'a.xml, line 1: expected <annotation>, got "hello"'],
  ['<html></html>', 'a.xml, line 1: expected <annotation>, got "<html>"'],
  ['<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', 'a.xml, line 1: expected whole tags, got "<"'],
  ['<!DOCTYPE a><annotation></annotation>', 'a.xml, line 1: expected elements only, got "<!DOCTYPE a>"'],
  ['<annotation>\n<object>', 'a.xml, line 2: expected </object>, got "the end of the file"'],
  ['<annotation>\n<object>\n</annotation>', 'a.xml, line 3: expected </object>, got "</annotation>"'],
  ['<annotation></annotation></annotation>', 'a.xml, line 1: expected </nothing>, got "</annotation>"'],
  ['<annotation><a', 'a.xml, line 1: expected whole tags, got "<"'],
  [`<annotation>${'<a>'.repeat(8)}`, 'a.xml, line 1: expected at most 8 elements inside each other, got "<a>"'],
  [OXFORD.replace('333', 'left'), 'a.xml, line 1: expected xmin in pixels, got "left"'],
  [OXFORD.replace('333', '-3'), 'a.xml, line 1: expected xmin in pixels, got "-3"'],
  [OXFORD.replace('333', '9999999'), 'a.xml, line 1: expected xmin in pixels, got "9999999"'],
  [OXFORD.replace('600', 'NaN'), 'a.xml, line 1: expected width in pixels, got "NaN"'],
  [OXFORD.replace('<xmax>425</xmax>', ''), 'a.xml, line 1: expected xmin, ymin, xmax, ymax, got "no xmax"'],
  [OXFORD.replace('<xmax>425', '<xmax>332'), 'expected a box inside 600 × 400, got "x 333 to 332, y 72 to 158"'],
  [stanford(object(301, 1, 310, 10)), 'a.xml, line 15: expected a box inside 300 × 430, got "x 301 to 310, y 1 to 10"'],
])('refuses an annotation that is none or wrong (%#)', (text, message) => {
  expect(() => parseBoxes(text, 'a.xml')).toThrow(DatasetError)
  expect(() => parseBoxes(text, 'a.xml')).toThrow(message)
})
