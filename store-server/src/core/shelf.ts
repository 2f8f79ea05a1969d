/** Values by key, each with a number of its own that never changes: what is listed newest first. */
export interface Shelf<T> {
  readonly size: number
  get(key: string): T | undefined
  /** The same for a single look: what is packed stays packed. */
  peek(key: string): T | undefined
  has(key: string): boolean
  set(key: string, value: T): void
  /** A value that is unpacked when it is first asked for. */
  lay(key: string, number: number, packed: Uint8Array): void
  delete(key: string): void
  clear(): void
  keys(): IterableIterator<string>
  /** In no order; what is packed stays packed. Goes on however the shelf changes meanwhile. */
  values(): Generator<T>
  /** Values whose numbers are below `before` (default: all), highest number first. */
  newest(before?: number): Generator<T>
}

/** Keys by falling number. New ones mostly have the highest number; what comes out of order is sorted when it is next asked for. */
function createOrder() {
  const places: { readonly key: string; readonly number: number }[] = []
  let sorted = true
  /** Where the numbers from `before` on begin. */
  const find = (before: number): number => {
    if (!sorted) places.sort((a, b) => a.number - b.number)
    sorted = true
    let [low, high] = [0, places.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((places[middle]?.number ?? 0) < before) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    add(key: string, number: number) {
      sorted &&= (places.at(-1)?.number ?? Number.NEGATIVE_INFINITY) < number
      places.push({ key, number })
    },
    remove(key: string) {
      places.splice(
        places.findIndex((place) => place.key === key),
        1,
      )
    },
    clear() {
      places.length = 0
      sorted = true
    },
    *below(before: number) {
      for (let i = find(before) - 1; i >= 0; i--) yield places[i]?.key ?? ''
    },
  }
}

export interface ShelfOptions<T> {
  numberOf(value: T): number
  unpack(packed: Uint8Array): T
}

/** Most values of a large shelf are never looked at, and packed ones take a third of the memory. */
export function createShelf<T extends object>({ numberOf, unpack }: ShelfOptions<T>): Shelf<T> {
  const values = new Map<string, T | Uint8Array>()
  const order = createOrder()
  const open = (key: string): T | undefined => {
    const value = values.get(key)
    return value instanceof Uint8Array ? unpack(value) : value
  }
  return {
    get size() {
      return values.size
    },
    get(key) {
      const value = open(key)
      // From now on it is this very value, so that changes can be told by comparing.
      if (value !== undefined) values.set(key, value)
      return value
    },
    peek: open,
    has: (key) => values.has(key),
    set(key, value) {
      if (!values.has(key)) order.add(key, numberOf(value))
      values.set(key, value)
    },
    lay(key, number, packed) {
      if (!values.has(key)) order.add(key, number)
      values.set(key, packed)
    },
    delete(key) {
      if (values.delete(key)) order.remove(key)
    },
    clear() {
      values.clear()
      order.clear()
    },
    keys: () => values.keys(),
    *values() {
      for (const key of values.keys()) {
        const value = open(key)
        if (value !== undefined) yield value
      }
    },
    *newest(before = Number.POSITIVE_INFINITY) {
      for (const key of order.below(before)) {
        const value = open(key)
        if (value !== undefined) yield value
      }
    },
  }
}
