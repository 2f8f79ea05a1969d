import type { FromAgent, ToAgent } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { AgentError } from '../errors.ts'
import { TASK } from '../testing/agents.ts'
import { createRegistration } from './registration.ts'

const OFFER = { name: 'bright', task: { ...TASK, classNames: [...TASK.classNames] }, schema: [], engine: 'e' }
const SCHEMA = [{ key: 'EPOCHS', type: 'integer', list: false, min: 1, max: 9, default: 1, about: '' }] as const

function setUp(isAlive = true) {
  const sent: Extract<FromAgent, { type: 'register' }>[] = []
  const told: string[] = []
  let id = 0
  const registration = createRegistration({
    identity: { instance: 'me', host: 'here', pid: 1, cores: 2, slots: 2 },
    nextId: () => `r${++id}`,
    send: (message) => sent.push(message as (typeof sent)[number]) > 0,
    attempts: () => [],
    isAlive: () => isAlive,
    onRegistered: () => undefined,
    tell: (text) => told.push(text),
  })
  const offer = registration.offer({ ...OFFER, schema: SCHEMA })
  offer.catch(() => undefined)
  return { registration, sent, told, offer }
}
const registered = (id: string, name: string): ToAgent => ({ type: 'registered', id, name, config: {}, fenced: [] })
const held = (id: string, host: string, retryAfterMs: number) =>
  ({ type: 'held', id, by: { instance: 'old', host, pid: 7 }, retryAfterMs }) as const

test('the name that the store gave is asked for again after a reconnect', async () => {
  const { registration, sent, offer } = setUp()
  registration.onMessage(registered('r1', 'bright-2'))
  await offer
  registration.onLost()
  expect(registration.isActive).toBe(false)
  registration.onWelcome()
  expect(sent.map(({ name }) => name)).toEqual(['bright', 'bright-2'])
})

test('a dead holder on this machine is replaced at once', () => {
  const { registration, sent, told } = setUp(false)
  registration.onMessage(held('r1', 'here', 41_000))
  expect(sent[1]?.replaces).toBe('old')
  expect(told).toEqual([])
})

test.each([
  ['lives', true, 'here'],
  ['is on another machine', false, 'there'],
])('a holder that %s is waited for, and then asked for again', async (_, isAlive, host) => {
  const { registration, sent, told } = setUp(isAlive)
  registration.onMessage(held('r1', host, 1))
  expect(told).toEqual(['bright is held by an unreachable kernel, taking over in 1 s'])
  while (sent.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(sent[1]).not.toHaveProperty('replaces')
})

test('a refusal rejects the offer, and what was taken before still holds', async () => {
  const { registration, sent, offer } = setUp()
  registration.onMessage(registered('r1', 'bright'))
  await offer
  const second = registration.offer({ ...OFFER, schema: SCHEMA, engine: 'other' })
  registration.onMessage({ type: 'refused', id: 'r2', error: { code: 'E_TASK', message: 'task: another metric' } })
  await expect(second).rejects.toMatchObject({ code: 'E_STORE', got: 'task: another metric' })
  registration.onWelcome()
  expect(sent[2]?.engine).toBe('e')
})

test('an answer to an older question, and other messages, are left to others', () => {
  const { registration } = setUp()
  expect(registration.onMessage(registered('r0', 'x'))).toBe(false)
  expect(registration.onMessage({ type: 'ack', id: 'r1' })).toBe(false)
  expect(registration.name).toBeNull()
})

test('closing rejects an offer that waits', async () => {
  const { registration, offer } = setUp()
  registration.close(new AgentError('E_CLOSED', 'agent', 'an open agent', 'a closed one'))
  await expect(offer).rejects.toMatchObject({ code: 'E_CLOSED' })
})

test('a refusal after a reconnect is told, for nobody waits for it then', async () => {
  const { registration, told, offer } = setUp()
  registration.onMessage(registered('r1', 'bright'))
  await offer
  registration.onLost()
  registration.onWelcome()
  told.length = 0
  registration.onMessage({ type: 'refused', id: 'r2', error: { code: 'E_TASK', message: 'another metric' } })
  expect(told).toEqual([expect.stringContaining('another metric')])
  registration.close(new AgentError('E_CLOSED', 'agent', 'open', 'closed'))
})

test('after the refusal of another name, the name that was given is still the one', async () => {
  const { registration, offer } = setUp()
  registration.onMessage(registered('r1', 'bright-2'))
  await offer
  const other = registration.offer({ ...OFFER, name: 'other', schema: SCHEMA })
  registration.onMessage({ type: 'refused', id: 'r2', error: { code: 'E_TASK', message: 'no' } })
  await expect(other).rejects.toThrow('no')
  expect(registration.name).toBe('bright-2')
})
