import { asRecord, type JupyterMessage, textOf } from './jupyter.ts'

/** An output of a cell in nbformat 4.5. */
export type Output =
  | { readonly output_type: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly output_type: 'display_data' | 'execute_result'
      readonly data: Readonly<Record<string, unknown>>
      readonly metadata: Readonly<Record<string, unknown>>
      readonly execution_count?: number | null
    }
  | {
      readonly output_type: 'error'
      readonly ename: string
      readonly evalue: string
      readonly traceback: readonly string[]
    }

/** Outputs of one cell. `displays` tells which output shows a display, by its id. */
export interface CellOutputs {
  readonly outputs: readonly Output[]
  readonly displays: ReadonlyMap<string, number>
}

export const NO_OUTPUTS: CellOutputs = { outputs: [], displays: new Map() }

/** Longest text kept of one stream: a notebook that serves for weeks must stay a file that opens. In UTF-16 units. */
export const MAX_STREAM_LENGTH = 200_000
const CUT = '… earlier lines were cut\n'

/** A cell's outputs after one more message of its kernel; messages that are no output change nothing. */
export function addOutput(cell: CellOutputs, { type, content }: JupyterMessage): CellOutputs {
  const { outputs, displays } = cell
  const displayId = textOf(asRecord(content.transient).display_id)
  const bundle = { data: asRecord(content.data), metadata: asRecord(content.metadata) }
  switch (type) {
    case 'stream':
      return {
        outputs: addStream(outputs, content.name === 'stderr' ? 'stderr' : 'stdout', textOf(content.text)),
        displays,
      }
    case 'display_data':
      return {
        outputs: [...outputs, { output_type: 'display_data', ...bundle }],
        displays: displayId === '' ? displays : new Map([...displays, [displayId, outputs.length]]),
      }
    case 'update_display_data': {
      const place = displays.get(displayId)
      return { outputs: outputs.map((output, i) => (i === place ? { ...output, ...bundle } : output)), displays }
    }
    case 'execute_result': {
      const count = typeof content.execution_count === 'number' ? content.execution_count : null
      return { outputs: [...outputs, { output_type: 'execute_result', ...bundle, execution_count: count }], displays }
    }
    case 'error': {
      const traceback = Array.isArray(content.traceback) ? content.traceback.map(String) : []
      const error = {
        output_type: 'error',
        ename: textOf(content.ename),
        evalue: textOf(content.evalue),
        traceback,
      } as const
      return { outputs: [...outputs, error], displays }
    }
    default:
      return cell
  }
}

function addStream(outputs: readonly Output[], name: 'stdout' | 'stderr', text: string): Output[] {
  const last = outputs.at(-1)
  if (last?.output_type !== 'stream' || last.name !== name) return [...outputs, { output_type: 'stream', name, text }]
  return [...outputs.slice(0, -1), { ...last, text: cutStart(last.text + text) }]
}

function cutStart(text: string): string {
  if (text.length <= MAX_STREAM_LENGTH) return text
  const kept = text.slice(-MAX_STREAM_LENGTH / 2)
  return CUT + kept.slice(kept.indexOf('\n') + 1)
}

/** What a cell said on standard error: where tslab puts its errors. */
export const errorText = ({ outputs }: CellOutputs): string =>
  outputs
    .map((output) => (output.output_type === 'stream' && output.name === 'stderr' ? output.text : ''))
    .join('')
    .trim()

/** The line of an error's text that says what went wrong: `RangeError: too far`, without the code and the stack around it. */
export function headlineOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /^[A-Za-z]*(Error|Exception)\b/.test(line)) ?? lines[0] ?? ''
}
