import { type LogBook, textOf } from './logBook.ts'

/** Lines that hold a word, kept up to date without reading the whole log again. */
export interface Matches {
  /** In lower case; empty finds nothing. */
  readonly query: string
  /** Seqs, ascending. */
  readonly seqs: number[]
  scannedSeq: number
  /** Seq of the first line when last looked: lines may come in front. */
  firstSeq: number
}

export const newMatches = (query: string): Matches => ({
  query: query.toLowerCase(),
  seqs: [],
  scannedSeq: 0,
  firstSeq: 0,
})

/** Looks through the lines that came since. */
export function extendMatches(matches: Matches, book: LogBook): void {
  if (matches.query === '') return
  const { lines } = book
  // Seqs have no gaps within a book, so the first unread line's place follows from its seq.
  const firstSeq = lines[0]?.seq ?? 0
  if (firstSeq < matches.firstSeq) {
    matches.seqs.length = 0
    matches.scannedSeq = 0
  }
  matches.firstSeq = firstSeq
  for (let i = Math.max(0, matches.scannedSeq + 1 - firstSeq); i < lines.length; i++) {
    const line = lines[i]
    if (line === undefined) continue
    matches.scannedSeq = line.seq
    if (textOf(line).toLowerCase().includes(matches.query)) matches.seqs.push(line.seq)
  }
}

/** The next match after `seq` (`step` 1) or before it (−1), around the end; null when there is none. */
export function nextMatch(matches: Matches, seq: number, step: 1 | -1): number | null {
  const { seqs } = matches
  const found = step === 1 ? seqs.find((other) => other > seq) : seqs.findLast((other) => other < seq)
  return found ?? seqs.at(step === 1 ? 0 : -1) ?? null
}

/** A text in pieces, those that match marked. */
export function markPieces(text: string, query: string): { readonly text: string; readonly hit: boolean }[] {
  // Lower case may change a text's length (İ); then the pieces cannot be cut rightly, so nothing is marked.
  const lower = text.toLowerCase()
  if (query === '' || lower.length !== text.length) return [{ text, hit: false }]
  const pieces: { text: string; hit: boolean }[] = []
  let from = 0
  for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), hit: false })
    pieces.push({ text: text.slice(at, at + query.length), hit: true })
    from = at + query.length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), hit: false })
  return pieces
}
