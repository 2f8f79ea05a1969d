/** What the address asks for. */
export type Route =
  | { readonly type: 'none' }
  | { readonly type: 'model'; readonly sha1: string }
  | { readonly type: 'history'; readonly task: string }

/** `#model/<sha1>` and `#history/<task>`; anything else asks for nothing. */
export function routeOf(hash: string): Route {
  const model = /^#model\/([0-9a-f]{40})$/.exec(hash)?.[1]
  if (model !== undefined) return { type: 'model', sha1: model }
  const task = /^#history\/([a-z0-9][a-z0-9-]{0,63})$/.exec(hash)?.[1]
  return task === undefined ? { type: 'none' } : { type: 'history', task }
}
