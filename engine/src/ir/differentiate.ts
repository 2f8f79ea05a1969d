import { avgPoolRules } from './avgpool.ts'
import { convRules } from './conv.ts'
import { depthwiseRules } from './depthwise.ts'
import { elementwiseRules, plus } from './elementwise.ts'
import type { Graph, Node, Op, Rule, Rules, Value } from './graph.ts'
import { linearRules } from './linear.ts'
import { lossRules } from './loss.ts'
import { poolRules } from './pool.ts'
import { rowRules } from './rows.ts'
import { shapeRules } from './shape.ts'

/** The gradient rule of every op. */
const rules: Rules<Op> = {
  ...shapeRules,
  ...elementwiseRules,
  ...linearRules,
  ...convRules,
  ...depthwiseRules,
  ...poolRules,
  ...avgPoolRules,
  ...rowRules,
  ...lossRules,
}

/**
 * Appends the gradients of `output` with respect to `parameters`, by reverse-mode differentiation; `seed` is the gradient of
 * `output` itself. Values that no parameter reaches get none: the images, above all.
 */
export function differentiate(g: Graph, output: Value, seed: Value, parameters: readonly Value[]): Value[] {
  const forward = [...g.nodes]
  const isNeeded = reachedFrom(forward, parameters)
  const gradients = new Map<Value, Value>([[output, seed]])
  for (const node of forward.toReversed()) {
    const dy = gradients.get(node.output)
    if (dy === undefined || !node.inputs.some((value) => isNeeded.has(value))) continue
    const closed = g.closedForms.get(node.output)
    const makers = closed === undefined ? ruleOf(node)(g, node, dy) : closed.gradients(dy)
    const inputs = closed?.inputs ?? node.inputs
    inputs.forEach((value, i) => {
      const make = makers[i]
      if (!make || !isNeeded.has(value)) return
      const before = gradients.get(value)
      gradients.set(value, before === undefined ? make() : plus(g, before, make()))
    })
  }
  return parameters.map((parameter) => {
    const gradient = gradients.get(parameter)
    if (gradient === undefined) throw new Error(`the output does not depend on value ${parameter.id}`)
    return gradient
  })
}

function reachedFrom(nodes: readonly Node[], parameters: readonly Value[]): ReadonlySet<Value> {
  const reached = new Set(parameters)
  for (const node of nodes) if (node.inputs.some((value) => reached.has(value))) reached.add(node.output)
  return reached
}

function ruleOf(node: Node): Rule<Op> {
  // The table is keyed by `op.type`, so the rule found takes this node's op; TypeScript cannot follow that link.
  const rule = rules[node.op.type] as Rule<Op> | null
  if (rule === null) throw new Error(`${node.op.type} has no gradient rule`)
  return rule
}
