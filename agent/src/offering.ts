import { usualEngine } from '@pawprint/engine'
import { fieldsOf, parse, Task } from '@pawprint/protocol'
import { AgentError } from './errors.ts'
import type { NotebookDefinition } from './types.ts'
import type { Offer } from './wire/registration.ts'

/** Throws AgentError E_TRAIN unless there is a train function, and data where that takes some. */
export function requireTrain({ train, data }: Pick<NotebookDefinition, 'train' | 'data'>): void {
  if (typeof train !== 'function')
    throw new AgentError('E_TRAIN', 'train', 'an async function of a trial', typeof train)
  if (train.length > 1 && data === undefined)
    throw new AgentError('E_TRAIN', 'data', 'the data set that train is to be given', 'none')
}

/** What the store is offered of a notebook, with these classes. Throws ProtocolError, AgentError E_TRAIN. */
export function offerOf(notebook: NotebookDefinition, classNames = notebook.task.classNames): Offer {
  const schema = fieldsOf(notebook.hyperparameters)
  const task = parse(Task, { ...notebook.task, classNames })
  requireTrain(notebook)
  return { name: notebook.name, task, schema, engine: usualEngine() }
}
