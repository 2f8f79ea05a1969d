import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/startStore.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { parseNotebook } from './notebookFile.ts'
import { NOTEBOOKS, run, temporaryFolder } from './testing/run.ts'

interface Tutorial {
  readonly name: string
  /** What its table says, in the text that it prints. */
  readonly prints: readonly RegExp[]
  /** Pictures in its output. */
  readonly pictures: number
  /** Images of each class that it takes: fewer than a reader would. */
  readonly few: number
  /** What the page launches, and the keys that its form must have; null for a notebook that only looks. */
  readonly launch: Readonly<Record<string, number | readonly number[]>> | null
}

const TABLE = /accuracy +95 % interval[\s\S]*majority class[\s\S]*linear on pixels/
const TUTORIALS: readonly Tutorial[] = [
  {
    name: 'explore',
    prints: [
      /holiday\.png: neither JPEG/,
      /Equal images of different classes: 1/,
      /Not so: equal images are of one class\. classes: expected/,
      /Not so: no class has more than 5 times .* training images: expected/,
      /Equal images: 0, broken files: 0/,
    ],
    pictures: 3,
    few: 0,
    launch: null,
  },
  {
    name: 'own-images',
    prints: [/own-images: 3 classes/, TABLE],
    pictures: 4,
    few: 12,
    launch: { EPOCHS: 1, BATCH_SIZE: 16, LEARNING_RATE: [0.003], NUM_FILTERS: [4] },
  },
  {
    name: 'pet-breeds',
    prints: [/drawn-pets: 12 classes/, /Learned in \d+ steps/, /learning rate/i, TABLE, /precision .* recall .* F1/],
    pictures: 5,
    few: 4,
    launch: { EPOCHS: 1, BATCH_SIZE: 16, LEARNING_RATE: [0.003], NUM_FILTERS: [4], AUGMENT: [1], PATIENCE: 0 },
  },
  {
    name: 'transfer',
    prints: [/95 % interval over seeds[\s\S]*from scratch[\s\S]*frozen encoder[\s\S]*frozen, then all[\s\S]*majority/],
    pictures: 7,
    few: 4,
    launch: { EPOCHS: 2, BATCH_SIZE: 16, LEARNING_RATE: [0.003], START: [2] },
  },
  {
    name: 'shapes',
    prints: [TABLE],
    pictures: 4,
    few: 10,
    launch: { EPOCHS: 1, BATCH_SIZE: 32, LEARNING_RATE: [0.003], NUM_FILTERS: [4] },
  },
]

/** Without data on disk and without a network, notebooks take what is drawn. */
async function surroundings(store: RunningStore, few: number): Promise<NodeJS.ProcessEnv> {
  const folder = await temporaryFolder()
  return {
    ...process.env,
    PAWPRINT_STORE: store.url,
    PAWPRINT_TOKEN: store.agentToken,
    PAWPRINT_DATASETS: folder,
    PAWPRINT_CIFAR10_URL: 'http://127.0.0.1:9/none.tar.gz',
    PAWPRINT_OXFORD_PETS_URL: 'http://127.0.0.1:9/',
    PAWPRINT_FEW: `${few}`,
    XDG_CACHE_HOME: folder,
    TMPDIR: folder,
  }
}

/** Pictures in a saved notebook: whole SVG files. */
const picturesIn = (text: string): string[] =>
  JSON.parse(text).cells.flatMap(({ outputs = [] }: { outputs?: { data?: Record<string, string | string[]> }[] }) =>
    outputs.flatMap(({ data }) =>
      data?.['image/svg+xml'] === undefined ? [] : [[data['image/svg+xml']].flat().join('')],
    ),
  )

describe.each(TUTORIALS)('$name', ({ name, prints, pictures, few, launch }) => {
  const file = join(NOTEBOOKS, `${name}.ipynb`)

  test('has short cells in order, and says before each step what and why', async () => {
    const text = await readFile(file, 'utf8')
    const { cells } = parseNotebook(text, file)
    expect(cells.map(({ source }) => Number(/^\/\* (\d)/.exec(source)?.[1]))).toEqual(cells.map((_, i) => i + 1))
    expect(Math.max(...cells.map(({ source }) => source.split('\n').length))).toBeLessThanOrEqual(16)
    expect(JSON.parse(text).cells[0].cell_type).toBe('markdown')
    expect(text.length).toBeLessThan(400_000)
  })

  test('runs headless, from its first cell to a deployed model', async () => {
    const store = await startTestStore()
    const page = await openTestPage(store)
    const out = join(await temporaryFolder(), 'out.ipynb')
    const { done, stop, printed } = run(file, { out, env: await surroundings(store, few) })
    if (launch !== null) {
      // A cell that fails ends the run, and no notebook ever comes.
      const here = page.next('notebook', ({ notebook }) => notebook.state === 'idle')
      const { notebook } = await Promise.race([here, done.then(() => Promise.reject(new Error('it ended')))])
      expect(notebook).toMatchObject({ name })
      expect(notebook.schema.map(({ key }) => key)).toEqual([...Object.keys(launch), 'SEED'])
      const id = await launchJob(store, name, launch)
      const { job } = await page.next('job', ({ job }) => job.id === id && ['done', 'failed'].includes(job.state))
      expect(job.trials.map(({ state }) => state)).toEqual(['done'])
      await page.next('task', ({ task }) => task.current?.sha1 === job.trials[0]?.sha1)
      stop()
    }
    await done
    const said = printed.join('')
    for (const pattern of prints) expect(said).toMatch(pattern)
    const drawn = picturesIn(await readFile(out, 'utf8'))
    expect(drawn).toHaveLength(pictures)
    for (const svg of drawn) expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg".*<title>.+<\/svg>$/s)
  })
})

async function launchJob(store: RunningStore, notebook: string, config: object): Promise<string> {
  const answer = await fetch(`${store.url}/api/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${store.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ notebook, config }),
  })
  const job = (await answer.json()) as { id?: string }
  expect(job).toMatchObject({ state: expect.any(String) })
  return job.id ?? ''
}
