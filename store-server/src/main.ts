#!/usr/bin/env node
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isLoopback } from './core/gate.ts'
import { plainText } from './core/plainText.ts'
import { type Certificate, CertificateError, outOfDate, readCertificate } from './http/certificate.ts'
import { type RunningStore, startStore } from './startStore.ts'
import { StorageError } from './storage/storage.ts'

const USAGE = `Usage: node store-server/dist/main.js [options]

  --data DIR          where everything is kept (PAWPRINT_DATA, default ./data)
  --port N            0 to 65535, 0 takes a free one (PAWPRINT_STORE_PORT, default 3001)
  --host ADDRESS      the one address to listen on (PAWPRINT_HOST, default 127.0.0.1)
  --web DIR           the built page (default web/dist beside this package)
  --allow-remote      listen on an address that other machines reach
  --allow-host NAME   a further name of this store, such as a reverse proxy's; may be repeated
  --tls-cert FILE     speak https and wss, with this certificate and its chain (PAWPRINT_TLS_CERT, default none)
  --tls-key FILE      its private key; both in PEM form (PAWPRINT_TLS_KEY)
  --help
`

/** A start that cannot be: one line for the person who typed it. */
class StartError extends Error {
  override readonly name = 'StartError'
}

function settings(argv: readonly string[], env: NodeJS.ProcessEnv) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      host: { type: 'string' },
      web: { type: 'string' },
      'allow-remote': { type: 'boolean', default: false },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const port = values.port ?? env.PAWPRINT_STORE_PORT ?? '3001'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new StartError(`--port: expected a number from 0 to 65535, got "${port}"`)
  return {
    dataDir: resolve(values.data ?? env.PAWPRINT_DATA ?? 'data'),
    port: Number(port),
    host: values.host ?? env.PAWPRINT_HOST ?? '127.0.0.1',
    ...(values.web === undefined ? {} : { webDir: resolve(values.web) }),
    allowedHosts: values['allow-host'],
    certFile: values['tls-cert'] ?? (env.PAWPRINT_TLS_CERT || undefined),
    keyFile: values['tls-key'] ?? (env.PAWPRINT_TLS_KEY || undefined),
    allowRemote: values['allow-remote'],
    help: values.help,
  }
}

const PLAIN_HTTP =
  'Plain http is not encrypted: everyone on the way can read the token, and with it deploy and delete. ' +
  'Give it a certificate (--tls-cert, --tls-key), put a reverse proxy with TLS in front, or use a network that you trust.'

function explain(error: unknown, port: number, dataDir: string): string {
  if (error instanceof StartError || error instanceof CertificateError) return error.message
  if (error instanceof StorageError) {
    if (error.code === 'E_LOCKED') return `--data: the folder is in use by another store: ${error.message}`
    if (error.code !== 'E_CORRUPT') return `--data: ${error.message}`
    const isRegistry = error.at.includes('registry') && !error.expected.includes('another version')
    const look = `npm run store -- fsck --data ${JSON.stringify(dataDir)}`
    const mend = `npm run store -- rebuild --data ${JSON.stringify(dataDir)}`
    return `--data: ${error.message}\nA closer look: ${look}${isRegistry ? `\nA new registry from what is there: ${mend}` : ''}`
  }
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') return `--port: port ${port} is in use; choose another one with --port`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `--host: this machine has no such address (${error.message})`
  if (code === 'EACCES' || code === 'EROFS') return `not allowed: ${error.message}`
  return code.startsWith('ERR_PARSE_ARGS') ? `${error.message}\n\n${USAGE}` : (error.stack ?? error.message)
}

/**
 * The first signal ends the store in order, within its flush time; a second one at once. So does a mistake that nothing caught: what
 * it left half done in memory is not gone on with.
 */
function endInOrder(store: RunningStore): void {
  let ending = false
  const end = (code: number): void => {
    if (ending) process.exit(1)
    ending = true
    store.close().then(
      () => process.exit(code),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  // SIGHUP: the terminal it was started in was closed.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => end(0))
  process.on('uncaughtException', (error: unknown) => {
    console.error(plainText(`A mistake of the store, which ends now: ${error instanceof Error ? error.stack : error}`))
    end(1)
  })
}

/** What an operator should know before the store is open to others. Throws StartError for what nobody asked for. */
function checkReach(host: string, allowRemote: boolean, tls: Certificate | null): void {
  const days = tls === null ? null : outOfDate(tls.cert, Date.now())
  if (days !== null)
    console.error(`Warning: the certificate is valid from ${days}: browsers and agents will refuse it.`)
  if (isLoopback(host)) return
  if (!allowRemote)
    throw new StartError(
      `--host: ${host} can be reached from other machines. ${tls === null ? `${PLAIN_HTTP} ` : ''}To do it all the same, add --allow-remote.`,
    )
  if (tls === null) console.error(`Warning: ${PLAIN_HTTP}`)
}

async function main(): Promise<void> {
  let port = 0
  let dataDir = ''
  try {
    const { help, allowRemote, certFile, keyFile, ...options } = settings(process.argv.slice(2), process.env)
    port = options.port
    dataDir = options.dataDir
    if (help) return void console.log(USAGE)
    const tls = await readCertificate(certFile, keyFile)
    checkReach(options.host, allowRemote, tls)
    const store = await startStore({ ...options, tls })
    endInOrder(store)
    console.log(`Store: ${store.url}/?token=${store.token}`)
  } catch (error) {
    console.error(explain(error, port, dataDir))
    process.exitCode = 1
  }
}

await main()
