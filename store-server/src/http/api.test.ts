import { expect, test } from 'vitest'
import { call, fakeAgent } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

async function withNotebook() {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  return { store, agent }
}

test('a dropped config changes the values for everybody, names unknown keys, and can be undone', async () => {
  const { store, agent } = await withNotebook()
  const page = await openTestPage(store)
  const before = (await call(store, 'GET', '/api/notebooks/pets')).json
  const answer = await call(store, 'POST', '/api/notebooks/pets/config', {
    EPOCHS: 5,
    EPOCS: 9,
    NUM_FILTERS: [8, 16, 8],
  })
  expect(answer).toMatchObject({
    status: 200,
    json: {
      config: { EPOCHS: 5, NUM_FILTERS: [8, 16] },
      changed: ['EPOCHS', 'NUM_FILTERS'],
      ignored: ['EPOCS'],
      trials: 2,
    },
  })
  expect(await agent.next('config')).toMatchObject({ config: { EPOCHS: 5 } })
  const { notebook } = await page.next('notebook', (message) => message.notebook.config.EPOCHS === 5)
  expect(notebook.previousConfig).toEqual(before.config)
  const undone = await call(store, 'POST', '/api/notebooks/pets/config', notebook.previousConfig)
  expect(undone.json).toMatchObject({ config: before.config, changed: ['EPOCHS', 'NUM_FILTERS'] })
  expect((await call(store, 'GET', '/api/notebooks/pets')).json.previousConfig).toMatchObject({ EPOCHS: 5 })
})

test.each([
  [{ EPOCHS: 'ten' }, 422, { code: 'E_CONFIG', at: 'EPOCHS', expected: 'an integer from 1 to 10000', got: '"ten"' }],
  [{ EPOCHS: 5, LEARNING_RATE: [0.1, -1] }, 422, { code: 'E_CONFIG', at: 'LEARNING_RATE[1]' }],
  [[1], 422, { code: 'E_CONFIG' }],
  [null, 422, { code: 'E_CONFIG' }],
])('a config %j is refused and changes nothing', async (config, status, error) => {
  const { store } = await withNotebook()
  const before = (await call(store, 'GET', '/api/notebooks/pets')).json
  expect(await call(store, 'POST', '/api/notebooks/pets/config', config)).toMatchObject({ status, json: { error } })
  expect((await call(store, 'GET', '/api/notebooks/pets')).json).toEqual(before)
})

test.each([
  ['no content type', 'POST', '/api/jobs', '{}', {}, 415, 'E_MEDIA'],
  [
    'a form',
    'POST',
    '/api/jobs',
    'notebook=pets',
    { 'content-type': 'application/x-www-form-urlencoded' },
    415,
    'E_MEDIA',
  ],
  [
    'packed JSON',
    'POST',
    '/api/jobs',
    '{}',
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    415,
    'E_MEDIA',
  ],
  ['no JSON', 'POST', '/api/jobs', '{', { 'content-type': 'application/json' }, 400, 'E_JSON'],
  ['deep JSON', 'POST', '/api/jobs', '['.repeat(40), { 'content-type': 'application/json' }, 400, 'E_JSON'],
  ['a prototype key', 'POST', '/api/jobs', '{"__proto__":{}}', { 'content-type': 'application/json' }, 400, 'E_JSON'],
  [
    'more than 1 MiB',
    'POST',
    '/api/jobs',
    `"${'x'.repeat(1024 * 1024)}"`,
    { 'content-type': 'application/json' },
    413,
    'E_BODY',
  ],
  [
    'an unknown notebook',
    'POST',
    '/api/jobs',
    '{"notebook":"cats"}',
    { 'content-type': 'application/json' },
    404,
    'E_NOT_FOUND',
  ],
  ['a missing field', 'POST', '/api/jobs', '{}', { 'content-type': 'application/json' }, 422, 'E_MESSAGE'],
  ['an unknown job', 'GET', '/api/jobs/nobody', null, {}, 404, 'E_NOT_FOUND'],
  ['a limit of words', 'GET', '/api/jobs?limit=many', null, {}, 400, 'E_QUERY'],
  ['a limit of nothing', 'GET', '/api/jobs?limit=0', null, {}, 400, 'E_QUERY'],
  ['a limit of no notebooks', 'GET', '/api/notebooks?limit=0', null, {}, 400, 'E_QUERY'],
  ['a limit above the most', 'GET', '/api/jobs?limit=1001', null, {}, 400, 'E_QUERY'],
  ['a signed cursor', 'GET', '/api/jobs?after=-1', null, {}, 400, 'E_QUERY'],
  ['a path that cannot be decoded', 'GET', '/api/notebooks/%E0%A4', null, {}, 400, 'E_QUERY'],
  ['a path that climbs', 'GET', '/api/models/..%2f..%2ftoken/weights', null, {}, 422, 'E_MESSAGE'],
  ['an unknown upload', 'GET', '/api/uploads/..%2ftoken', null, {}, 404, null],
  ['weights that are not here', 'GET', `/api/models/${'a'.repeat(40)}/weights`, null, {}, 404, 'E_NOT_FOUND'],
  ['clearing without a word', 'DELETE', '/api/store', '{}', { 'content-type': 'application/json' }, 422, 'E_MESSAGE'],
])('%s is refused', async (_, method, path, body, headers, status, code) => {
  const { store } = await withNotebook()
  const response = await fetch(`${store.url}${path}`, {
    method,
    body: body === null ? null : Buffer.from(body),
    headers: { authorization: `Bearer ${store.token}`, ...headers },
  })
  expect(response.status).toBe(status)
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  if (code !== null) expect(error.code).toBe(code)
  expect(error.message).not.toContain('    at ')
})

