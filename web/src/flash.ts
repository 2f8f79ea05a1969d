const FLASH_MS = 600

/** Lights an element up green once whenever its value changes to another than null. Not when it is drawn first. */
export function flash(node: HTMLElement, value: string | null): { update(value: string | null): void } {
  let before = value
  return {
    update(next) {
      const changed = next !== before && next !== null
      before = next
      if (!changed || matchMedia('(prefers-reduced-motion: reduce)').matches) return
      node.animate([{ backgroundColor: 'var(--green-line)' }, {}], { duration: FLASH_MS, easing: 'ease-out' })
    },
  }
}
