import { createHash } from 'node:crypto'

/** One picture of a folder. */
export interface KnownImage {
  /** Of its file, hex. */
  readonly sha256: string
  readonly className: string
  /** For people: folder, class, and where in there. */
  readonly name: string
}

/** Which pictures are in folders, as far as they can be read and decoded. */
export interface FolderContents {
  /** SHA-256, hex: equal for equal contents in equal classes, whatever the files are called. */
  readonly id: string
  readonly classNames: readonly string[]
  readonly images: readonly KnownImage[]
}

/** How many pictures came, changed and went, by content. */
export interface ContentChanges {
  readonly added: number
  readonly changed: number
  readonly removed: number
}

const keyOf = ({ sha256, className }: KnownImage): string => `${sha256} ${className}`

/** One of each picture in each class, by its key. */
const byKey = (images: readonly KnownImage[]): Map<string, KnownImage> =>
  new Map(images.map((image) => [keyOf(image), image]))

/** Of pictures of which more may be known. */
export function contentsOf(classNames: readonly string[], known: readonly KnownImage[]): FolderContents {
  const images = known.map(({ sha256, className, name }) => ({ sha256, className, name }))
  const keys = [...byKey(images).keys()].sort()
  const id = createHash('sha256')
    .update(JSON.stringify([classNames, keys]))
    .digest('hex')
  return { id, classNames, images }
}

/**
 * What became of the pictures, by content: renamed files and further copies in a class are no change. `changed` are those that lie in
 * another class than before, and those whose name has another content than before.
 */
export function changesBetween(before: FolderContents, now: FolderContents): ContentChanges {
  const [old, present] = [byKey(before.images), byKey(now.images)]
  const isGone = ([key]: readonly [string, KnownImage]): boolean => !present.has(key)
  const gone = new Map([...old].filter(isGone))
  const fresh = [...present].filter(([key]) => !old.has(key)).map(([, image]) => image)
  const removed = gone.size
  const placeOf = (of: (image: KnownImage) => string) => new Map([...gone].map(([key, image]) => [of(image), key]))
  const [byContent, byName] = [placeOf(({ sha256 }) => sha256), placeOf(({ name }) => name)]
  // Each picture that is gone is taken once: of two that could be the same, one is new.
  const isChange = (image: KnownImage): boolean => {
    const key = [byContent.get(image.sha256), byName.get(image.name)].find((one) => one !== undefined && gone.has(one))
    return key !== undefined && gone.delete(key)
  }
  const changed = fresh.filter(isChange).length
  return { added: fresh.length - changed, changed, removed: removed - changed }
}
