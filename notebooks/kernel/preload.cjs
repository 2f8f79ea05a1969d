// Loaded by `node --require` before tslab 1.0.22. It cures six faults of tslab and adds one thing, from outside, so that no fork is needed.
'use strict'

const { createRequire } = require('node:module')
const { isMainThread } = require('node:worker_threads')
const { createJoiner } = require('./joiner.cjs')

/** Time for the goodbyes that a shutdown sets off; milliseconds. Jupyter kills after 5 s. */
const SHUTDOWN_MS = 4500
const PARENT_WATCH_MS = 1000

// Workers inherit `--require`; the kernel is the main thread.
if (isMainThread) {
  watchParent()
  const tslab = createRequire(require.resolve('tslab/package.json', { paths: [__dirname, process.cwd()] }))
  const zmq = tslab('zeromq')
  cureBinding(zmq)
  cureShutdown(zmq.Publisher)
  cureCompiler(tslab, '@tslab/typescript-for-tslab')
  const jupyter = tslab('./dist/jupyter.js')
  cureOutput(jupyter.JupyterHandlerImpl, zmq.Publisher)
  addBundle(tslab('./dist/public.js').display, jupyter)
}

/**
 * 1. tslab does not await its sends, and zeromq refuses the 513th that waits: output is lost. Without a bound and without waiting
 *    none is refused.
 * 2. Over the ipc transport Jupyter names its sockets `ip-port`, tslab binds `ip:port`, and both wait for ever.
 */
function cureBinding({ Publisher, Router, Reply }) {
  for (const Socket of [Publisher, Router, Reply]) {
    const { bind } = Socket.prototype
    replace(Socket.prototype, 'bind', function (address) {
      if (this instanceof Publisher) Object.assign(this, { sendTimeout: 0, sendHighWaterMark: 0 })
      return bind.call(this, address.replace(/^(ipc:\/\/.*):(\d+)$/, '$1-$2'))
    })
  }
}

/**
 * 3. After a shutdown request tslab closes its sockets and hopes that nothing else is under way. Background work would keep the
 *    kernel for ever, and its output would fail on the closed socket. So output ends, and the process gets SIGTERM, which lets
 *    the agent say goodbye.
 */
function cureShutdown(Publisher) {
  const { close, send } = Publisher.prototype
  const closed = new WeakSet()
  replace(Publisher.prototype, 'send', function (message) {
    return closed.has(this) ? Promise.resolve() : send.call(this, message)
  })
  replace(Publisher.prototype, 'close', function () {
    closed.add(this)
    close.call(this)
    setTimeout(() => process.exit(), SHUTDOWN_MS).unref()
    // Not in this tick: the other sockets are still to be closed.
    setImmediate(() => process.kill(process.pid, 'SIGTERM'))
  })
}

// zeromq's methods are read-only; they can be defined anew, not assigned.
function replace(object, name, value) {
  Object.defineProperty(object, name, { configurable: true, writable: true, value })
}

// TypeScript's own properties cannot be defined anew, so its module is replaced by a copy; not all of them may be read now.
function cureCompiler(load, id) {
  const ts = load(id)
  const cured = { ...cureShorthand(ts), ...cureTypes(ts) }
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(ts)))
    if (!(name in cured)) Object.defineProperty(cured, name, property)
  load.cache[load.resolve(id)].exports = cured
}

/**
 * 4. tslab writes `exports.x` for a variable `x` of an earlier cell, but forgets the short form `{ x }`, which then is not
 *    defined. Here it becomes `{ x: exports.x }`.
 */
function cureShorthand(ts) {
  let program
  const isEarlier = (node) =>
    program
      .getTypeChecker()
      .getShorthandAssignmentValueSymbol(ts.getOriginalNode(node))
      ?.declarations?.some((declaration) => declaration.getSourceFile().fileName.endsWith('__prev__.d.ts'))
  const createWatchProgram = (host) => {
    const { afterProgramCreate } = host
    host.afterProgramCreate = (builder) => {
      program = builder.getProgram()
      afterProgramCreate(builder)
    }
    return ts.createWatchProgram(host)
  }
  const visitEachChild = (node, visitor, context) => {
    const isShort = node && ts.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer
    if (!isShort || !isEarlier(node)) return ts.visitEachChild(node, visitor, context)
    const { factory } = ts
    const value = factory.createPropertyAccessExpression(factory.createIdentifier('exports'), node.name.text)
    return factory.createPropertyAssignment(node.name.text, value)
  }
  return { createWatchProgram, visitEachChild }
}

/**
 * 5. tslab lets the compiler read the types of every package there is, used or not. Those of Node are enough for a start: a tenth of
 *    the kernel's first seconds.
 */
function cureTypes(ts) {
  const createWatchCompilerHost = (roots, options, ...rest) =>
    ts.createWatchCompilerHost(roots, { ...options, types: ['node'] }, ...rest)
  return { createWatchCompilerHost }
}

/**
 * 6. tslab sends a message for each line, and a notebook server drops the output of a kernel that sends more than 1,000 a second.
 *    So lines are joined: they still come before the display that follows them, and before the end of their cell.
 */
function cureOutput(Handler, Publisher) {
  const { handleExecuteImpl } = Handler.prototype
  let writeToCell = () => {}
  const joiner = createJoiner((name, text) => writeToCell(name, text))
  replace(Handler.prototype, 'handleExecuteImpl', async function (request, writeStream, writeDisplay) {
    // What came in the background since then belongs to the cell before.
    joiner.flush()
    writeToCell = writeStream
    const show = (data, isUpdate) => {
      joiner.flush()
      writeDisplay(data, isUpdate)
    }
    try {
      return await handleExecuteImpl.call(this, request, joiner.write, show)
    } finally {
      joiner.flush()
    }
  })
  const { close } = Publisher.prototype
  replace(Publisher.prototype, 'close', function () {
    joiner.flush()
    close.call(this)
  })
  process.on('exit', joiner.flush)
}

/**
 * And a display of tslab shows one form of a thing: `bundle` shows several, by media type, of which a page takes the richest, and
 * what knows no HTML still has the text.
 */
function addBundle(display, jupyter) {
  replace(Object.getPrototypeOf(display), 'bundle', function (data) {
    const isUpdate = this.update
    if (this.id) this.update = true
    jupyter.lastWriteDisplayData({ data, metadata: {}, transient: { display_id: this.id } }, isUpdate)
  })
}

/**
 * And a kernel whose parent was killed would be left behind: it notices that it was given another one, or that the Jupyter that
 * started it was gone before it could look. A runner's kernel has a channel, and may have inherited the name of another Jupyter.
 */
function watchParent() {
  const parent = process.ppid
  const jupyter = process.send || process.platform === 'win32' ? 0 : Number(process.env.JPY_PARENT_PID ?? 0)
  const timer = setInterval(() => {
    if (process.ppid === parent && (!(jupyter > 0) || isAlive(jupyter))) return
    clearInterval(timer)
    setTimeout(() => process.exit(1), SHUTDOWN_MS).unref()
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_WATCH_MS)
  timer.unref()
}

function isAlive(pid) {
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
