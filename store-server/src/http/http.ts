import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import express, { type Express, type Request, type Response } from 'express'
import type { Rule, Scope } from '../core/gate.ts'
import type { Access } from '../service/access.ts'
import { failureOf, securityHeaders } from './answers.ts'
import { bodyOf } from './body.ts'
import { addressOf, type Gatekeeper } from './gatekeeper.ts'
import type { ApiAnswer, ApiRequest, Route } from './route.ts'

/** What is served to everyone: the page holds no data until its token opens the API. */
export const STATIC_RULES: readonly Rule[] = [
  { method: 'GET', path: '/', scope: 'open' },
  { method: 'GET', path: '/favicon.svg', scope: 'open' },
  { method: 'GET', path: '/favicon.ico', scope: 'open' },
  { method: 'GET', path: '/assets/:file', scope: 'open' },
]

const YEAR_S = 365 * 24 * 60 * 60
const NO_PAGE = 'The page is not built. The API is under /api.\n'

export interface HttpOptions {
  readonly routes: readonly Route[]
  readonly gatekeeper: Gatekeeper
  readonly access: Access
  /** The Set-Cookie header that lets a browser in. */
  cookieOf(token: string): string
  /** Folder of the built page. */
  readonly webDir: string
  /** Longest wait for the next bytes of a body. */
  readonly bodyIdleMs: number
  report(line: string): void
}

const queryOf = (request: Request): URLSearchParams => new URLSearchParams(request.url.split('?', 2)[1] ?? '')

const requestOf = (request: Request, bodyIdleMs: number): ApiRequest => ({
  method: request.method,
  params: request.params as Record<string, string>,
  query: queryOf(request),
  header: (name) => request.get(name),
  bytes: bodyOf(request, bodyIdleMs),
  address: addressOf(request),
})

async function sendAnswer(answer: ApiAnswer, response: Response): Promise<void> {
  response.status(answer.status).set({ ...answer.headers })
  if ('json' in answer) response.json(answer.json)
  else if ('jsonText' in answer) response.type('json').send(answer.jsonText)
  else if (answer.bytes === null) response.end()
  else await pipeline(answer.bytes, response)
}

/** Answers an error. A body that is still coming is not waited for. */
function sendFailure(
  error: unknown,
  request: IncomingMessage,
  response: Response,
  report: (line: string) => void,
): void {
  const failure = failureOf(error)
  const hasLeft = request.socket.destroyed
  if (failure.status >= 500 && !hasLeft) report(error instanceof Error ? (error.stack ?? error.message) : String(error))
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (!request.complete) response.set('connection', 'close')
  if (failure.status === 429) response.set('retry-after', '60')
  response.status(failure.status).json({ error: failure.error })
}

const handlerOf = (route: Route, { access, bodyIdleMs }: HttpOptions) =>
  async function handle(request: Request, response: Response): Promise<void> {
    const scope: Scope | null = response.locals.scope
    // An upload or a download of a token that was replaced is cut.
    if (scope !== null && !route.outlivesToken)
      response.once(
        'close',
        access.enter(scope, () => request.socket.destroy()),
      )
    await sendAnswer(await route.handle(requestOf(request, bodyIdleMs)), response)
  }

/** The HTTP side: one gate, then the routes, then the page's files; what is left does not exist. */
export function createHttp(options: HttpOptions): Express {
  const { routes, gatekeeper, report } = options
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')
  app.use((request, response, next) => {
    const host = request.headers.host?.toLowerCase() ?? ''
    response.set(securityHeaders(gatekeeper.policy.hosts.has(host) ? host : null))
    response.locals.scope = gatekeeper.pass(request, false)
    next()
  })
  for (const route of routes) {
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'
    app[method](route.path, handlerOf(route, options))
  }
  servePage(app, options)
  app.use((error: unknown, request: Request, response: Response, _next: unknown) =>
    sendFailure(error, request, response, report),
  )
  return app
}

function servePage(app: Express, { gatekeeper, cookieOf, webDir }: HttpOptions): void {
  app.get('/', (request, response) => {
    const token = queryOf(request).get('token')
    if (token !== null) {
      gatekeeper.exchange(token, addressOf(request))
      response.set('set-cookie', cookieOf(token))
      response.redirect(303, '/')
      return
    }
    response.sendFile(join(webDir, 'index.html'), { cacheControl: false }, (error) => {
      if (error && !response.headersSent) response.status(404).type('text/plain').send(NO_PAGE)
    })
  })
  // Vite names these files by their content.
  const files = { index: false, redirect: false, dotfiles: 'ignore', cacheControl: false } as const
  const forEver = (response: Response) => response.set('cache-control', `public, max-age=${YEAR_S}, immutable`)
  app.use('/assets', express.static(join(webDir, 'assets'), { ...files, setHeaders: forEver }))
  app.use(express.static(webDir, files))
  app.use((request, response) => {
    const path = request.url.split('?', 1)[0]?.slice(0, 100)
    response.status(404).json({ error: { code: 'E_NOT_FOUND', message: `no such path: ${path}` } })
  })
}
