// npm start: the store, the demo and the CIFAR-10 notebook on this machine, and a first job to look at.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from './children.mjs'
import { checkPort, HELP, readOptions } from './options.mjs'
import { main, prepare, Stop } from './prepare.mjs'
import { apiOf, runSample, waitForNotebook } from './sample.mjs'

const NOTEBOOK = 'notebooks/cifar10.ipynb'
/** npm passes on a Ctrl-C that the terminal sends to us as well: only one that comes later is a second one. */
const SECOND_SIGNAL_MS = 1000
/** Longest that a call may have failed before the end of the child that it went to is known. */
const CHILD_END_MS = 1000

/** What can be opened in a browser on this machine: a wildcard address is none. */
const reachable = (host) =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

async function startStore(options, watch) {
  const args = ['--data', options.data, '--port', String(options.storePort), '--host', options.host]
  if (options.allowRemote) args.push('--allow-remote')
  const child = startChild('store', 'store-server/dist/main.js', {
    args,
    logFile: join(options.data, 'logs/store.log'),
  })
  watch(child)
  const line = await child.ready(/^Store: /)
  const token = (await readFile(join(options.data, 'token'), 'utf8')).trim()
  return { token, link: line.slice('Store: '.length) }
}

async function startDemo(options, store, watch) {
  const url = `ws://${reachable(options.host)}:${options.storePort}`
  const args = [
    '--folder',
    options.data,
    '--demo-port',
    String(options.demoPort),
    '--host',
    options.host,
    '--store',
    url,
  ]
  if (options.allowRemote) args.push('--allow-remote')
  const child = startChild('demo', 'demo-app/dist/server/main.js', {
    args,
    env: { PAWPRINT_TOKEN: store.token },
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
      PAWPRINT_STORE: `ws://${reachable(options.host)}:${options.storePort}`,
      PAWPRINT_TOKEN: store.token,
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
  const api = apiOf(`http://${reachable(options.host)}:${options.storePort}`, store.token)
  const card = await waitForNotebook(api, isRunning)
  if (!card) return
  notebook.quiet()
  console.log(
    `The notebook ${card.name} is registered (task ${card.task.name}). Its output: ${join(options.data, 'logs/notebook.log')}`,
  )
  if (!options.sample) return
  const job = await runSample(api, card, isRunning)
  if (!job) return
  const { current } = await api('GET', `/api/tasks/${card.task.name}`)
  if (job.state !== 'done') {
    const { reason } = job.trials.find((trial) => trial.reason) ?? {}
    console.log(
      `\nThe job is ${job.state}${reason ? `: ${reason}` : ''}. Its log is on the store’s page: ${store.link}`,
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
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === null) return console.log(HELP)
  await checkPort(options.storePort, options.host, 'store-port')
  await checkPort(options.demoPort, options.host, 'demo-port')
  prepareData(options.data)
  await prepare()

  const { watch, stop, isRunning } = createFamily()
  try {
    const store = await startStore(options, watch)
    const demo = await startDemo(options, store, watch)
    console.log(`\n  Store  ${store.link}\n  Demo   ${demo.link}\n`)
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
