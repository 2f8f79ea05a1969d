// Options of npm start: flags, then PAWPRINT_* variables, then defaults.
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, Stop } from './prepare.mjs'

export const HELP = `npm start -- [options]      (each also as a variable)

  --data DIR         where everything is kept          PAWPRINT_DATA        ./data
  --datasets DIR     where to look for image data      PAWPRINT_DATASETS    ./datasets
  --store-port N     port of the store's page          PAWPRINT_STORE_PORT  3001
  --demo-port N      port of the demo                  PAWPRINT_DEMO_PORT   5000
  --host HOST        address to listen on              PAWPRINT_HOST        127.0.0.1
  --allow-remote     allow a host that others can reach PAWPRINT_ALLOW_REMOTE=1
  --tls-cert FILE    speak https, with this certificate PAWPRINT_TLS_CERT   none
  --tls-key FILE     its private key, both in PEM form PAWPRINT_TLS_KEY     none
  --no-notebook      do not run the CIFAR-10 notebook  PAWPRINT_NOTEBOOK=0
  --no-sample        do not launch sample_conf.json    PAWPRINT_SAMPLE=0
  --help             this text`

const FLAGS = {
  data: { type: 'string' },
  datasets: { type: 'string' },
  'store-port': { type: 'string' },
  'demo-port': { type: 'string' },
  host: { type: 'string' },
  'allow-remote': { type: 'boolean' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'no-notebook': { type: 'boolean' },
  'no-sample': { type: 'boolean' },
  help: { type: 'boolean' },
}

function portOf(text, flag) {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new Stop(`--${flag}: expected a port from 1 to 65535, got ${JSON.stringify(text)}`)
  return port
}

const pathOf = (text) => (text === undefined || text === '' ? undefined : resolve(ROOT, text))

/** The options, checked; null for `--help`. Throws Stop that names the flag. */
export function readOptions(argv, env) {
  let values
  try {
    values = parseArgs({ args: argv, options: FLAGS, allowPositionals: false }).values
  } catch (error) {
    throw new Stop(`${error.message}\n\n${HELP}`)
  }
  if (values.help) return null
  return {
    data: resolve(ROOT, values.data ?? env.PAWPRINT_DATA ?? 'data'),
    datasets: pathOf(values.datasets ?? env.PAWPRINT_DATASETS),
    storePort: portOf(values['store-port'] ?? env.PAWPRINT_STORE_PORT ?? '3001', 'store-port'),
    demoPort: portOf(values['demo-port'] ?? env.PAWPRINT_DEMO_PORT ?? '5000', 'demo-port'),
    host: values.host ?? env.PAWPRINT_HOST ?? '127.0.0.1',
    allowRemote: values['allow-remote'] ?? env.PAWPRINT_ALLOW_REMOTE === '1',
    tlsCert: pathOf(values['tls-cert'] ?? env.PAWPRINT_TLS_CERT),
    tlsKey: pathOf(values['tls-key'] ?? env.PAWPRINT_TLS_KEY),
    notebook: !(values['no-notebook'] ?? env.PAWPRINT_NOTEBOOK === '0'),
    sample: !(values['no-sample'] ?? env.PAWPRINT_SAMPLE === '0'),
  }
}

/** Throws Stop naming port and flag when something listens there already: better now than after a minute of installing. */
export function checkPort(port, host, flag) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) =>
      reject(
        new Stop(
          error.code === 'EADDRINUSE'
            ? `Port ${port} is in use. Stop what listens there, or choose another: npm start -- --${flag} ${port + 1}`
            : `Cannot listen on ${host}:${port} (--host, --${flag}): ${error.message}`,
        ),
      ),
    )
    server.listen(port, host, () => server.close(() => resolve()))
  })
}
