const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

/** "14:05" in local time. */
export function shortClock(time: string): string {
  const date = new Date(time)
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

/** "14:05:44" in local time. */
export const longClock = (time: string): string => `${shortClock(time)}:${two(new Date(time).getSeconds())}`

const startOfDay = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()

/** "today" is empty, then "yesterday", "Mon" within a week, "3 May", and with its year when that is another one. */
export function dayOf(time: string, nowMs: number): string {
  const date = new Date(time)
  const now = new Date(nowMs)
  // Rounded, as a day with a change of clocks has 23 or 25 hours.
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY_MS)
  if (days <= 0) return ''
  if (days === 1) return 'yesterday'
  if (days < 7) return DAYS[date.getDay()] ?? ''
  const day = `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''}`
  return date.getFullYear() === now.getFullYear() ? day : `${day} ${date.getFullYear()}`
}

/** "14:05" today, "Mon 17:20" before: when something happened that does not need its age. */
export const showWhen = (time: string, nowMs: number): string => `${dayOf(time, nowMs)} ${shortClock(time)}`.trim()

/** "12 s ago" within a minute, then as `showWhen`. A clock that runs ahead is taken for now. */
export function showAge(time: string, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - new Date(time).getTime())
  return ageMs < MINUTE_MS ? `${Math.floor(ageMs / 1000)}\u00a0s ago` : showWhen(time, nowMs)
}

/** The full date, for titles: "Mon 3 May 2027, 17:20:05". */
export function fullTime(time: string): string {
  const date = new Date(time)
  const day = `${DAYS[date.getDay()] ?? ''} ${date.getDate()} ${MONTHS[date.getMonth()] ?? ''} ${date.getFullYear()}`
  return `${day}, ${longClock(time)}`
}

/** "31 s", "1 min 22 s", "2 h 5 min"; from 10 minutes on without seconds. */
export function showDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 10) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const rounded = Math.round(whole / 60)
  if (rounded < 60) return `${rounded} min`
  return rounded % 60 === 0 ? `${rounded / 60} h` : `${Math.floor(rounded / 60)} h ${rounded % 60} min`
}

/** What is left until a time: "0:09", "12:40", "1:05:00"; "0:00" once it has passed. */
export function showCountdown(time: string, nowMs: number): string {
  const whole = Math.max(0, Math.ceil((new Date(time).getTime() - nowMs) / 1000))
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  return hours === 0 ? `${minutes}:${two(seconds)}` : `${hours}:${two(minutes)}:${two(seconds)}`
}

/** For estimates: "31 s", "3 min", "2 h 5 min". */
export const roughDuration = (seconds: number): string =>
  seconds < 60 ? showDuration(seconds) : showDuration(Math.round(seconds / 60) * 60)
