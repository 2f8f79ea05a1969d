// The newcomer's first job: drops sample_conf.json on the notebook, launches it and draws its progress.
import { readFile } from 'node:fs/promises'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { ROOT, Stop } from './prepare.mjs'

/** Names of notebooks are other people's: in a terminal they must not move the cursor. */
export const plain = (text) => text.replace(/\p{C}/gu, '·')

const POLL_MS = 500
const BAR_WIDTH = 24

async function readAnswer(response) {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) text += part
  return { status: response.statusCode, text }
}

/** One request; `ca` are certificates to trust beside the usual ones. */
function send(url, { body, ca, ...options }) {
  const request = url.startsWith('https:') ? requestTls : requestPlain
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, ...trust }, (response) => resolve(readAnswer(response)))
    sent.on('error', reject)
    sent.end(body)
  })
}

/**
 * A small client of the store's API. `tokenOf` is asked at each call: the token may be replaced at any time. `trustFile` holds
 * certificates. Errors name the call and the store's own words.
 */
export function apiOf(url, tokenOf, trustFile) {
  return async (method, path, body) => {
    const type = body ? { 'content-type': 'application/json' } : {}
    const headers = { authorization: `Bearer ${await tokenOf()}`, ...type }
    const ca = trustFile === undefined ? undefined : await readFile(trustFile, 'utf8')
    const { status, text } = await send(`${url}${path}`, { method, headers, ca, body: body && JSON.stringify(body) })
    const answer = JSON.parse(text)
    if (status >= 400) throw new Stop(`${method} ${path}: ${answer.error?.message ?? status}`)
    return answer
  }
}

/** The first notebook that is ready for a job. Waits for it as long as `isRunning()`. */
export async function waitForNotebook(api, isRunning) {
  while (isRunning()) {
    const { items } = await api('GET', '/api/notebooks')
    const ready = items.find((notebook) => notebook.state === 'idle' || notebook.state === 'busy')
    if (ready) return ready
    await wait(POLL_MS)
  }
  return null
}

const percent = (fraction) => `${(fraction * 100).toFixed(1)} %`

function barOf(trial) {
  const filled = Math.round(trial.progress * BAR_WIDTH)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`
  const params = Object.entries(trial.params)
    .map(([key, value]) => `${key} ${value}`)
    .filter((text) => text.startsWith('LEARNING_RATE'))
  const result =
    trial.state === 'done'
      ? `${trial.sha1.slice(0, 7)}  ${percent(trial.metrics.testAccuracy)} right on the test set`
      : trial.state === 'running'
        ? `${Math.floor(trial.progress * 100)} %`
        : trial.state
  return `  trial ${trial.index + 1}  ${params.join(' ').padEnd(20)} ${bar}  ${result}`
}

/** Redraws the bars in place on a terminal; elsewhere prints a trial's line when its state changes. */
function createBars(output) {
  let drawn = 0
  const states = new Map()
  return (trials) => {
    if (output.isTTY) {
      if (drawn > 0) output.write(`\x1b[${drawn}A`)
      for (const trial of trials) output.write(`\x1b[2K${barOf(trial)}\n`)
      drawn = trials.length
      return
    }
    for (const trial of trials) {
      if (states.get(trial.index) !== trial.state) output.write(`${barOf(trial)}\n`)
      states.set(trial.index, trial.state)
    }
  }
}

/** Launches sample_conf.json when there is no job yet, and follows it to its end. */
export async function runSample(api, notebook, isRunning) {
  const { items } = await api('GET', '/api/jobs?limit=1')
  if (items.length > 0) return null
  const config = JSON.parse(await readFile(join(ROOT, 'sample_conf.json'), 'utf8'))
  await api('POST', `/api/notebooks/${encodeURIComponent(notebook.name)}/config`, config)
  const launched = await api('POST', '/api/jobs', { notebook: notebook.name, requestId: 'sample' })
  console.log(`\nLaunched sample_conf.json on ${plain(notebook.name)}: job 1, ${launched.trials.length} trials.`)
  const draw = createBars(process.stdout)
  while (isRunning()) {
    const job = await api('GET', `/api/jobs/${launched.id}`)
    draw(job.trials)
    if (['done', 'failed', 'cancelled'].includes(job.state)) return job
    await wait(POLL_MS)
  }
  return null
}
