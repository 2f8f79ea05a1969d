/** Runs work of one key one after another, in call order. */
export type Lock = <T>(key: string, work: () => Promise<T>) => Promise<T>

export function createLock(): Lock {
  const tails = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const before = tails.get(key) ?? Promise.resolve()
    const run = before.then(work, work)
    // A failure is its caller's; the next in line begins all the same.
    const tail = run.then(
      () => undefined,
      () => undefined,
    )
    tails.set(key, tail)
    const forget = () => {
      if (tails.get(key) === tail) tails.delete(key)
    }
    tail.then(forget, forget)
    return run
  }
}
