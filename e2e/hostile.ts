// A store full of names that try to be markup.
import { TEST_ACCURACY } from '@pawprint/protocol'
import type { FakeAgent, Run } from '../store-server/src/testing/fakeAgent.ts'
import { logRecord, refOf, upload } from '../store-server/src/testing/fakeAgent.ts'
import { wholeDataReport } from './data.ts'
import { thumbnailsOf, uploadSheet, wholeEvaluation } from './evaluation.ts'
import { deliver, launch, SCHEMA, type Stage, sendPoints } from './stage.ts'

export const IMG = '<img src=x onerror="document.title=`ran`">'
export const SCRIPT = '"><script>document.title="ran"</script>'
export const LONG = 'a-name-without-any-place-to-break-it-'.repeat(3)
export const CLASS_NAMES = [IMG, SCRIPT, LONG, 'cat']
const TASK = { name: 'pets', classNames: CLASS_NAMES, metric: TEST_ACCURACY }

export interface Full {
  readonly agent: FakeAgent
  /** The trial that runs. */
  readonly run: Run
  readonly best: string
  readonly worse: string
}

/** Files as a model may have them, with names as long as they may be. */
const filesOf = (stage: Stage) =>
  Promise.all(
    ['model.onnx', 'tfjs/model.json', `tfjs/group1-${'shard'.repeat(10)}.bin`, 'a'.repeat(64)].map(async (name) => ({
      name,
      sha1: await upload(stage.store, Buffer.from(name)),
      sizeBytes: name.length,
    })),
  )

/** Every kind of notebook, job, trial and verdict, under names that hurt pages which do not take them for text. */
export async function fillStage(stage: Stage): Promise<Full> {
  const schema = SCHEMA.map((field) => ({ ...field, about: `${field.about} ${IMG}` }))
  const data = wholeDataReport(CLASS_NAMES, `${IMG} ${LONG}`)
  const over = { task: TASK, schema, engine: `${SCRIPT} cpu`, data }
  const agent = await stage.join(IMG, over)
  const gone = await stage.join(SCRIPT, over)
  gone.send({ type: 'goodbye' })
  await gone.close()
  await (await stage.join(LONG, over)).cut()
  const idle = await stage.join(`${LONG.slice(0, 100)} idle`, over)
  idle.send({ type: 'idle', leftMs: 600_000_000, afterMs: 603_960_000 })
  idle.send({ type: 'data', found: null, problem: `${SCRIPT} ${LONG}: expected a folder, got nothing there` })
  const changes = { added: 10_000, changed: 1000, removed: 1000 }
  const [found, since] = ['a', 'b'].map((digit) => digit.repeat(64))
  agent.send({ type: 'data', found: { data: found, since: null, images: 99_999, leftOut: 1234, changes: null } })

  await launch(stage, IMG, { LEARNING_RATE: [0.0005, 0.001, 0.002], NUM_FILTERS: [16], KERNEL_SIZE: [3, 5] })
  const runs = [agent.next('run'), agent.next('run'), agent.next('run'), agent.next('run')]
  const report = { classNames: CLASS_NAMES, engine: SCRIPT }
  const worse = await deliver(stage, agent, (await runs[0]) as Run, 0.401, report, undefined, { data: since })
  const evaluation = wholeEvaluation(CLASS_NAMES.length)
  const thumbnails = thumbnailsOf(evaluation.confusion ?? [], { was: 1, said: 0 })
  const count = thumbnails.cells.reduce((sum, cell) => sum + cell.count, 0)
  const artifacts = [...(await filesOf(stage)), await uploadSheet(stage.store, count)]
  const best = await deliver(stage, agent, (await runs[1]) as Run, 0.47, {
    ...report,
    artifacts,
    metrics: { testAccuracy: 0.47, testMacroF1: 0.47, testTop5: 1, testAuc: 0.8, testEce: 0.1, latencyMs: 1234.5 },
    evaluation: { ...evaluation, thumbnails },
  })
  await deliver(stage, agent, (await runs[2]) as Run, 0.1, report)
  const failing = (await runs[3]) as Run
  agent.send({ type: 'failed', id: 'failing', ...refOf(failing), reason: `Out of ${IMG} memory`, permanent: true })
  await agent.answer('failing')
  const run = await agent.next('run')
  agent.send({ type: 'data', found: { data, since, images: 99_999, leftOut: 1234, changes } })
  const lines = [IMG, SCRIPT, LONG.repeat(5), 'tab\there \u001b[31mred\u001b[0m', 'and\nmore']
  await agent.answer(agent.records(run, 1, lines.map(logRecord)))
  await sendPoints(agent, run, lines.length + 1, 30)
  await launch(stage, IMG, { EPOCHS: 2 })
  await launch(stage, IMG, { LEARNING_RATE: [0.1, 0.2, 0.3] })
  await stage.api('PUT', '/api/tasks/pets/pin')
  await stage.api('POST', `/api/notebooks/${encodeURIComponent(IMG)}/config`, {
    LEARNING_RATE: [0.0005, 0.001, 0.002, 0.004, 0.008],
  })
  return { agent, run, best, worse }
}
