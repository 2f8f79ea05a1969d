import { expect, test } from 'vitest'
import { rememberedTheme, startTheme, toggleTheme } from './theme.ts'

const memoryOf = (value: string | null) => {
  const kept = { value }
  const setItem = (_: string, next: string): void => {
    kept.value = next
  }
  return { kept, getItem: () => kept.value, setItem }
}
const rootOf = (theme?: string) => ({ dataset: theme === undefined ? {} : { theme } })

test.each([
  [null, null],
  ['light', 'light'],
  ['dark', 'dark'],
  ['purple', null],
])('what was kept as %j is the theme %j', (kept, theme) => {
  expect(rememberedTheme(memoryOf(kept))).toBe(theme)
  const root = rootOf()
  startTheme(root, memoryOf(kept))
  expect(root.dataset).toEqual(theme === null ? {} : { theme })
})

test('choosing goes to the other theme and is kept', () => {
  const memory = memoryOf(null)
  const root = rootOf('dark')
  expect(toggleTheme(root, memory)).toBe('light')
  expect([root.dataset, memory.kept.value]).toEqual([{ theme: 'light' }, 'light'])
})

test('a browser that forbids storage still changes its theme', () => {
  const forbidden = {
    getItem: (): string => {
      throw new Error('forbidden')
    },
    setItem: (): void => {
      throw new Error('forbidden')
    },
  }
  expect(rememberedTheme(forbidden)).toBeNull()
  expect(toggleTheme(rootOf('light'), forbidden)).toBe('dark')
})
