import { type CurrentModel, type Deployment, type Model, shortSha1, type Verdict } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import {
  type Candidate,
  incumbentOf,
  isDeclined,
  type Judgement,
  judge,
  undeployable,
  verdictOfCurrent,
  verdictOfFormer,
} from '../core/promotion.ts'
import { currentOf, type ModelRecord, type TaskRecord } from '../core/records.ts'
import { shownToDemos } from '../core/shown.ts'
import { failpoint } from '../storage/failpoint.ts'
import { changeModels, DOCUMENTS, markWeights, saveRegistry } from './changes.ts'
import { type Store, timeOf } from './context.ts'

/** Decisions about one task happen one after another under this key of the store's lock. */
export const lockOf = (task: string): string => `task ${task}`

export function taskOf(store: Store, name: string): TaskRecord {
  const record = store.tasks.get(name)
  if (!record) throw new StoreError('E_NOT_FOUND', 'task', 'a known task', name)
  return record
}

export function modelOf(store: Store, sha1: string): ModelRecord {
  const record = store.models.get(sha1)
  if (!record) throw new StoreError('E_NOT_FOUND', 'model', 'a known model', sha1)
  return record
}

const lookUp = (store: Store) => (sha1: string) => store.models.get(sha1)?.model

/** The model that a candidate of this task has to beat, as things stand. */
export const incumbentNow = (store: Store, task: string): Model | null =>
  incumbentOf(taskOf(store, task).deployments, lookUp(store))

/** Whether these weights are deployed by themselves, as things stand. Call it under the task's lock, and act before you leave. */
export function judgeNow(store: Store, task: string, sha1: string, candidate: Candidate): Judgement {
  const record = taskOf(store, task)
  return judge(candidate, {
    task: record.task,
    pinned: record.pinned,
    incumbent: incumbentNow(store, task),
    isCurrent: currentOf(record)?.sha1 === sha1,
    declined: isDeclined(record.deployments, sha1),
  })
}

/** All that a demo needs of the current deployment; null when there is none. */
export async function currentModel(store: Store, task: string): Promise<CurrentModel | null> {
  const record = store.tasks.get(task)
  const deployment = record && currentOf(record)
  const model = deployment && store.models.get(deployment.sha1)?.model
  if (!record || !deployment || !model) return null
  const { topology } = await readDetails(store, deployment.sha1)
  return { deployment, task: record.task, model: shownToDemos(model), topology }
}

/** Topology and evaluation of a model, and the set that it was evaluated on, as its agent reported them; null where there is none. */
export async function readDetails(
  store: Store,
  sha1: string,
): Promise<Record<'topology' | 'evaluation' | 'testSet', unknown>> {
  const document = await store.storage.documents.read(DOCUMENTS.details(sha1))
  const { topology = null, evaluation = null, testSet = null } = (document ?? {}) as Record<string, unknown>
  return { topology, evaluation, testSet }
}

/**
 * Moves the pointer: appends to the task's history, which is the moment it counts, then tells both models what they are now.
 * Only under the task's lock; the model is on disk already.
 */
export async function appendDeployment(
  store: Store,
  task: string,
  model: Model,
  by: Deployment['by'],
  reason: string,
): Promise<Deployment> {
  const before = taskOf(store, task)
  const revision = before.deployments.length + 1
  const deployment: Deployment = { task, revision, sha1: model.sha1, at: timeOf(store), by, reason }
  failpoint('deploy.beforeLog')
  await store.storage.logs.append(DOCUMENTS.deployments(task), [deployment])
  failpoint('deploy.afterLog')
  const present = taskOf(store, task)
  store.tasks.set(task, { ...present, deployments: [...present.deployments, deployment] })
  const formerSha1 = currentOf(before)?.sha1
  const former = formerSha1 === model.sha1 ? undefined : store.models.get(formerSha1 ?? '')
  const next = store.models.get(model.sha1)
  const changed: ModelRecord[] = []
  // A model that never loaded goes on saying so.
  if (former && next && former.model.verdict.code !== 'failed-to-load')
    changed.push(withVerdict(former, verdictOfFormer(former, next, deployment)))
  if (next) changed.push(withVerdict(next, verdictOfCurrent(deployment)))
  try {
    await changeModels(store, changed)
  } finally {
    failpoint('deploy.beforeShown')
    // It counts already. Verdicts that a full disk kept from being written are put right at the next start.
    store.hub.publish({ type: 'deployment', task, revision })
    store.hub.publish({ type: 'task', name: task })
    await showCurrent(store, task)
  }
  return deployment
}

/** Puts the demo's file in line with the registry. It is derived: when that fails, the deployment stands all the same. */
export async function showCurrent(store: Store, task: string): Promise<void> {
  try {
    await store.writeCurrent(task, await currentModel(store, task))
  } catch (error) {
    store.world.report(
      `current.json of ${task} could not be written: ${error instanceof Error ? error.message : error}`,
    )
  }
}

export const withVerdict = (record: ModelRecord, verdict: Verdict): ModelRecord => ({
  ...record,
  model: { ...record.model, verdict },
})

/**
 * A person chooses what serves. Choosing what serves already changes nothing. Throws StoreError E_NOT_FOUND, E_UNDEPLOYABLE,
 * or E_REVISION when `expectedRevision` is not the present one.
 */
export function deployByHand(
  store: Store,
  task: string,
  sha1: string,
  expectedRevision?: number,
): Promise<{ deployment: Deployment; created: boolean }> {
  return store.lock(lockOf(task), async () => {
    const record = taskOf(store, task)
    const revision = record.deployments.length
    if (expectedRevision !== undefined && expectedRevision !== revision)
      throw new StoreError('E_REVISION', 'expectedRevision', `${revision}`, `${expectedRevision}`)
    const { model } = modelOf(store, sha1)
    if (model.task !== task) throw new StoreError('E_NOT_FOUND', 'sha1', `a model of ${task}`, `one of ${model.task}`)
    const current = currentOf(record)
    if (current?.sha1 === sha1) return { deployment: current, created: false }
    const problem = undeployable(model)
    if (problem) throw new StoreError('E_UNDEPLOYABLE', `model ${shortSha1(sha1)}`, 'a model that can serve', problem)
    const blob = await store.storage.blobs.claim(model.sha1)
    await markWeights(store, model.sha1, blob !== null)
    if (!blob) throw new StoreError('E_UNDEPLOYABLE', `model ${shortSha1(sha1)}`, 'weights that are intact', 'none')
    const deployment = await appendDeployment(store, task, model, 'person', 'chosen by a person')
    return { deployment, created: true }
  })
}

/** Pinned: nothing is deployed by itself until a person unpins. */
export function pin(store: Store, task: string, pinned: boolean): Promise<TaskRecord> {
  return store.lock(lockOf(task), async () => {
    const before = taskOf(store, task)
    store.tasks.set(task, { ...before, pinned })
    try {
      await saveRegistry(store)
    } catch (error) {
      store.tasks.set(task, { ...taskOf(store, task), pinned: before.pinned })
      throw error
    }
    store.hub.publish({ type: 'task', name: task })
    return taskOf(store, task)
  })
}
