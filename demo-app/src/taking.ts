import type { Refusal } from './words.ts'

/** What a drop or a paste brings: a picture to look at, or why there is none. */
export type Taken = { readonly file: File } | { readonly refusal: Refusal }

/** The first file of a drop or a paste. Kinds are not checked here: the server goes by the bytes. */
export function takenFrom(data: DataTransfer | null): Taken {
  const [file] = data?.files ?? []
  if (file !== undefined) return { file }
  return { refusal: { what: 'That is no picture file.', advice: 'Please save the picture first, then drop the file.' } }
}

/** A picture from the clipboard, which the browser may ask the person about. */
export async function takenFromClipboard(): Promise<Taken> {
  const advice = 'Copy a picture, then press Ctrl V on this page.'
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((one) => one.startsWith('image/'))
      if (type !== undefined) return { file: new File([await item.getType(type)], 'The pasted picture', { type }) }
    }
    return { refusal: { what: 'There is no picture in the clipboard.', advice } }
  } catch {
    return { refusal: { what: 'The browser does not show its clipboard to this button.', advice } }
  }
}
