/**
 * What is felt beside the speed: gaps in the timers of the main thread, the start of a trial, memory, time beside training, exports, and
 * what a model costs that the engine does not know.
 */
import { findPython, median, startOurs, startPeer } from './process.mjs'

/** Images of an epoch by plain TensorFlow.js, which is slow. */
const FEW = 200

export async function measureFeel({ python: asked, seconds, rounds }) {
  const python = findPython(asked)
  const results = {}
  const ours = startOurs(1)
  results.timerGapsMs = await ours.ask({ gaps: true, case: 'C', seconds: 4 * seconds })
  const warm = startOurs(1)
  const afterWarmUp = (await warm.ask({ start: true, isWarm: true, case: 'A' })).ms
  warm.stop()
  const fresh = startOurs(1)
  const first = (await fresh.ask({ start: true, case: 'A' })).ms
  fresh.stop()
  const starts = []
  for (let round = 0; round < rounds; round++) starts.push((await ours.ask({ start: true, case: 'A' })).ms)
  results.trialStartMs = { first, afterWarmUp, further: median(starts) }
  results.shares = {}
  for (const name of ['A', 'B', 'C']) results.shares[name] = await ours.ask({ shares: true, case: name })
  results.exports = {}
  for (const name of ['A', 'C']) results.exports[name] = await ours.ask({ exporting: true, case: name })
  ours.stop()
  const plain = startOurs(1, 'tensorflow')
  results.plainTensorFlow = await plain.ask({ few: FEW, case: 'A' })
  plain.stop()
  results.peakMegabytes = {}
  for (const name of ['A', 'C', 'E']) {
    const own = startOurs(1)
    await own.ask({ case: name, seconds })
    const peer = startPeer(python, 1)
    await peer.next()
    await peer.ask({ case: name, mode: 'eager', seconds })
    const [mine, theirs] = [own.peakMegabytes(), peer.peakMegabytes()]
    results.peakMegabytes[name] = { ours: mine, peer: theirs, ratio: mine / theirs }
    own.stop()
    peer.stop()
  }
  return results
}
