/** A change that puts a finding right and can lose nothing. Paths are below the data folder. */
export type Repair =
  | { readonly type: 'remove'; readonly path: string }
  /** Leaves the first `sizeBytes` bytes of a file. */
  | { readonly type: 'cut'; readonly path: string; readonly sizeBytes: number }
  | { readonly type: 'write'; readonly path: string; readonly text: string }

/** Something in a data folder that is not as it should be. */
export interface Finding {
  /**
   * `problem`: something is damaged, lost or contradicts something else. `note`: what a killed process may leave and the next
   * start, `--repair` or `gc` puts right, and what is not the store's.
   */
  readonly level: 'problem' | 'note'
  /** The file, below the data folder, and perhaps a place in it. */
  readonly at: string
  readonly expected: string
  readonly got: string
  /** What a person can do about it. */
  readonly advice: string
  readonly repair?: Repair
}

export const ADVICE = {
  restore: 'Bring the file back from an archive or a backup.',
  weights: 'Upload these weights again (the same trial and seed make the same bytes), or bring the file back.',
  start: 'The next start puts this right, and --repair does.',
  temp: 'A killed process left it. --repair removes it, and so does a running store after a day.',
  gc: 'gc removes it once it is older than a day.',
  foreign: 'It is not the store’s, and is left alone.',
  remove: 'Look at what it is; the store never follows it. Move it away.',
  rebuild: 'rebuild makes a new registry from what is there.',
} as const

export const problem = (at: string, expected: string, got: string, advice: string): Finding => ({
  level: 'problem',
  at,
  expected,
  got,
  advice,
})

export const note = (at: string, expected: string, got: string, advice: string, repair?: Repair): Finding => ({
  level: 'note',
  at,
  expected,
  got,
  advice,
  ...(repair === undefined ? {} : { repair }),
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: a file's name may hold escapes that a terminal would obey.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** One line without control characters, whatever the files say. */
export const plain = (text: string): string =>
  text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** One line: place, expected, got, what to do. */
export const showFinding = ({ level, at, expected, got, advice }: Finding): string =>
  plain(`${level} ${at}: expected ${expected}, got ${got}. ${advice}`)

export const problemsOf = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ level }) => level === 'problem')
