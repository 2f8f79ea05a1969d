import type { Paw } from '@pawprint/protocol'

/** Outlines on a 32 × 32 field. */
export const TILE_PATHS: Readonly<Record<Paw['tile'], string>> = {
  circle: 'M16 0a16 16 0 1 1 0 32a16 16 0 1 1 0-32z',
  square: 'M8 0h16a8 8 0 0 1 8 8v16a8 8 0 0 1-8 8H8a8 8 0 0 1-8-8V8a8 8 0 0 1 8-8z',
  hexagon:
    'M13.4.9a5 5 0 0 1 5.2 0l9.3 5.5a5 5 0 0 1 2.5 4.3v10.6a5 5 0 0 1-2.5 4.3l-9.3 5.5a5 5 0 0 1-5.2 0l-9.3-5.5a5 5 0 0 1-2.5-4.3V10.7a5 5 0 0 1 2.5-4.3z',
  leaf: 'M16 0h11a5 5 0 0 1 5 5v11a16 16 0 1 1-16-16z',
}

/** Ellipses on a 24 × 24 field; `turn` in degrees. */
export const TOES = [
  { x: 4.6, y: 11.4, rx: 1.9, ry: 2.5, turn: -22 },
  { x: 9, y: 6.7, rx: 2, ry: 2.8, turn: -6 },
  { x: 15, y: 6.7, rx: 2, ry: 2.8, turn: 6 },
  { x: 19.4, y: 11.4, rx: 1.9, ry: 2.5, turn: 22 },
] as const

export const PAD =
  'M12 12.1c-3 0-5.8 2.7-5.8 5.4 0 1.9 1.4 2.9 3 2.9 1 0 1.8-.4 2.8-.4s1.8.4 2.8.4c1.6 0 3-1 3-2.9 0-2.7-2.8-5.4-5.8-5.4z'
