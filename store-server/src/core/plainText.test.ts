import { expect, test } from 'vitest'
import { plainText } from './plainText.ts'

test.each([
  ['cifar10 – ünï 猫 🐾', 'cifar10 – ünï 猫 🐾'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  ['\u001b[31mred\u001b[0m', '\\u001b[31mred\\u001b[0m'],
  ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['over\rwritten\b', 'over\\u000dwritten\\u0008'],
  ['\u009b2J', '\\u009b2J'],
  ['left \u202ethgir', 'left \\u202ethgir'],
  ['\u200bnothing\u2066', '\\u200bnothing\\u2066'],
  ['\u0000', '\\u0000'],
])('%j is shown as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown)
})
