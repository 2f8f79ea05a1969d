import {
  type DataReport,
  type DataViolation,
  MAX_DATA_EXAMPLES,
  MAX_DATA_LINE_LENGTH,
  MAX_DATA_REPORT_LENGTH,
  MAX_DATA_VIOLATIONS,
} from '@pawprint/protocol'
import { type DuplicateGroup, imageName, isAcrossSets, isAmbiguous } from './datasets/duplicates.ts'
import { DatasetError } from './datasets/errors.ts'
import type { Expectation } from './datasets/expectations.ts'
import { type Inspection, inspect, type Spread } from './datasets/inspect.ts'
import { AgentError } from './errors.ts'
import { cutText } from './format.ts'
import type { NotebookDefinition, Task } from './types.ts'

/** Examples of each kind that are tried, until all of it is small enough. */
const EXAMPLES = [MAX_DATA_EXAMPLES, 5, 0] as const

const line = (text: string): string => cutText(text, MAX_DATA_LINE_LENGTH)

/**
 * Inspects the data of a notebook, if it has any, and holds them against its expectations. `report` is null where there is none to show.
 * Throws AgentError E_OPTION for data of other classes than the task's, and for expectations without data.
 */
export async function lookAt(
  { data, expectations = [] }: Pick<NotebookDefinition, 'data' | 'expectations'>,
  { classNames }: Pick<Task, 'classNames'>,
): Promise<{ report: DataReport | null; violations: DataViolation[] }> {
  const odd = expectations.find((expectation) => typeof expectation !== 'function')
  if (odd !== undefined) throw new AgentError('E_OPTION', 'expectations', 'functions of an inspection', typeof odd)
  if (data === undefined) {
    if (expectations.length > 0) throw new AgentError('E_OPTION', 'expectations', 'data beside them', 'none')
    return { report: null, violations: [] }
  }
  // The task's were trimmed on their way.
  const names = data.task.classNames.map((name) => name.trim())
  if (names.length !== classNames.length || names.some((name, i) => name !== classNames[i]))
    throw new AgentError('E_OPTION', 'data', `the classes of the task: ${listed(classNames)}`, listed(names))
  const inspection = await inspect(data)
  const violations = await violationsOf(inspection, expectations)
  return { report: dataReportOf(inspection, violations), violations }
}

const listed = (names: readonly string[]): string => line(names.join(', '))

/** What the store shows of these data, of which fewer examples where names are long; null when those of the classes alone are too long. */
export function dataReportOf(inspection: Inspection, violations: readonly DataViolation[]): DataReport | null {
  for (const examples of EXAMPLES) {
    const report = reportWith(inspection, violations, examples)
    if (JSON.stringify(report).length <= MAX_DATA_REPORT_LENGTH) return report
  }
  return null
}

/** The expectations that these data do not meet, in order, at most 32. Rejects with what an expectation throws that is no Error. */
export async function violationsOf(
  inspection: Inspection,
  expectations: readonly Expectation[],
): Promise<DataViolation[]> {
  const violations: DataViolation[] = []
  for (const expectation of expectations) {
    try {
      await expectation(inspection)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      violations.push(violationOf(error))
    }
  }
  return violations.slice(0, MAX_DATA_VIOLATIONS)
}

function violationOf(error: Error): DataViolation {
  if (!(error instanceof DatasetError)) return { message: line(error.message) }
  const { at, expected, got, advice } = error
  const message = line(`${at}: expected ${expected}, got ${got}`)
  return advice === undefined ? { message } : { message, advice: line(advice) }
}

/** A violation as one text, for a log and a notebook. */
export const violationText = ({ message, advice }: DataViolation): string =>
  advice === undefined ? message : `${message}. ${advice}`

function reportWith(
  { classNames, imageSize, counts, duplicates, broken, pictures, channels }: Inspection,
  violations: readonly DataViolation[],
  examples: number,
): DataReport {
  const found = (lines: readonly string[]) => ({ count: lines.length, examples: lines.slice(0, examples).map(line) })
  const groups = (isOne: (group: DuplicateGroup) => boolean) =>
    found(duplicates.filter(isOne).map((group) => group.map(imageName).join(' = ')))
  const spread = (numbers: Spread) => ({ ...numbers })
  return {
    classNames: [...classNames],
    imageSize,
    counts: {
      train: [...counts.train.perClass],
      validation: [...counts.validation.perClass],
      test: [...counts.test.perClass],
    },
    duplicates: {
      leaks: groups(isAcrossSets),
      ambiguous: groups(isAmbiguous),
      others: groups((group) => !isAcrossSets(group) && !isAmbiguous(group)),
    },
    broken: found(broken.map(({ name, reason }) => `${name}: ${reason}`)),
    pictures: pictures && { ...pictures, width: spread(pictures.width), height: spread(pictures.height) },
    channels: channels && { mean: [...channels.mean], std: [...channels.std] },
    violations: [...violations],
  }
}
