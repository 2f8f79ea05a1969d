const KEY = 'pawprint-theme'
export type Theme = 'light' | 'dark'
/** The element that carries the theme. */
type Root = { readonly dataset: { theme?: string } }
type Memory = Pick<Storage, 'getItem' | 'setItem'>

/** What was chosen before; null: the system's. Storage may be forbidden, and then nothing is remembered. */
export function rememberedTheme(memory: Memory | null): Theme | null {
  try {
    const value = memory?.getItem(KEY)
    return value === 'light' || value === 'dark' ? value : null
  } catch {
    return null
  }
}

/** Applies the remembered theme. Call once, before the page is drawn. */
export function startTheme(root: Root = document.documentElement, memory: Memory | null = storage()): void {
  const theme = rememberedTheme(memory)
  if (theme !== null) root.dataset.theme = theme
}

/** Changes to the other theme and remembers it; gives the new one. */
export function toggleTheme(root: Root = document.documentElement, memory: Memory | null = storage()): Theme {
  const shown = root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  const theme: Theme = shown === 'dark' ? 'light' : 'dark'
  root.dataset.theme = theme
  try {
    memory?.setItem(KEY, theme)
  } catch {
    // A full or forbidden storage costs only the memory of the choice.
  }
  return theme
}

function storage(): Memory | null {
  try {
    return localStorage
  } catch {
    return null
  }
}
