import { notebookDisplay } from '../view/places.ts'
import type { Picture } from './picture.ts'

/**
 * Shows a picture below the cell that runs, or its words where there is no notebook. Takes what `plots` gives, and `findLearningRate`.
 */
export function show({ svg, text }: Picture): void {
  const display = svg === '' ? undefined : notebookDisplay()
  if (display?.bundle !== undefined) display.bundle({ 'image/svg+xml': svg, 'text/plain': text })
  else if (display !== undefined) display.html(svg)
  else console.log(text)
}
