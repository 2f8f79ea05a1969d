let plan = ''
let hits = 0

/**
 * A place where a test makes the process die or the disk fail: PAWPRINT_FAILPOINT="commit.afterLink:kill" kills it there,
 * "part.write@3:ENOSPC" throws that error at the third passage. Does nothing when the variable is unset.
 */
export function failpoint(name: string): void {
  const wanted = process.env.PAWPRINT_FAILPOINT
  if (wanted === undefined) {
    plan = ''
    return
  }
  if (wanted !== plan) {
    plan = wanted
    hits = 0
  }
  const [, place, nth = '1', action = ''] = /^([\w.]+)(?:@(\d+))?:(\w+)$/.exec(wanted) ?? []
  if (place !== name || ++hits !== Number(nth)) return
  if (action === 'kill') process.kill(process.pid, 'SIGKILL')
  else throw Object.assign(new Error(`${action}: failpoint ${name}`), { code: action })
}
