import {
  type Automatic,
  ConfigAnswer,
  ErrorBody,
  Job,
  LogLine,
  Model,
  ModelEvaluation,
  NewToken,
  type Params,
  ProtocolError,
  parse,
  show,
  type TokenScope,
} from '@pawprint/protocol'

export type { NewToken, TokenScope } from '@pawprint/protocol'

/** A call that the store refused, or that did not reach it (status 0, code E_NETWORK). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly detail: ErrorBody

  constructor(status: number, detail: ErrorBody, cause?: unknown) {
    super(detail.message, { cause })
    this.status = status
    this.detail = detail
  }
}

const unanswered = (cause: unknown): ApiError =>
  new ApiError(0, { code: 'E_NETWORK', message: 'The store does not answer. Nothing was changed here.' }, cause)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

async function readError(response: Response): Promise<ApiError> {
  try {
    const body: unknown = await response.json()
    return new ApiError(response.status, parse(ErrorBody, isRecord(body) ? body.error : body))
  } catch (error) {
    // A proxy answers in its own way; the status is all there is.
    return new ApiError(response.status, { code: 'E_HTTP', message: `The store answered ${response.status}.` }, error)
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const unread = (error: unknown): never => {
  throw unanswered(error)
}

/** An answer that is no failure. Throws ApiError. */
async function answerOf(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(unread)
  if (!response.ok) throw await readError(response)
  return response
}

/** JSON from the store; null for an empty answer. Throws ApiError. The cookie of the page says who asks. */
async function call(method: Method, path: string, body?: unknown): Promise<unknown> {
  const init: RequestInit = { method, credentials: 'same-origin' }
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  const text = await (await answerOf(path, init)).text().catch(unread)
  return text === '' ? null : JSON.parse(text)
}

const at = (...parts: string[]): string => `/api/${parts.map(encodeURIComponent).join('/')}`

/** Tries a drop, or an edited field: the store checks it and answers what it changed. Throws ApiError (422: refused). */
export const setConfig = async (notebook: string, config: unknown): Promise<ConfigAnswer> =>
  parse(ConfigAnswer, await call('POST', at('notebooks', notebook, 'config'), config))

export interface Launch {
  readonly notebook: string
  /** The same id again answers the same job, so a call that may have arrived can be repeated. */
  readonly requestId: string
  readonly config?: Params
}
export const launchJob = (launch: Launch): Promise<unknown> => call('POST', '/api/jobs', launch)
export const stopJob = (id: string): Promise<unknown> => call('POST', at('jobs', id, 'stop'))
export const retryJob = (id: string): Promise<unknown> => call('POST', at('jobs', id, 'retry'))
/** To this place in its notebook's queue, 1 = next. Throws ApiError 409 once it has started. */
export const moveJob = (id: string, position: number): Promise<unknown> => call('PATCH', at('jobs', id), { position })
/** Another round for a notebook that counts down to its end. Throws ApiError 409 when it does not any more. */
export const keepNotebook = (name: string): Promise<unknown> => call('POST', at('notebooks', name, 'keep'))
/** Trains on what is in the notebook's folders now; answers the job. Throws ApiError 409 when that cannot be. `initialWeights`: a SHA-1, or `deployed`. */
export const trainNotebook = async (name: string, initialWeights: string | null, requestId: string): Promise<Job> =>
  parse(Job, await call('POST', at('notebooks', name, 'train'), { initialWeights, requestId }))
/** Whether a notebook is trained on new data by itself; null switches that off. */
export const putAutomatic = (name: string, automatic: Automatic | null): Promise<unknown> =>
  automatic === null
    ? call('DELETE', at('notebooks', name, 'automatic'))
    : call('PUT', at('notebooks', name, 'automatic'), automatic)
export const forgetNotebook = (name: string): Promise<unknown> => call('DELETE', at('notebooks', name))
/** Throws ApiError 409 when another deployment came first. */
export const deployModel = (task: string, sha1: string, expectedRevision: number): Promise<unknown> =>
  call('POST', at('tasks', task, 'deployments'), { sha1, expectedRevision })
