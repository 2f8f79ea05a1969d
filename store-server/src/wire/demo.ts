import { CLOSE, CUT_PAGE_BYTES, parseFromDemo, type ToDemo } from '@pawprint/protocol'
import type { DemoLink, Store } from '../service/context.ts'
import { joinDemo, leaveDemo, noteServing } from '../service/demos.ts'
import { currentModel } from '../service/deploying.ts'
import { refuseMessage } from './refusing.ts'
import type { Peer, Socket } from './socket.ts'

/** The store's end of a demo's connection: what is deployed of each task now, then each deployment as it happens. */
export function openDemo(store: Store, socket: Socket): Peer {
  const demo: DemoLink = { serving: new Map() }
  const send = (message: ToDemo) => socket.send(JSON.stringify(message))
  // One after another, so that an older deployment is never told after a newer one.
  let telling = Promise.resolve()
  const tell = (task: string) => {
    telling = telling.then(async () => {
      const current = await currentModel(store, task)
      if (current) send({ type: 'deployed', current })
      if (socket.bufferedBytes() > CUT_PAGE_BYTES) socket.close(CLOSE.tooSlow, 'too slow; say hello again')
    })
    telling = telling.catch((error: unknown) => store.world.report(`deployed ${task}: ${String(error)}`))
  }
  joinDemo(store, demo)
  const unsubscribe = store.hub.subscribe((change) => {
    if (change.type === 'deployment') tell(change.task)
  })
  for (const task of store.tasks.keys()) tell(task)

  async function handle(text: string): Promise<void> {
    try {
      const message = parseFromDemo(text)
      if (message.type === 'serving') await noteServing(store, demo, message)
    } catch (error) {
      refuseMessage(store, socket, text, error)
    }
  }

  return {
    receive: (text) => void handle(text),
    alive() {},
    closed() {
      unsubscribe()
      leaveDemo(store, demo)
    },
  }
}
