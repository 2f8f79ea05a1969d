import { escapeMarkup, tag } from '../view/markup.ts'

/** An image for a notebook's output, and the same in words: for who does not see it, and where there is only text. */
export interface Picture {
  /** A whole SVG file on white ground; empty when there is nothing to draw. */
  readonly svg: string
  readonly text: string
}

/** What is drawn without a colour of its own, on the white ground. */
const INK = '#222222'

/** A whole SVG file of that size in px, narrower where the page is, with a title for who does not see it. */
export function svgOf(title: string, { width, height }: { width: number; height: number }, ...drawn: string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)]
  const size = { viewBox: `0 0 ${w} ${h}`, width: w, style: 'max-width:100%;height:auto' }
  const text = { fill: INK, color: INK, 'font-size': 12, 'font-family': 'sans-serif' }
  return tag(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', role: 'img', ...size, ...text },
    tag('title', {}, escapeMarkup(title)),
    // Readers show an SVG file on the ground of their page, which may be dark.
    tag('rect', { width: w, height: h, fill: '#ffffff' }),
    ...drawn,
  )
}

/** A piece of text in an image; `x` and `y` are where its line stands, in px. */
export const label = (
  x: number,
  y: number,
  text: string,
  more: Readonly<Record<string, string | number>> = {},
): string => tag('text', { x: round(x), y: round(y), ...more }, escapeMarkup(text))

/** Px to a tenth: shorter files. */
export const round = (px: number): number => Math.round(px * 10) / 10

/** Text cut to `length` characters, the cut marked. */
export const shortened = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text

/** Px that a text of 12 px is wide, about. */
export const widthOf = (text: string): number => text.length * 7.4
