import { call, fakeAgent, sha1Of, weightsOf } from './fakeAgent.ts'
import { startTestStore } from './testStore.ts'

/** A store with one notebook, `pets`, and one model, deployed. */
export async function storeWithModel() {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.finish(await agent.next('run'), 1, 0.5)
  return { store, sha1: sha1Of(weightsOf(1)) }
}
