import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Says at its end, by what the system has mapped, whether it has loaded the runtime. */
const WARMS_UP = `
import { readFileSync } from 'node:fs'
import { warmUp } from '@pawprint/engine'
warmUp()
process.on('exit', () => console.log(/libonnxruntime/.test(readFileSync('/proc/self/maps', 'utf8'))))`

test('a process with nothing else to do waits until its thread has loaded the runtime, and ends well', async () => {
  const env = { ...process.env, PAWPRINT_ENGINE: 'onnx' }
  const args = ['--input-type=module', '--eval', WARMS_UP]
  // Rejects when the process ends otherwise than with code 0: one that ends within the loading is aborted.
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, cwd: import.meta.dirname })
  expect(stdout).toBe('true\n')
})
