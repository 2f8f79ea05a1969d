// npm start: the store, the demo and the CIFAR-10 notebook on this machine, and a first job to look at.
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild } from './children.mjs'
import { checkPort, readOptions } from './options.mjs'
import { main, prepare, Stop } from './prepare.mjs'
import { apiOf, runSample, waitForNotebook } from './sample.mjs'

const NOTEBOOK = 'notebooks/cifar10.ipynb'

/** What can be opened in a browser on this machine: a wildcard address is none. */
const reachable = (host) =>
  host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

async function startStore(options) {
  const args = ['--data', options.data, '--port', String(options.storePort), '--host', options.host]
  if (options.allowRemote) args.push('--allow-remote')
  const child = startChild('store', 'store-server/dist/main.js', {
    args,
    logFile: join(options.data, 'logs/store.log'),
  })
  const line = await child.ready(/^Store: /)
  const token = (await readFile(join(options.data, 'token'), 'utf8')).trim()
  return { child, token, link: line.slice('Store: '.length) }
}

async function startDemo(options, store) {
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
  const line = await child.ready(/^Demo: /)
  return { child, link: line.slice('Demo: '.length) }
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
    child,
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
  if (job?.state !== 'done') return
  const { current } = await api('GET', `/api/tasks/${card.task.name}`)
  console.log(`\nThe better model, ${current.sha1.slice(0, 7)}, is deployed. Drop a picture on the demo: ${demo.link}`)
  console.log('Ctrl-C ends everything; nothing is lost.')
}

async function start() {
  const options = readOptions(process.argv.slice(2), process.env)
  await checkPort(options.storePort, options.host, 'store-port')
  await checkPort(options.demoPort, options.host, 'demo-port')
  await prepare()
  mkdirSync(join(options.data, 'logs'), { recursive: true, mode: 0o700 })

  const children = []
  let isRunning = true
  const stop = async () => {
    if (!isRunning) return
    isRunning = false
    console.log('\nStopping …')
    for (const child of children.reverse()) await child.stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const watch = (child) => {
    children.push(child)
    child.exited.then((how) => {
      if (!isRunning) return
      console.error(`The ${child.name} ended (${how}):\n${child.tail()}`)
      process.exitCode = 1
      if (child.name !== 'notebook') stop()
    })
  }

  try {
    const store = await startStore(options)
    watch(store.child)
    const demo = await startDemo(options, store)
    watch(demo.child)
    console.log(`\n  Store  ${store.link}\n  Demo   ${demo.link}\n`)
    if (!options.notebook) return
    console.log(`Starting ${NOTEBOOK} on the TypeScript kernel …`)
    const notebook = startNotebook(options, store)
    watch(notebook.child)
    await launch(options, store, demo, notebook, () => isRunning && notebook.child.isAlive())
  } catch (error) {
    if (!isRunning && !(error instanceof Stop)) return
    await stop()
    throw error
  }
}

main(start)
