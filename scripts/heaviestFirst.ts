import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, longest first: begun last, one of them would run alone at the end. */
const HEAVIEST = [
  'e2e/start.test.ts',
  'e2e/tutorialWalk.test.ts',
  'e2e/jupyter.test.ts',
  'e2e/story.test.ts',
  'notebooks/src/kernel.test.ts',
]

/** The heaviest files first, then those with a process of their own, then those that share one and so start at once. */
export class HeaviestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const weightOf = ({ moduleId, project }: TestSpecification): number => {
      const place = HEAVIEST.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'))
      if (place >= 0) return place - HEAVIEST.length
      return project.config.isolate ? 0 : 1
    }
    return (await super.sort(files)).toSorted((one, two) => weightOf(one) - weightOf(two))
  }
}
