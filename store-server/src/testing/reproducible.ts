import { call, fakeAgent, sha1Of, weightsOf } from './fakeAgent.ts'
import { startTestStore } from './testStore.ts'

export const SHA1 = sha1Of(weightsOf(1))
export const OTHER = sha1Of(weightsOf(2))
const CONFIG = { LEARNING_RATE: [0.5, 0.25], EPOCHS: 3, SEED: 9 }

/** A model of the second trial of a grid, made by `kernel`. */
export async function withModel(options: Parameters<typeof startTestStore>[0] = {}) {
  const store = await startTestStore(options)
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: CONFIG })
  await agent.finish(await agent.next('run'), 7, 0.4)
  await agent.finish(await agent.next('run'), 1, 0.5)
  const ask = (sha1: string = SHA1) => call(store, 'POST', `/api/models/${sha1}/reproduce`)
  return { store, agent, ask }
}
