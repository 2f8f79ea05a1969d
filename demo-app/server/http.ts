import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type ErrorBody, MAX_IMAGE_BYTES, type ServedModel, show } from '@pawprint/protocol'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Certificate } from './certificate.ts'
import { DemoError, type DemoErrorCode, errorBodyOf } from './error.ts'
import { isOurHost, isOurOrigin, type Policy } from './gate.ts'
import type { Part } from './picture.ts'
import type { Classifier } from './predict.ts'
import type { Shelf } from './shelf.ts'
import { createTurnstile } from './turnstile.ts'

/** Pictures that may be under way at once, bodies included: at 16 MiB each, half a GiB at most. */
const MAX_PICTURES = 32
/** A picture must have arrived after this long, in ms. */
const REQUEST_TIMEOUT_MS = 30_000

/** No inline script, no inline style, nothing from elsewhere; `blob:` is the picture that the page shows back. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
const HEADERS = {
  'Content-Security-Policy': CSP,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
}

const STATUS: Partial<Record<DemoErrorCode, number>> = {
  E_EMPTY: 400,
  E_BODY: 400,
  E_PART: 400,
  E_TASK_MISSING: 400,
  E_HOST: 403,
  E_ORIGIN: 403,
  E_TASK: 404,
  E_NOT_FOUND: 404,
  E_METHOD: 405,
  E_IMAGE_BYTES: 413,
  E_IMAGE_PIXELS: 413,
  E_IMAGE_TYPE: 415,
  E_IMAGE: 422,
  E_BUSY: 429,
  E_NO_MODEL: 503,
}

export interface HttpOptions {
  readonly shelf: Shelf
  readonly classify: Classifier
  readonly policy: () => Policy
  /** Folder of the built page. */
  readonly page: string
  readonly tls: Certificate | null
  readonly log: (line: string) => void
}

const tooLarge = (got: string): DemoError =>
  new DemoError('E_IMAGE_BYTES', 'picture', `at most ${MAX_IMAGE_BYTES} bytes`, got)

/** The whole body, as it came. Throws DemoError E_IMAGE_BYTES before more than 16 MiB are held. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > MAX_IMAGE_BYTES) throw tooLarge(`${declared}`)
  const coding = request.headers['content-encoding']
  if (coding !== undefined && coding !== 'identity')
    throw new DemoError('E_IMAGE_TYPE', 'Content-Encoding', 'none', coding.slice(0, 40))
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_IMAGE_BYTES) throw tooLarge('more')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** `?part=LEFT,TOP,WIDTH,HEIGHT` in pixels; the whole picture without it. Throws DemoError E_PART. */
function partOf(text: unknown): Part | undefined {
  if (text === undefined) return undefined
  const isPart = typeof text === 'string' && /^\d{1,5},\d{1,5},0*[1-9]\d{0,4},0*[1-9]\d{0,4}$/.test(text)
  if (!isPart) throw new DemoError('E_PART', 'part', 'LEFT,TOP,WIDTH,HEIGHT in pixels', show(text))
  const [left, top, width, height] = text.split(',').map(Number) as [number, number, number, number]
  return { left, top, width, height }
}

function answerError(error: unknown, response: Response, log: (line: string) => void): void {
  const status = error instanceof DemoError ? (STATUS[error.code] ?? 500) : 500
  const known = error instanceof DemoError
  if (!known) log(`A request failed: ${error instanceof Error ? error.stack : String(error)}`)
  const body: ErrorBody = known ? errorBodyOf(error, 'E_INTERNAL') : { code: 'E_INTERNAL', message: 'The demo failed.' }
  if (response.headersSent) {
    response.destroy()
    return
  }
  // What is left of a body is not read.
  if (status === 413 || status === 429) response.setHeader('Connection', 'close')
  if (status === 429 || status === 503) response.setHeader('Retry-After', '1')
  response.status(status).json({ error: body })
}

const methodNotAllowed = (allowed: string) => (request: Request, response: Response) => {
  response.setHeader('Allow', allowed)
  throw new DemoError('E_METHOD', request.path, allowed, request.method)
}

/** In front of every route: headers, Host, and Origin wherever work is asked for. */
const guard = (policy: () => Policy) => (request: Request, response: Response, next: NextFunction) => {
  const { host, origin } = request.headers
  response.set(HEADERS)
  if (!isOurHost(policy(), host))
    throw new DemoError('E_HOST', 'Host', 'the address that the demo was started with', `${host}`)
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isOurOrigin(policy(), origin))
    throw new DemoError('E_ORIGIN', 'Origin', "the demo's own page", `${origin}`)
  if (request.path.startsWith('/api/')) response.set('Cache-Control', 'no-store')
  next()
}

const servedModels = (shelf: Shelf): ServedModel[] =>
  shelf.tasks().flatMap(({ served }) => {
    if (served === null) return []
    const { task, sha1, classNames, testAccuracy, deployedAt } = served
    return [{ task, sha1, classNames, testAccuracy, deployedAt }]
  })

/** The page's files: built ones carry a hash of their bytes in their name and never change. */
function serveFiles(app: Express, page: string): void {
  app.use('/assets', express.static(`${page}/assets`, { immutable: true, maxAge: '1y', index: false, redirect: false }))
  const setHeaders = (response: ServerResponse) => void response.setHeader('Cache-Control', 'no-cache')
  app.use(express.static(page, { cacheControl: false, setHeaders }))
}

/** The demo's HTTP side, not yet listening. Everything is open; what is checked is Host, Origin, and every byte that comes in. */
export function createHttp(options: HttpOptions): Server {
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }
  const app = createApp(options)
  if (options.tls === null) return createPlainServer(limits, app)
  return createTlsServer({ ...limits, ...options.tls, handshakeTimeout: REQUEST_TIMEOUT_MS }, app)
}

/** What it answers; its routes are what the router says. */
export function createApp({ shelf, classify, policy, page, log }: Omit<HttpOptions, 'tls'>): Express {
  const app = express()
  const admitted = createTurnstile(MAX_PICTURES, 0)
  app.disable('x-powered-by')
  app.use(guard(policy))
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }))
  app.get('/api/current', (_request, response) => void response.json({ items: servedModels(shelf), next: null }))
  app.post('/api/predict', async (request, response) => {
    const { task } = request.query
    const part = partOf(request.query.part)
    if (task !== undefined && typeof task !== 'string') throw new DemoError('E_TASK', 'task', 'one name', 'several')
    response.json(await admitted.pass(async () => classify(task, await readBody(request), part)))
  })
  app.all('/healthz', methodNotAllowed('GET'))
  app.all('/api/current', methodNotAllowed('GET'))
  app.all('/api/predict', methodNotAllowed('POST'))
  serveFiles(app, page)
  app.use((request) => {
    throw new DemoError('E_NOT_FOUND', 'path', 'a path of the demo', request.path.slice(0, 100))
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    answerError(error, response, log),
  )
  return app
}
