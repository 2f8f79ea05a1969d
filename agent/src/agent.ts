import { warmUp } from '@pawprint/engine'
import type { DataViolation, ToAgent } from '@pawprint/protocol'
import { lookAt, violationText } from './dataReport.ts'
import { AgentError, isFinalError } from './errors.ts'
import { createFolderData, type FolderData, type ReadAnew } from './folderData.ts'
import { createIdle, type Idle, idleMsOf } from './idle.ts'
import { executeAssignment } from './jobs.ts'
import type { Hold } from './keepAlive.ts'
import { offerOf } from './offering.ts'
import { openSession, type Session } from './session.ts'
import { titleOf } from './trial/assignment.ts'
import { Abandoned } from './trial/execute.ts'
import { createRunner, type Runner } from './trial/runner.ts'
import { messageOf } from './trial/thrown.ts'
import type { Agent, NotebookDefinition, Reproduced, ServeOptions } from './types.ts'
import { EMPTY_BOARD, type ViewEvent } from './view/board.ts'
import type { Screen } from './view/screen.ts'
import { attemptKey } from './wire/letters.ts'
import type { World } from './world.ts'

/** An agent, and how it began. */
export interface OpenAgent {
  readonly agent: Agent
  /** Resolves at the first welcome; rejects when the store refuses for good, or on `close`. */
  readonly welcomed: Promise<void>
}

/** A notebook, and which of its expectations its data do not meet. */
interface Offered {
  readonly definition: NotebookDefinition
  readonly violations: readonly DataViolation[]
}

interface State {
  readonly world: World
  readonly session: Session
  readonly runner: Runner
  readonly idle: Idle
  readonly data: FolderData
  offered: Offered | undefined
  screen: Screen | undefined
  over: AgentError | undefined
}

/** Opens the connection; trials run once a notebook is registered and served. */
export function openAgent(world: World): OpenAgent {
  const { keepAlive } = world
  const held: Hold = (promise) => {
    keepAlive.hold()
    return promise.finally(() => keepAlive.release())
  }
  let begin: { resolve: () => void; reject: (error: AgentError) => void } | undefined
  const welcomed = new Promise<void>((resolve, reject) => {
    begin = { resolve, reject }
  })
  const runner = createRunner(world.identity.slots, async (assignment, signal) => {
    // Trials come after a registration, so there is a definition: the one of now, should a cell be run again.
    const { offered } = state
    if (offered === undefined) return
    const context = { ...world, ...session, ...offered, data, show: (event: ViewEvent) => show(state, event) }
    idle.hold()
    await executeAssignment(context, assignment, signal).finally(() => idle.release())
  })
  const session = openSession({
    ...world,
    now: () => new Date(world.wallMs()).toISOString(),
    running: runner.attempts,
    onWelcome: () => begin?.resolve(),
    onStopped: (error) => void end(state, error, begin?.reject),
    onMessage: (message) => onMessage(state, message),
    tell: (text) => show(state, { type: 'notice', text }),
  })
  const idle = createIdle({
    ...world,
    settled: () => session.delivery.settled(),
    tell: (leftMs, afterMs) => session.sendLight({ type: 'idle', leftMs, afterMs }),
    say: (text) => show(state, { type: 'notice', text }),
    onEnd: () => void agent.close(),
  })
  const data = createFolderData({
    say: session.sendLight,
    tell: (text) => show(state, { type: 'notice', text }),
    onRead: (read) => void registerData(state, read),
    times: world.times.watch,
  })
  const state: State = { world, session, runner, idle, data, offered: undefined, screen: undefined, over: undefined }
  const agent = agentOf(state, held, (error) => begin?.reject(error))
  return { agent, welcomed: held(welcomed) }
}

function agentOf(state: State, held: Hold, rejectBegin: (error: AgentError) => void): Agent {
  const { session, runner } = state
  return {
    get name() {
      return session.registration.name
    },
    register: (notebook) => held(register(state, notebook)),
    serve: (options = {}) => serve(state, options),
    reproduce: (sha1) => held(reproduce(state, sha1)),
    stop: () => held(runner.stopAll(new Error('stopped in the notebook'))),
    async close() {
      const closed = new AgentError('E_CLOSED', 'agent', 'an open agent', 'a closed one')
      await held(farewell(state).then(() => end(state, closed, rejectBegin)))
    },
  }
}

function show({ world, screen }: State, event: ViewEvent): void {
  if (screen !== undefined) screen.show(event)
  else if (event.type === 'notice') world.print(event.text)
}

