import type { Dataset } from '../types.ts'
import type { FolderContents } from './contents.ts'
import type { FolderState, FolderWatch, WatchTimes } from './watchFolders.ts'

// By itself, so that who reads a data set's types reads no decoder's.

/** Where a data set of folders comes from: it can be read anew, and says when the folders change. */
export interface FolderSource {
  readonly folders: readonly string[]
  /** What the data set was made of. */
  readonly contents: FolderContents
  /** The data set of what is there now. Rejects as `datasets.imageFolder` does. */
  reload(): Promise<Dataset>
  /** Calls `listener` soon, and whenever other pictures are there and nothing has changed for a moment. `tell` hears what a person should know. */
  watch(listener: (state: FolderState) => void, tell: (text: string) => void, times?: WatchTimes): FolderWatch
  /** Keeps a record of `contents` on this machine, to compare with after a restart. Rejects with what the file system throws. */
  remember(): Promise<void>
  /** Contents of that id, if a record of them is here; else null. */
  recall(id: string): Promise<FolderContents | null>
}
