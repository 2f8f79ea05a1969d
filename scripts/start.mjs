// npm start: the store, the demo and the CIFAR-10 notebook on this machine, and a first job to look at.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { checkPort, HELP, readOptions } from './options.mjs'
import { main, prepare, Stop } from './prepare.mjs'
import { apiOf, plain, runSample, waitForNotebook } from './sample.mjs'

const NOTEBOOK = 'notebooks/cifar10.ipynb'
const NOT_ENCRYPTED =
  '  Not encrypted: everyone on the way can read the token, and with it deploy and delete. Add --tls-cert and --tls-key.\n'
/** npm passes on a Ctrl-C that the terminal sends to us as well: only one that comes later is a second one. */
const SECOND_SIGNAL_MS = 1000
/** Longest that a call may have failed before the end of the child that it went to is known. */
const CHILD_END_MS = 1000

const isLoopback = (host) => ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(host.toLowerCase())

/** Flags that store and demo both have. */
const sharedFlags = ({ host, allowRemote, tlsCert, tlsKey }) => [
  '--host',
  host,
  ...(allowRemote ? ['--allow-remote'] : []),
  ...(tlsCert === undefined ? [] : ['--tls-cert', tlsCert]),
  ...(tlsKey === undefined ? [] : ['--tls-key', tlsKey]),
]

/** What those who call the store need: a token is read from its file, and its certificate may be known to nobody else. */
const callerEnv = ({ trustFile }) => ({
  PAWPRINT_TOKEN: '',
  ...(trustFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: trustFile }),
})

/** The file of the certificates to trust beside the usual ones: the store's own, and those that this process was told to. */
function prepareTrust({ data, tlsCert }) {
  const { NODE_EXTRA_CA_CERTS: extra } = process.env
  if (tlsCert === undefined || !extra || !existsSync(extra) || !existsSync(tlsCert)) return tlsCert
  const path = join(data, 'logs/trusted.pem')
  writeFileSync(path, `${readFileSync(extra, 'utf8')}\n${readFileSync(tlsCert, 'utf8')}`, { mode: 0o600 })
  return path
}

async function startStore(options, watch) {
  const args = ['--data', options.data, '--port', String(options.storePort), ...sharedFlags(options)]
  const child = startChild('store', 'store-server/dist/main.js', {
    args,
    logFile: join(options.data, 'logs/store.log'),
  })
  watch(child)
  const line = await child.ready(/^Store: /)
  const link = line.slice('Store: '.length)
  return { link, url: new URL(link).origin }
}

async function startDemo(options, store, watch) {
  const ports = ['--demo-port', String(options.demoPort)]
  const args = ['--folder', options.data, ...ports, '--store', store.url, ...sharedFlags(options)]
  const child = startChild('demo', 'demo-app/dist/server/main.js', {
    args,
    env: callerEnv(options),
    logFile: join(options.data, 'logs/demo.log'),
  })
  watch(child)
  const line = await child.ready(/^Demo: /)
  return { link: line.slice('Demo: '.length) }
}

function startNotebook(options, store) {
  let isQuiet = false
  const child = startChild('notebook', 'scripts/notebook.mjs', {
    args: [NOTEBOOK, '--out', join(options.data, 'logs/cifar10.ipynb')],
    env: {
      ...callerEnv(options),
      PAWPRINT_STORE: store.url.replace(/^http/, 'ws'),
      PAWPRINT_TOKEN_FILE: join(options.data, 'token-agent'),
      ...(options.datasets ? { PAWPRINT_DATASETS: options.datasets } : {}),
    },
    logFile: join(options.data, 'logs/notebook.log'),
    onLine: (line) => isQuiet || line.trim() === '' || console.log(`  ${line}`),
  })
  return {
    // What was shown already is not shown again.
    child: { ...child, tail: () => (isQuiet ? child.tail() : '') },
    quiet: () => {
      isQuiet = true
    },
  }
}

async function launch(options, store, demo, notebook, isRunning) {
  const tokenFile = join(options.data, 'token')
  const api = apiOf(store.url, async () => (await readFile(tokenFile, 'utf8')).trim(), options.trustFile)
  const card = await waitForNotebook(api, isRunning)
  if (!card) return
  notebook.quiet()
  console.log(
    `The notebook ${plain(card.name)} is registered (task ${card.task.name}). Its output: ${join(options.data, 'logs/notebook.log')}`,
  )
  if (!options.sample) return
  const job = await runSample(api, card, isRunning)
  if (!job) return
  const { current } = await api('GET', `/api/tasks/${card.task.name}`)
  if (job.state !== 'done') {
    const { reason } = job.trials.find((trial) => trial.reason) ?? {}
    console.log(
      `\nThe job is ${job.state}${reason ? `: ${plain(reason)}` : ''}. Its log is on the store’s page: ${store.link}`,
    )
  } else if (current)
    console.log(
      `\nThe better model, ${current.sha1.slice(0, 7)}, is deployed. Drop a picture on the demo: ${demo.link}`,
    )
  console.log('Ctrl-C ends everything; nothing is lost.')
}

/** The children, watched from their start to their end. The first signal ends them in order; one that comes later at once. */
function createFamily() {
  const children = []
  let stoppedMs
  const stop = async () => {
    if (stoppedMs !== undefined) return
    stoppedMs = Date.now()
    console.log('\nStopping …')
    for (const child of children.toReversed()) await child.stop()
  }
  const onSignal = () => {
    if (stoppedMs !== undefined && Date.now() - stoppedMs > SECOND_SIGNAL_MS) for (const child of children) child.kill()
    else stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
  return {
    stop,
    isRunning: () => stoppedMs === undefined,
    watch(child) {
      children.push(child)
      child.exited.then((how) => {
        if (stoppedMs !== undefined) return
        const tail = child.tail()
        console.error(
          `The ${child.name} ended (${how}). Its output: ${child.logFile}${tail && `, which ends:\n${tail}`}`,
        )
        process.exitCode = 1
        if (child.name !== 'notebook') stop()
        else console.error('The store and the demo go on. Ctrl-C ends them.')
      })
    },
  }
}

function prepareData(folder) {
  try {
    mkdirSync(join(folder, 'logs'), { recursive: true, mode: 0o700 })
    accessSync(join(folder, 'logs'), constants.W_OK)
  } catch (error) {
    throw new Stop(`--data: expected a folder that can be written to, got ${folder} (${error.message})`)
  }
}

async function start() {
  const given = readOptions(process.argv.slice(2), process.env)
  if (given === null) return console.log(HELP)
  await checkPort(given.storePort, given.host, 'store-port')
  await checkPort(given.demoPort, given.host, 'demo-port')
  prepareData(given.data)
  const options = { ...given, trustFile: prepareTrust(given) }
  await prepare()

  const { watch, stop, isRunning } = createFamily()
  try {
    const store = await startStore(options, watch)
    const demo = await startDemo(options, store, watch)
    console.log(`\n  Store  ${store.link}\n  Demo   ${demo.link}\n`)
    if (!isLoopback(options.host) && options.tlsCert === undefined) console.log(NOT_ENCRYPTED)
    if (!options.notebook) return
    console.log(`Starting ${NOTEBOOK} on the TypeScript kernel …`)
    const notebook = startNotebook(options, store)
    watch(notebook.child)
    await launch(options, store, demo, notebook, () => isRunning() && notebook.child.isAlive())
  } catch (error) {
    // A call that failed because its child has ended: that end is what is told.
    if (isRunning() && !(error instanceof Stop)) await wait(CHILD_END_MS)
    if (!isRunning()) return
    process.exitCode = 1
    await stop()
    throw error
  }
}

main(start)
