import { join } from 'node:path'
import { pngOf } from '../../plots/png.ts'
import type { Surroundings } from '../archives/locate.ts'

/** A PNG of 8 × 8 in one of 2²⁴ colours. */
export const picture = (n: number): Uint8Array =>
  pngOf(
    Uint8Array.from({ length: 192 }, (_, i) => (n >> (8 * (i % 3))) & 255),
    8,
    8,
    3,
  )

/** A machine whose home, cache and folder under way are in `root`. */
export const surroundingsIn = (root: string): Surroundings => ({
  argv: [],
  env: { XDG_CACHE_HOME: join(root, 'cache') },
  platform: 'linux',
  home: root,
  currentFolder: root,
})