async function register(state: State, notebook: NotebookDefinition): Promise<void> {
  if (state.over !== undefined) throw state.over
  const offer = offerOf(notebook)
  const { report, violations } = await lookAt(notebook, offer.task)
  if (notebook.data !== undefined && report === null)
    show(state, {
      type: 'notice',
      text: 'what was found of the data is too long for the store, and is not shown there',
    })
  for (const violation of violations)
    show(state, { type: 'notice', text: `no job is run with these data: ${violationText(violation)}` })
  const before = state.offered
  state.offered = { definition: notebook, violations }
  try {
    await state.session.registration.offer({ ...offer, ...(report === null ? {} : { data: report }) })
  } catch (error) {
    state.offered = before
    throw error
  }
  state.data.use(notebook)
}

/** Registers the notebook again, whose folders were read anew. No trial waits for it: it goes on without the store, too. */
async function registerData(state: State, { classNames, report }: ReadAnew): Promise<void> {
  if (state.offered === undefined) return
  try {
    const offer = offerOf(state.offered.definition, classNames)
    await state.session.registration.offer({ ...offer, ...(report === null ? {} : { data: report }) })
  } catch (error) {
    show(state, { type: 'notice', text: `the new data are not registered: ${messageOf(error)}` })
  }
}

function serve(state: State, options: ServeOptions): void {
  if (state.over !== undefined) throw state.over
  if (state.offered === undefined)
    throw new AgentError('E_TRAIN', 'serve', 'a registered notebook: agent.register first', 'none')
  const { address, keepAlive, ownsProcess, exitAfterIdle } = state.world
  const idleMs = idleMsOf(options.exitAfterIdle, exitAfterIdle)
  const isFirst = state.screen === undefined
  if (isFirst && ownsProcess) keepAlive.hold()
  // A cell that is run again shows what is under way in its new output.
  const board = state.screen?.close() ?? EMPTY_BOARD
  const heading = (): string => `${state.session.registration.name} at ${address.httpUrl}`
  state.screen = state.world.openScreen(options, heading, board)
  warmUp()
  state.runner.open()
  state.idle.set(idleMs)
  if (isFirst) state.world.onServing('serving')
}

async function reproduce(state: State, sha1: string): Promise<Reproduced> {
  if (state.over !== undefined) throw state.over
  if (state.screen === undefined)
    throw new AgentError('E_TRAIN', 'reproduce', 'a notebook that serves: agent.serve first', 'none')
  return state.session.reproductions.ask(sha1)
}

function onMessage(state: State, message: ToAgent): void {
  if (message.type === 'run') state.runner.run(message)
  else if (message.type === 'stop') state.runner.stop(message, new Error('stopped by a person'))
  else if (message.type === 'verdict') show(state, message)
  else if (message.type === 'keep') state.idle.keep()
  else if (message.type === 'trained') state.data.onTrained(message.data)
  else if (message.type === 'registered') {
    state.idle.report()
    state.data.report()
    // A result that is done is delivered late; what still trains would only be thrown away.
    const reason = new Abandoned('another kernel has taken over', { hasSuccessor: false })
    for (const attempt of message.fenced) if (state.runner.stop(attempt, reason)) dropFenced(state, attempt)
  }
}

function dropFenced(state: State, fenced: Parameters<Runner['stop']>[0]): void {
  for (const attempt of state.session.delivery.attempts())
    if (attemptKey(attempt) === attemptKey(fenced)) state.session.delivery.forget(attempt)
  show(state, { type: 'notice', text: `${titleOf(fenced.trial)} was taken over by another kernel` })
}

async function farewell({ world, session, runner }: State): Promise<void> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, world.times.farewellMs).unref())
  const ended = runner.stopAll(new Abandoned('the notebook was closed', { hasSuccessor: true }))
  const delivered = ended.then(() => (session.registration.isActive ? session.delivery.settled() : undefined))
  await Promise.race([delivered, late])
}

async function end(
  state: State,
  error: AgentError,
  rejectBegin: ((error: AgentError) => void) | undefined,
): Promise<void> {
  if (state.over !== undefined) return
  state.over = error
  state.idle.set(null)
  rejectBegin?.(error)
  if (isFinalError(error)) show(state, { type: 'notice', text: `the agent has stopped: ${error.message}` })
  // What still trains could not be delivered any more.
  void state.runner.stopAll(new Abandoned(error.message, { hasSuccessor: false }))
  state.screen?.close()
  await state.session.close(error)
  await state.data.close()
  if (state.screen !== undefined && state.world.ownsProcess) state.world.keepAlive.release()
  state.world.onServing('closed', error)
}
