/** What a pawprint looks like. Angles in degrees; hues are those of the OKLCH colour circle. */
export interface Paw {
  readonly hue: number
  readonly pawHue: number
  /** One bit per toe: solid (1) or hollow (0). */
  readonly toes: number
  readonly tile: 'circle' | 'square' | 'hexagon' | 'leaf'
  readonly tilt: -16 | 0 | 16
}

const TILES = ['circle', 'square', 'hexagon', 'leaf'] as const
const TILTS = [-16, 0, 16] as const

/**
 * The pawprint of a sha1: equal weights look equal everywhere. Byte 0 gives the tile's hue, byte 1 the paw's,
 * byte 2 toes and tile, byte 3 the tilt. A help for the eye, no proof: two hashes may look alike.
 */
export function pawOf(sha1: string): Paw {
  const byte = (i: number): number => Number.parseInt(sha1.slice(2 * i, 2 * i + 2), 16) || 0
  const hue = (byte(0) % 18) * 20
  return {
    hue,
    pawHue: (hue + 80 + (byte(1) % 4) * 60) % 360,
    toes: byte(2) & 15,
    tile: TILES[(byte(2) >> 4) & 3] ?? 'circle',
    tilt: TILTS[byte(3) % 3] ?? 0,
  }
}
