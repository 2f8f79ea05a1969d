/** What a name looks like: without marks that nobody sees, in one of its spellings. */
const looksOf = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .replace(/\s+/gu, ' ')
    .trim()
    .toLowerCase()

/** Names that look like another one of these and are not the same. */
export function twinsAmong(names: readonly string[]): ReadonlySet<string> {
  const first = new Map<string, string>()
  const twins = new Set<string>()
  for (const name of new Set(names)) {
    const other = first.get(looksOf(name))
    if (other === undefined) first.set(looksOf(name), name)
    else twins.add(other).add(name)
  }
  return twins
}

/** A name in letters that cannot be taken for others: "caf\\u{e9}". */
export const spell = (name: string): string =>
  name.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
