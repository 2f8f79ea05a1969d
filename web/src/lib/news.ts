import { isFinal, shortSha1 } from '@pawprint/protocol'
import type { PageState, RecordMessage } from './state.ts'

/** What a change means in a sentence for people who do not see it; null when it is not worth one. */
export function changeOf(before: PageState, message: RecordMessage): string | null {
  switch (message.type) {
    case 'job': {
      const was = before.jobs.find(({ id }) => id === message.job.id)
      if (was === undefined || was.state === message.job.state || !isFinal(message.job.state)) return null
      return `Job ${message.job.number}: ${message.job.state}.`
    }
    case 'task': {
      const was = before.tasks.find(({ name }) => name === message.task.name)?.current
      const { current, name } = message.task
      if (current === null || current.revision === was?.revision) return null
      return `${shortSha1(current.sha1)} is deployed for ${name}.`
    }
    case 'notebook': {
      const was = before.notebooks.find(({ name }) => name === message.notebook.name)
      if (was?.state === message.notebook.state) return null
      if (was === undefined) return `Notebook ${message.notebook.name} registered.`
      return message.notebook.state === 'unreachable' ? `Notebook ${message.notebook.name} is unreachable.` : null
    }
    case 'cleared':
      return 'The store was cleared.'
    default:
      return null
  }
}
