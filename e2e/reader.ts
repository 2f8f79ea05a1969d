// Someone who follows the tutorial: what npm start brings up, both pages, and what is on them by the tutorial's words.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, shortSha1 } from '@pawprint/protocol'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { makeArchive, makeCifarFiles } from '../agent/src/datasets/testing/testData.ts'
import { connectBrowser, dropFiles, openPage } from './browser.ts'
import { jobsOf, type Pawprint, startPawprint } from './pawprint.ts'
import { openTerminal, type Terminal } from './terminal.ts'
import { labels, ROOT, steps } from './tutorial.ts'

/** What there is from the first test to the last. */
interface Desk {
  /** Of the reader's own files. */
  readonly folder: string
  readonly paw: Pawprint
  readonly browser: Browser
  /** The store's page, and the demo's. */
  readonly store: Page
  readonly demo: Page
  /** Errors of each page. */
  readonly problems: string[][]
}

interface Words {
  /** A word of the pages; throws unless the tutorial has it in italics. Its ellipsis is what the page fills in. */
  word(label: string): string
  /** Words in italics that nobody asked for. */
  unread(): readonly string[]
}

/** What a reader finds on the store's page, or another one. */
interface Sight {
  area(name: 'Notebooks' | 'Job' | 'Models', page?: Page): Locator
  button(scope: Locator, name: string): Locator
  /** A notebook's. */
  card(name: string): Locator
  /** A value's, in the form. */
  field(key: string): Locator
  trials(job: number, page?: Page): Locator
  /** The rows of a job's models. */
  modelsOf(job: number): Locator
  /** Those of these with a link to this model. What a row explains may name others. */
  named(all: Locator, sha1: string): Locator
}

interface Hands {
  /** Types a command into another terminal; it knows the store that npm start brought up. */
  type(command: string): Terminal
  /** Opens another browser. */
  open(url: string): Promise<Page>
  /** Drops a file of this name and content on a part of the store's page. */
  drop(on: string, name: string, text: string): Promise<void>
  /** Types these values, then launches; resolves with the job, which may go on, once the page shows it. */
  launch(values?: Readonly<Record<string, string>>): Promise<Job>
}

export interface Reader extends Readonly<Pick<Desk, 'folder' | 'paw' | 'store' | 'demo'>>, Words, Sight, Hands {
  /** A step of the tutorial, which goes on from where the one before it ended. Steps after one that failed are left out. */
  step(number: number, walk: () => Promise<void>): void
  problems(): readonly string[]
}

type Ends = (() => unknown)[]

async function openAnother({ browser, problems }: Pick<Desk, 'browser' | 'problems'>, url: string): Promise<Page> {
  const opened = await openPage(browser, url)
  problems.push(opened.problems)
  return opened.page
}

async function sitDown(ends: Ends): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-reader-'))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  // Twelve pictures of each class, laid out as CIFAR-10: the first job is short, and nothing is downloaded.
  await writeFile(join(folder, 'cifar-10-binary.tar.gz'), makeArchive(makeCifarFiles(2)))
  await mkdir(join(folder, 'data'))
  const paw = await startPawprint(['--datasets', folder], join(folder, 'data'))
  ends.push(() => paw.stop())
  const browser = await connectBrowser()
  ends.push(() => browser.close())
  const problems: string[][] = []
  const store = await openAnother({ browser, problems }, paw.link)
  const demo = await openAnother({ browser, problems }, paw.demoUrl)
  return { folder, paw, browser, store, demo, problems }
}

function vocabulary(): Words {
  const unread = new Set(labels)
  return {
    word(label) {
      if (!labels.includes(label)) throw new Error(`the tutorial has no _${label}_`)
      unread.delete(label)
      return label.replace('…', '')
    },
    unread: () => [...unread],
  }
}

function sightOf(desk: () => Desk, { word }: Words): Sight {
  const area: Sight['area'] = (name, page = desk().store) => page.getByRole('region', { name: word(name), exact: true })
  const withOne = (all: Locator, role: 'radio' | 'heading' | 'link', name: string): Locator =>
    all.filter({ has: desk().store.getByRole(role, { name, exact: true }) })
  const trialsIn = (one: Locator, job: number): Locator => one.getByRole('list', { name: `Trials of job ${job}` })
  return {
    area,
    button: (scope, name) => scope.getByRole('button', { name: word(name), exact: true }),
    card: (name) => withOne(area('Notebooks').locator('.card'), 'radio', name),
    field: (key) => area('Job').getByRole('textbox', { name: key, exact: true }),
    trials: (job, page) => trialsIn(area('Job', page), job).getByRole('listitem'),
    modelsOf: (job) => withOne(area('Models').getByRole('article'), 'heading', `Job ${job}`).locator('tbody tr'),
    named: (all, sha1) => withOne(all, 'link', shortSha1(sha1)),
  }
}

function handsOf(desk: () => Desk, { area, button, field, trials }: Sight, ends: Ends): Hands {
  return {
    type(command) {
      const { storeUrl, data } = desk().paw
      const env = { PAWPRINT_STORE: storeUrl.replace('http', 'ws'), PAWPRINT_DATA: data }
      const terminal = openTerminal(command, ROOT, env)
      ends.push(terminal.kill)
      return terminal
    },
    open: (url) => openAnother(desk(), url),
    async drop(on, name, text) {
      const path = join(desk().folder, name)
      await writeFile(path, text)
      await dropFiles(desk().store, on, [path])
    },
    async launch(values = {}) {
      for (const [key, text] of Object.entries(values)) await field(key).fill(text)
      const [before] = await jobsOf(desk().paw)
      await button(area('Job'), 'Launch').click()
      const first = trials((before?.number ?? 0) + 1).first()
      await first.waitFor()
      const [job] = await jobsOf(desk().paw)
      return job as Job
    },
  }
}

function stepByStep(): Reader['step'] {
  let isLost = false
  return (number, walk) => {
    const title = steps[number - 1]
    if (title === undefined) throw new Error(`the tutorial has no step ${number}`)
    test(title, async ({ skip }) => {
      skip(isLost, 'a step before it failed')
      isLost = true
      await walk()
      isLost = false
    })
  }
}

/** The reader of a test file, from its first test to its last; call it once, at the top. */
export function useReader(): Reader {
  const ends: Ends = []
  let present: Desk | undefined
  const desk = (): Desk => {
    if (present === undefined) throw new Error('there is a reader only within a test')
    return present
  }
  beforeAll(async () => {
    present = await sitDown(ends)
  })
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })
  const words = vocabulary()
  const sight = sightOf(desk, words)
  return {
    ...{ ...words, ...sight, ...handsOf(desk, sight, ends) },
    step: stepByStep(),
    problems: () => desk().problems.flat(),
    get folder() {
      return desk().folder
    },
    get paw() {
      return desk().paw
    },
    get store() {
      return desk().store
    },
    get demo() {
      return desk().demo
    },
  }
}
