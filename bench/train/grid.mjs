/** A grid of four trials of case A on all cores, against PyTorch training them one after the other; and what a neighbour costs a trial. */
import { availableParallelism } from 'node:os'
import { findPython, median, startOurs, startPeer } from './process.mjs'

const TRIALS = 4
/** Of each trial. */
const SAMPLES = 25_600
const PEER_MODES = ['eager', 'eager+foreach', 'trace+foreach']

export async function measureGrid({ python: asked, rounds, seconds }) {
  const python = findPython(asked)
  const atOnce = availableParallelism()
  const ours = startOurs(1)
  const peers = [1, atOnce].map((threads) => ({ threads, peer: startPeer(python, threads) }))
  for (const { peer } of peers) await peer.next()
  const grid = { case: 'A', trials: TRIALS, samples: SAMPLES, atOnce }
  const own = []
  const others = new Map()
  const [alone, beside] = [[], []]
  for (let round = 0; round <= rounds; round++) {
    const { seconds: ownSeconds } = await ours.ask({ grid })
    const lone = await ours.ask({ beside: 1, case: 'A', seconds })
    const paired = await ours.ask({ beside: 2, case: 'A', seconds })
    // The first round warms up.
    if (round > 0) {
      own.push(ownSeconds)
      alone.push(lone.samplesPerSecond)
      beside.push(paired.samplesPerSecond)
    }
    for (const { threads, peer } of peers)
      for (const mode of PEER_MODES) {
        const { seconds: peerSeconds } = await peer.ask({ ...grid, mode })
        const key = `${mode}, ${threads} thread(s)`
        if (round > 0) others.set(key, [...(others.get(key) ?? []), peerSeconds])
      }
  }
  ours.stop()
  for (const { peer } of peers) peer.stop()
  const medians = [...others].map(([mode, runs]) => ({ mode, seconds: median(runs) }))
  const best = medians.reduce((a, b) => (b.seconds < a.seconds ? b : a))
  const [one, two] = [median(alone), median(beside)]
  return {
    ...grid,
    ours: median(own),
    peer: best.seconds,
    peerMode: best.mode,
    ratio: best.seconds / median(own),
    alone: one,
    beside: two,
    neighbourCosts: 1 - two / one,
  }
}
