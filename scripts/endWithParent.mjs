// Loaded into each child of npm start: when the launcher is gone, even by kill -9, its IPC channel closes, and the child ends too.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
