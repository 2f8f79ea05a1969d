import { expect, test } from 'vitest'
import { pawOf } from './paw.ts'

// Worked out by hand from the rule: byte 0 mod 18 × 20°; +80° + (byte 1 mod 4) × 60°; byte 2 low 4 bits toes, next 2 the tile; byte 3 mod 3.
test.each([
  ['00000000', { hue: 0, pawHue: 80, toes: 0, tile: 'circle', tilt: -16 }],
  ['3f2a91c0', { hue: 180, pawHue: 20, toes: 1, tile: 'square', tilt: -16 }], // 63 mod 18 = 9; 42 mod 4 = 2; 0x91; 192 mod 3 = 0
  ['ffffffff', { hue: 60, pawHue: 320, toes: 15, tile: 'leaf', tilt: -16 }], // 255 mod 18 = 3; 255 mod 4 = 3
  ['12052f01', { hue: 0, pawHue: 140, toes: 15, tile: 'hexagon', tilt: 0 }],
])('the pawprint of %s… follows from its first four bytes', (start, paw) => {
  expect(pawOf(start.padEnd(40, '0'))).toEqual(paw)
  expect(pawOf(start.padEnd(40, 'f'))).toEqual(paw)
})
