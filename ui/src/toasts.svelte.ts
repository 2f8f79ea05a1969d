/** How long a toast stays, in ms, unless the pointer or focus is on it. */
export const TOAST_MS = 6000

export interface Toast {
  readonly id: number
  readonly title: string
  readonly detail: string
  /** Drawn as a pawprint in front. */
  readonly sha1: string | null
  readonly tone: 'plain' | 'bad'
  /** What it is about: a newer one about the same takes its place, so that no two contradict each other. */
  readonly about: string | null
  readonly action: { readonly label: string; run(): void } | null
}

const list = $state<{ toasts: Toast[]; said: string }>({ toasts: [], said: '' })
let lastId = 0

/** What is on the screen now, newest last, and the last sentence for screen readers. */
export const shown: { readonly toasts: readonly Toast[]; readonly said: string } = list

/** Says a sentence to screen readers, through the page's one live region (Toast.svelte draws it). */
export function announce(text: string): void {
  // The same sentence twice would not be read again; a no-break space makes it another one.
  list.said = list.said === text ? `${text}\u00a0` : text
}

/** Shows a toast and says it aloud. At most three stand at once; the oldest goes. */
export function showToast(toast: { title: string } & Partial<Omit<Toast, 'id' | 'title'>>): void {
  const full: Toast = { detail: '', sha1: null, tone: 'plain', about: null, action: null, ...toast, id: ++lastId }
  const others = list.toasts.filter(({ about }) => about === null || about !== full.about)
  list.toasts = [...others, full].slice(-3)
  announce(`${full.title} ${full.detail}`.trim())
}

export function closeToast(id: number): void {
  list.toasts = list.toasts.filter((toast) => toast.id !== id)
}