export const setPin = (task: string, pinned: boolean): Promise<unknown> =>
  call(pinned ? 'PUT' : 'DELETE', at('tasks', task, 'pin'))
/** Puts a new token in the place of a scope's; everyone who came by the old one is cut off. */
export const rotateToken = async (scope: TokenScope): Promise<NewToken> =>
  parse(NewToken, await call('POST', at('tokens', scope, 'rotate')))
export const clearStore = (): Promise<unknown> => call('DELETE', '/api/store', { confirm: 'clear' })

/** Trains a model again; answers the job. Throws ApiError 409 when that cannot be. */
export const reproduceModel = async (sha1: string): Promise<Job> =>
  parse(Job, await call('POST', at('models', sha1, 'reproduce')))

export const getModel = async (sha1: string): Promise<Model> => parse(Model, await call('GET', at('models', sha1)))
export const getEvaluation = async (sha1: string): Promise<ModelEvaluation> =>
  parse(ModelEvaluation, await call('GET', at('models', sha1, 'evaluation')))
export const weightsUrl = (sha1: string): string => at('models', sha1, 'weights')
/** The bytes of a file that was made of a model. Throws ApiError. */
export async function getArtifact(sha1: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await answerOf(artifactUrl(sha1, name), { credentials: 'same-origin' })
  return new Uint8Array(await response.arrayBuffer().catch(unread))
}
export const artifactUrl = (sha1: string, name: string): string => at('models', sha1, 'artifacts', ...name.split('/'))

interface Page<T> {
  readonly items: T[]
  /** Cursor of the next page; null at the end. */
  readonly next: string | null
}

async function pageOf<T>(path: string, read: (item: unknown) => T): Promise<Page<T>> {
  const page = await call('GET', path)
  if (!isRecord(page) || !Array.isArray(page.items))
    throw new ProtocolError('E_MESSAGE', 'items', 'a list of records', show(page))
  return { items: page.items.map(read), next: typeof page.next === 'string' ? page.next : null }
}

/** Log lines after `after`, at most `limit`, oldest first. */
export const getLog = async (job: string, after: number, limit: number): Promise<LogLine[]> =>
  (await pageOf(`${at('jobs', job, 'log')}?after=${after}&limit=${limit}`, (item) => parse(LogLine, item))).items

const OLDER_JOBS = 50
const MODEL_PAGE = 1000

/** The jobs before this number, newest first, at most 50. */
export const getOlderJobs = async (before: number): Promise<Job[]> =>
  (await pageOf(`/api/jobs?after=${before}&limit=${OLDER_JOBS}`, (item) => parse(Job, item))).items

/** The models of these names, page by page from the newest on; those that the store does not have are missing. */
export async function getModels(names: readonly string[]): Promise<Model[]> {
  const wanted = new Set(names)
  const found: Model[] = []
  let cursor = ''
  while (wanted.size > 0) {
    const { items, next } = await pageOf(`/api/models?limit=${MODEL_PAGE}${cursor}`, (item) => parse(Model, item))
    for (const model of items) if (wanted.delete(model.sha1)) found.push(model)
    if (next === null) break
    cursor = `&after=${encodeURIComponent(next)}`
  }
  return found
}

const LOG_PAGE_LINES = 20_000

/** The whole log, page by page. */
export async function getWholeLog(job: string): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for (;;) {
    const page = await getLog(job, lines.at(-1)?.seq ?? 0, LOG_PAGE_LINES)
    lines.push(...page)
    if (page.length === 0) return lines
  }
}

/** Status of a call that needs the same right as the socket; 401 or 403 when this browser has none. */
export const probeRight = async (): Promise<number> =>
  (await fetch('/api/tasks?limit=1', { credentials: 'same-origin' })).status

/** An id that nobody else draws. Works without https, where crypto.randomUUID is missing. */
export const newRequestId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
