'use strict'

/** Shortest time between two messages of text, unless one is full; milliseconds. */
const EVERY_MS = 50
/** A message is full with this many UTF-16 units. */
const FULL_LENGTH = 64 * 1024

/**
 * Joins what a cell writes into few messages. `send(name, text)` takes the name of the stream. What comes after a pause is sent at
 * once, so that a cell that computes without ever awaiting still shows how far it is; the rest follows within 50 ms.
 */
function createJoiner(send, nowMs = () => performance.now()) {
  let name
  let parts = []
  let length = 0
  let sentMs = Number.NEGATIVE_INFINITY
  let timer
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (parts.length === 0) return
    const text = parts.join('')
    parts = []
    length = 0
    sentMs = nowMs()
    send(name, text)
  }
  return {
    flush,
    write(stream, text) {
      if (stream !== name) flush()
      name = stream
      parts.push(text)
      length += text.length
      if (length >= FULL_LENGTH || nowMs() - sentMs >= EVERY_MS) flush()
      else timer ??= setTimeout(flush, EVERY_MS).unref()
    },
  }
}

module.exports = { createJoiner }
