/**
 * Text for a terminal, where names and messages of strangers are part of what is said: control characters, which could move the
 * cursor or change what was written before, and marks that turn the direction of text, are shown as `\\u001b` and the like. Lines stay lines.
 */
export const plainText = (text: string): string =>
  text.replace(/[^\P{C}\n\t]/gu, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
