// Agents in processes of their own: which certificates Node trusts is decided when it starts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { makeCertificate } from '../../store-server/src/testing/certificate.ts'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'

const AGENT = new URL('../dist/index.js', import.meta.url).href
const PROGRAM = `
  import { connect } from ${JSON.stringify(AGENT)}
  try {
    const agent = await connect(process.env.STORE)
    console.log('welcome')
    await agent.close()
  } catch (error) {
    console.log(error.code, error.message)
  }
`

/** What an agent says that connects to this address and leaves again. */
async function connectTo(url: string, token: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: { ...process.env, STORE: url, PAWPRINT_TOKEN: token, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += String(chunk)
  })
  await once(child, 'close')
  return said.trim()
}

test('an agent reaches wss:// by a certificate that it was told to trust; else it says at once what to do', async () => {
  const tls = await makeCertificate('DNS:localhost')
  const store = await startTestStore({ tls })
  const url = store.url.replace('https', 'wss')
  expect(await connectTo(url, store.agentToken, { NODE_EXTRA_CA_CERTS: tls.certFile })).toBe('welcome')
  const untrusted = await connectTo(url, store.agentToken)
  expect(untrusted).toMatch(/^E_CERTIFICATE https:\/\/localhost:\d+: expected a store that this machine trusts, got /m)
  expect(untrusted).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
  expect(untrusted).toContain('start the kernel with NODE_EXTRA_CA_CERTS=FILE')
  const other = await connectTo(url.replace('localhost', '127.0.0.1'), store.agentToken, {
    NODE_EXTRA_CA_CERTS: tls.certFile,
  })
  expect(other).toMatch(
    /^E_CERTIFICATE .*ERR_TLS_CERT_ALTNAME_INVALID.*: use a name in the address that the certificate is for$/m,
  )
})
