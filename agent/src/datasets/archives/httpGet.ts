import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import { DatasetError } from '../errors.ts'

export interface GetOptions {
  /** Longest wait for the first answer, connecting and redirects included; milliseconds. */
  readonly connectTimeoutMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Why there was no answer, in words and by the system's code. */
function networkError(url: URL, error: NodeJS.ErrnoException): DatasetError {
  const code = error.code ?? error.message
  const got = /CERT|TLS|SSL/.test(code) ? `no secure connection: ${code}` : `no network: ${code}`
  return new DatasetError('E_NETWORK', url.host, 'a connection', got, { cause: error })
}

/** A body that nobody reads any more may still break; whoever reads it hears of it by reading. */
const ignoreBrokenBody = (): void => undefined

/**
 * One request, its answer's body not yet read, nothing decoded. Node's own client and not fetch, which would unpack a file
 * that a server labels as gzip-encoded, and then neither checksum nor ranges fit.
 */
function requestOnce(url: URL, options: GetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp
    const request = get(
      url,
      { headers: { 'accept-encoding': 'identity', ...options.headers }, agent: false, signal },
      done,
    )
    request.on('error', fail)
  })
}

/**
 * Gets an http or https address, following redirects. The body is the caller's to read or destroy.
 * Throws DatasetError `E_NETWORK` without a connection or an answer in time, `E_ANSWER` for a bad redirect, and the
 * signal's reason when aborted.
 */
export async function httpGet(address: string, options: GetOptions): Promise<IncomingMessage> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), options.connectTimeoutMs)
  const stop = (): void => patience.abort()
  options.signal?.throwIfAborted()
  options.signal?.addEventListener('abort', stop)
  let url = new URL(address)
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const answer = await requestOnce(url, options, patience.signal)
      const to = answer.headers.location
      answer.on('error', ignoreBrokenBody)
      if (!REDIRECTS.has(answer.statusCode ?? 0) || to === undefined) return answer
      answer.destroy()
      if (!URL.canParse(to, url.href) || !/^https?:$/.test(new URL(to, url).protocol)) {
        throw new DatasetError('E_ANSWER', url.host, 'a redirect to an http address', JSON.stringify(to.slice(0, 200)))
      }
      url = new URL(to, url)
    }
    throw new DatasetError('E_ANSWER', url.host, `at most ${MAX_REDIRECTS} redirects`, 'more')
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof DatasetError) throw error
    if (patience.signal.aborted) {
      const got = `no network: no answer within ${options.connectTimeoutMs / 1000} s`
      throw new DatasetError('E_NETWORK', url.host, 'a connection', got, { cause: error })
    }
    throw networkError(url, error as NodeJS.ErrnoException)
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', stop)
  }
}
