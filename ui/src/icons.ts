interface Icon {
  /** Side of the square field. */
  readonly size: 16 | 24
  /** Paths that are stroked … */
  readonly lines: readonly string[]
  /** … and paths that are filled. */
  readonly fills?: readonly string[]
}

const icon = (...lines: string[]): Icon => ({ size: 16, lines })

const icons = {
  paw: {
    size: 24,
    lines: [],
    fills: [
      'M2.65 12.19a2.1 2.7-22 1 0 3.9-1.58a2.1 2.7-22 1 0-3.9 1.58z',
      'M6.81 6.83a2.2 3-6 1 0 4.38-.46a2.2 3-6 1 0-4.38.46z',
      'M12.81 6.37a2.2 3 6 1 0 4.38.46a2.2 3 6 1 0-4.38-.46z',
      'M17.45 10.61a2.1 2.7 22 1 0 3.9 1.58a2.1 2.7 22 1 0-3.9-1.58z',
      'M12 12.1c-3 0-5.8 2.7-5.8 5.4 0 1.9 1.4 2.9 3 2.9 1 0 1.8-.4 2.8-.4s1.8.4 2.8.4c1.6 0 3-1 3-2.9 0-2.7-2.8-5.4-5.8-5.4z',
    ],
  },
  gear: icon(
    'M2 4.5h6M11.5 4.5H14M2 11.5h2.5M8 11.5h6',
    'M8 4.5a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0',
    'M4.5 11.5a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0',
  ),
  theme: { size: 16, lines: ['M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0'], fills: ['M8 2.5a5.5 5.5 0 0 1 0 11z'] },
  tray: { size: 24, lines: ['M12 3.5v10M8 9.8l4 4 4-4M4 13.5v5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5'] },
  picture: {
    size: 24,
    lines: [
      'M6 4.5h12a2.5 2.5 0 0 1 2.5 2.5v10a2.5 2.5 0 0 1-2.5 2.5H6A2.5 2.5 0 0 1 3.5 17V7A2.5 2.5 0 0 1 6 4.5z',
      'M7.4 10a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0',
      'm4 17 4.5-4 3.5 3 3.5-4 5 5',
    ],
  },
  stop: {
    size: 16,
    lines: [],
    fills: ['M5.5 4h5A1.5 1.5 0 0 1 12 5.5v5a1.5 1.5 0 0 1-1.5 1.5h-5A1.5 1.5 0 0 1 4 10.5v-5A1.5 1.5 0 0 1 5.5 4z'],
  },
  pause: icon('M5.5 4v8M10.5 4v8'),
  search: icon('M3 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0', 'm10 10 3.5 3.5'),
  copy: icon(
    'M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5z',
    'M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2',
  ),
  down: icon('M8 2.5v8M5 7.5l3 3 3-3M3 13.5h10'),
  up: icon('M8 13.5v-10M4.5 7 8 3.5 11.5 7'),
  earlier: icon('m4 10 4-4 4 4'),
  later: icon('m4 6 4 4 4-4'),
  x: icon('m4 4 8 8M12 4l-8 8'),
  pin: icon('M8 10.5V14M5 2.5h6M6 2.5v4l-2 4h8l-2-4v-4'),
  check: icon('m3.5 8.5 3 3 6-7'),
  notebook: icon('M3 2.5h10v11H3zM5.5 2.5v11M8 6h2.5M8 8.5h2.5'),
  play: icon('M5 3.5v9l7-4.5z'),
  box: icon('m8 2 5.5 3v6L8 14l-5.5-3V5zM2.5 5 8 8l5.5-3M8 8v6'),
  retry: icon('M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.6h-2.6'),
  file: icon('M2.5 4.5a1 1 0 0 1 1-1h3l1.5 2h4.5a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z'),
  paste: icon(
    'M5 3.5h6A1.5 1.5 0 0 1 12.5 5v7a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 12V5A1.5 1.5 0 0 1 5 3.5z',
    'M6 3.5V2.5h4v1M6 7.5h4M6 10h4',
  ),
  camera: icon(
    'M2.5 5.5a1 1 0 0 1 1-1h1.7l1-1.5h3.6l1 1.5h1.7a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z',
    'M5.8 8.3a2.2 2.2 0 1 0 4.4 0a2.2 2.2 0 1 0-4.4 0',
  ),
} satisfies Record<string, Icon>
export type IconName = keyof typeof icons

/** Every icon of both pages, drawn in the text's colour. */
export const ICONS: Readonly<Record<IconName, Icon>> = icons
