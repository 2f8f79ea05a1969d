const ignore = (): void => {}

/** Runs operations of one key one after the other, in call order, whether the one before succeeds or not. */
export function createQueues(): <T>(key: string, operation: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<void>>()
  return (key, operation) => {
    const result = (tails.get(key) ?? Promise.resolve()).then(operation)
    // The caller has the error; the tail only says when the next one may start.
    const tail: Promise<void> = result.then(ignore, ignore).then(() => {
      if (tails.get(key) === tail) tails.delete(key)
    })
    tails.set(key, tail)
    return result
  }
}

export type Slots = <T>(operation: () => Promise<T>) => Promise<T>

/** Runs at most `count` operations at a time; the others wait, first come first served. */
export function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  return async (operation) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await operation()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
