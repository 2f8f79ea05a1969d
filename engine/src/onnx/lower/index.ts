import type { Node, Op, PerOp } from '../../ir/graph.ts'
import type { Lower, Lowering } from '../lowering.ts'
import { avgPoolLowers } from './avgpool.ts'
import { convLowers } from './conv.ts'
import { depthwiseLowers } from './depthwise.ts'
import { elementwiseLowers } from './elementwise.ts'
import { linearLowers } from './linear.ts'
import { lossLowers } from './loss.ts'
import { poolLowers } from './pool.ts'
import { rowLowers } from './rows.ts'
import { shapeLowers } from './shape.ts'

const lowers: PerOp<Op, unknown> = {
  ...shapeLowers,
  ...elementwiseLowers,
  ...linearLowers,
  ...convLowers,
  ...depthwiseLowers,
  ...poolLowers,
  ...avgPoolLowers,
  ...rowLowers,
  ...lossLowers,
}

/** Emits all nodes. Inputs must have been put before. */
export function lowerNodes(l: Lowering, nodes: readonly Node[]): void {
  for (const node of nodes) {
    // The table is keyed by `op.type`, so the entry found takes this node's op; TypeScript cannot follow that link.
    const lower = lowers[node.op.type] as Lower<Op>
    if (!l.tensors.has(node.output)) lower(l, node)
  }
}
