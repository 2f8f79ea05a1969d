import type { Deployment, Job, Model } from '@pawprint/protocol'
import type { RunningStore } from '@pawprint/store-server'
import { TEST_TASK } from '../store-server/src/testing/fakeAgent.ts'
import { ask, untilDeath } from './client.ts'
import { type Act, type History, invoke } from './history.ts'
import type { Random } from './random.ts'

/** A person under faults: launches, deploys and pins, and asks again what was not answered. */
export interface Operator {
  /** Works until the store is dead, or for `steps` things. */
  live(store: RunningStore, steps: number): Promise<void>
}

export interface OperatorSettings {
  readonly notebooks: readonly string[]
  readonly random: Random
  readonly history: History
  readonly onAck: () => void
}

const TASK = TEST_TASK.name

export function createOperator(settings: OperatorSettings): Operator {
  const { random } = settings
  const open = new Map<string, string>()
  let requests = 0
  return {
    live: (store, steps) =>
      untilDeath(async () => {
        // The button was clicked, no answer came: the same click again.
        for (const [requestId, notebook] of open) await launch(settings, store, open, requestId, notebook)
        for (let step = 0; step < steps; step++) {
          const kind = random.int(0, 5)
          if (kind < 2 || step === 0)
            await launch(settings, store, open, `request-${++requests}`, random.pick(settings.notebooks))
          else if (kind < 5) await deploy(settings, store)
          else await pin(settings, store)
        }
      }),
  }
}

async function launch(
  { random, history, onAck }: OperatorSettings,
  store: RunningStore,
  open: Map<string, string>,
  requestId: string,
  notebook: string,
): Promise<void> {
  const filters = Array.from({ length: random.int(1, 3) }, (_, i) => i + 1)
  open.set(requestId, notebook)
  const act: Act = { type: 'launch', requestId }
  const entry = invoke(history, act)
  const { status, json, text } = await ask(store, 'POST', '/api/jobs', {
    notebook,
    requestId,
    config: { NUM_FILTERS: filters },
  })
  open.delete(requestId)
  // The kernel had not come yet: there is no such notebook.
  if (status === 404) {
    entry.outcome = 'fail'
    return
  }
  if (status !== 200 && status !== 201) throw new Error(`a launch: ${status} ${text}`)
  const { id }: Job = json
  Object.assign(entry.act, { job: id })
  entry.outcome = 'ok'
  onAck()
}

async function deploy({ random, history, onAck }: OperatorSettings, store: RunningStore): Promise<void> {
  const { items }: { items: Model[] } = (await ask(store, 'GET', '/api/models')).json
  if (items.length === 0) return
  const { sha1 } = random.pick(items)
  const entry = invoke(history, { type: 'deploy', task: TASK, sha1 })
  const { status, json, text } = await ask(store, 'POST', `/api/tasks/${TASK}/deployments`, { sha1 })
  if (status !== 200 && status !== 201) throw new Error(`a deployment: ${status} ${text}`)
  const { revision }: Deployment = json
  Object.assign(entry.act, { revision })
  entry.outcome = 'ok'
  onAck()
}

async function pin({ random, history, onAck }: OperatorSettings, store: RunningStore): Promise<void> {
  const pinned = random.chance(0.4)
  const entry = invoke(history, { type: 'pin', task: TASK, pinned })
  const { status, text } = await ask(store, pinned ? 'PUT' : 'DELETE', `/api/tasks/${TASK}/pin`)
  if (status === 404) entry.outcome = 'fail'
  else if (status !== 200) throw new Error(`a pin: ${status} ${text}`)
  else {
    entry.outcome = 'ok'
    onAck()
  }
}