test('the same request id launches once, and of another notebook it is refused', async () => {
  const { store, agent } = await withNotebook()
  const second = await fakeAgent(store)
  await second.join('dogs')
  const request = { notebook: 'pets', requestId: 'r1' }
  const answers = await Promise.all([
    call(store, 'POST', '/api/jobs', request),
    call(store, 'POST', '/api/jobs', request),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 201])
  expect(answers[0]?.json.id).toBe(answers[1]?.json.id)
  expect((await call(store, 'GET', '/api/jobs')).json.items).toHaveLength(1)
  expect(await call(store, 'POST', '/api/jobs', { ...request, notebook: 'dogs' })).toMatchObject({
    status: 409,
    json: { error: { code: 'E_REQUEST_ID' } },
  })
  await agent.next('run')
})

test('a job may bring values of its own, draws a seed unless it has one, and leaves the notebook’s values alone', async () => {
  const { store, agent } = await withNotebook()
  const drawn = (await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).json
  const own = (await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { SEED: 0, EPOCHS: 2 } })).json
  expect(Number.isInteger(drawn.seed)).toBe(true)
  expect(own).toMatchObject({ seed: 0, config: { EPOCHS: 2, SEED: 0 }, number: 2 })
  expect((await call(store, 'GET', '/api/notebooks/pets')).json.config).toMatchObject({ EPOCHS: 1, SEED: null })
  expect(await agent.next('run')).toMatchObject({ seed: drawn.seed })
})

test('lists come newest first, page by page', async () => {
  const { store, agent } = await withNotebook()
  for (let i = 0; i < 5; i++) await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.next('run')
  const numbers: number[] = []
  let next: string | null = ''
  while (next !== null) {
    const page: { items: { number: number }[]; next: string | null } = (
      await call(store, 'GET', `/api/jobs?limit=2${next === '' ? '' : `&after=${next}`}`)
    ).json
    numbers.push(...page.items.map(({ number }) => number))
    next = page.next
  }
  expect(numbers).toEqual([5, 4, 3, 2, 1])
})

test('a queued job can be moved, a running one cannot', async () => {
  const { store, agent } = await withNotebook()
  const ids: string[] = []
  for (let i = 0; i < 4; i++) ids.push((await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).json.id)
  await agent.next('run')
  expect((await call(store, 'PATCH', `/api/jobs/${ids[3]}`, { position: 1 })).json).toMatchObject({ position: 1 })
  expect((await call(store, 'GET', `/api/jobs/${ids[1]}`)).json).toMatchObject({ position: 2 })
  expect((await call(store, 'PATCH', `/api/jobs/${ids[0]}`, { position: 1 })).status).toBe(409)
  expect((await call(store, 'PATCH', `/api/jobs/${ids[1]}`, { position: 0 })).status).toBe(422)
})
