import { dims2, operands } from '../../ir/graph.ts'
import type { LossOp } from '../../ir/loss.ts'
import { ELEMENTS, emit, ints } from '../graph.ts'
import { type Lowers, put, view } from '../lowering.ts'

export const lossLowers: Lowers<LossOp> = {
  softmax: (l, { inputs: [x], output }) =>
    put(l, output, emit(l.onnx, 'Softmax', [view(l, x, output.shape)], { axis: -1 })),
  crossEntropy: (l, node) => {
    const [logits, labels] = operands(node)
    const [batch] = dims2(logits.shape)
    const logs = emit(l.onnx, 'LogSoftmax', [view(l, logits, logits.shape)], { axis: -1 })
    const own = emit(l.onnx, 'GatherElements', [logs, view(l, labels, [batch, 1])], { axis: 1 })
    put(l, node.output, emit(l.onnx, 'Neg', [own]), [batch, 1])
  },
  oneHot: (l, { inputs: [labels], output }) => {
    const [batch, classes] = dims2(output.shape)
    const all = ints(
      l.onnx,
      [1, classes],
      Array.from({ length: classes }, (_, i) => i),
    )
    const isLabel = emit(l.onnx, 'Equal', [view(l, labels, [batch, 1]), all])
    put(l, output, emit(l.onnx, 'Cast', [isLabel], { to: ELEMENTS.float32 }))
  },
  isCorrect: (l, node) => {
    const [logits, labels] = operands(node)
    const best = emit(l.onnx, 'ArgMax', [view(l, logits, logits.shape)], { axis: -1, keepdims: 0 })
    const same = emit(l.onnx, 'Equal', [
      emit(l.onnx, 'Cast', [best], { to: ELEMENTS.int32 }),
      view(l, labels, labels.shape),
    ])
    put(l, node.output, emit(l.onnx, 'Cast', [same], { to: ELEMENTS.float32 }))
  },
}
