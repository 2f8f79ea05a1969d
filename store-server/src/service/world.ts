import { randomInt } from 'node:crypto'
import { nanoid } from 'nanoid'
import { plainText } from '../core/plainText.ts'
import type { World } from './context.ts'

const CHANCES = 2 ** 47

/** The clocks of this machine, true chance, and stderr. */
export const realWorld: World = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  chance: () => randomInt(CHANCES) / CHANCES,
  newId: () => nanoid(),
  report: (line) => console.error(plainText(line)),
}
