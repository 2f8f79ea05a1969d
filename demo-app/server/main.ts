import { startDemo } from './app.ts'
import { DemoError } from './error.ts'
import { isLoopback } from './gate.ts'
import { HELP, readOptions } from './options.ts'

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env)
  if (options === null) {
    console.log(HELP)
    return
  }
  const demo = await startDemo(options, { log: (line) => console.error(line), random: Math.random })
  let isEnding = false
  const end = () => {
    if (isEnding) return
    isEnding = true
    demo.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  // Whoever started this process with a channel is gone when the channel closes.
  if (process.connected) process.on('disconnect', end)
  if (!isLoopback(options.host) && options.certFile === null)
    console.error(
      `Not encrypted: others can reach ${options.host}, and plain http can be read on the way. Give it a certificate (--tls-cert, --tls-key).`,
    )
  console.log(`Demo: ${demo.url}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoError ? error.message : error)
  process.exit(1)
})
