const KEY = 'pawprint-single-keys'

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off'
  } catch {
    return true
  }
}

let singleKeys = $state(remembered())

/** Choices of this browser. */
export const settings = {
  /** Whether "/" and "F" do something outside fields. Default true. */
  get singleKeys(): boolean {
    return singleKeys
  },
  set singleKeys(on: boolean) {
    singleKeys = on
    try {
      localStorage.setItem(KEY, on ? 'on' : 'off')
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  },
}
