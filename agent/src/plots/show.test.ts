import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { show } from './show.ts'

const PICTURE = { svg: '<svg/>', text: 'what is to be seen' }

/** A tslab of one's own; the real one shows pictures in the notebooks' tests. */
function inNotebook(display: object): void {
  Object.assign(globalThis, { __tslab__: { require: () => ({ newDisplay: () => display }) } })
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, '__tslab__')
  })
}
afterEach(() => vi.restoreAllMocks())

test('a notebook gets the image, and the words for readers without images', () => {
  const bundle = vi.fn()
  inNotebook({ bundle, html: vi.fn() })
  show(PICTURE)
  expect(bundle.mock.calls).toEqual([[{ 'image/svg+xml': '<svg/>', 'text/plain': 'what is to be seen' }]])
})

test('a plain tslab gets the image as HTML', () => {
  const html = vi.fn()
  inNotebook({ html })
  show(PICTURE)
  expect(html.mock.calls).toEqual([['<svg/>']])
})

test('outside of a notebook, and where there is nothing to draw, the words are printed', () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  show(PICTURE)
  inNotebook({ bundle: () => expect.unreachable() })
  show({ svg: '', text: 'nothing' })
  expect(print.mock.calls).toEqual([['what is to be seen'], ['nothing']])
})
