import type { FromDemo } from '@pawprint/protocol'
import { currentOf } from '../core/records.ts'
import { changeModels } from './changes.ts'
import { type DemoLink, type Store, timeOf } from './context.ts'
import { lockOf, withVerdict } from './deploying.ts'

type Serving = Extract<FromDemo, { type: 'serving' }>

const tellTasks = (store: Store): void => {
  for (const name of store.tasks.keys()) store.hub.publish({ type: 'task', name })
}

export function joinDemo(store: Store, demo: DemoLink): void {
  store.demos.add(demo)
  tellTasks(store)
}

export function leaveDemo(store: Store, demo: DemoLink): void {
  store.demos.delete(demo)
  if (!store.closing) tellTasks(store)
}

/**
 * What a demo serves of a task. The first time a model serves is noted; a deployed model that a demo could not load, and that
 * never served, says so from then on and cannot be deployed.
 */
export async function noteServing(store: Store, demo: DemoLink, report: Serving): Promise<void> {
  const { task, sha1, error } = report
  demo.serving.set(task, { sha1, error })
  await store.lock(lockOf(task), async () => {
    const record = store.tasks.get(task)
    const served = store.models.get(sha1 ?? '')
    if (served && !served.served) await changeModels(store, [{ ...served, served: true }])
    // The error names the weights that failed where it can; a report may cross a newer deployment on its way.
    const failedSha1 = error && /^[0-9a-f]{40}$/.test(error.at ?? '') ? error.at : record && currentOf(record)?.sha1
    const failed = error && failedSha1 !== sha1 ? store.models.get(failedSha1 ?? '') : undefined
    // Only what a demo was given can fail there: a report must not spoil other models.
    const wasDeployed = record?.deployments.some((deployment) => deployment.sha1 === failedSha1)
    if (error && failed && !failed.served && wasDeployed) {
      const verdict = {
        deployed: false,
        code: 'failed-to-load',
        reason: error.message.slice(0, 1000),
        at: timeOf(store),
      } as const
      await changeModels(store, [withVerdict(failed, verdict)])
    }
  })
  store.hub.publish({ type: 'task', name: task })
}
