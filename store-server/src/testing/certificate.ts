import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Certificate } from '../http/certificate.ts'

export interface CertificateFiles extends Certificate {
  readonly certFile: string
  readonly keyFile: string
}

/** A self-made certificate for these names, as `subjectAltName` takes them (`DNS:localhost,IP:127.0.0.1`); gone after the test. */
export async function makeCertificate(names: string): Promise<CertificateFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-tls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  // Node signs no certificates.
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-days', '2', '-subj', '/CN=pawprint test', '-addext', `subjectAltName=${names}`]
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, '-out', certFile, '-keyout', keyFile])
  return { certFile, keyFile, cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') }
}
