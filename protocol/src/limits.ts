/** Version of the wire. A peer with another version is refused with close code 4426. */
export const PROTOCOL_VERSION = 1

/** Largest WebSocket frame and JSON body accepted, in bytes. Larger things travel as uploads. */
export const MAX_FRAME_BYTES = 1024 * 1024
/** Largest frame that a client accepts from the store, which it trusts: a snapshot with jobs of thousands of trials is large. */
export const MAX_STORE_FRAME_BYTES = 64 * 1024 * 1024
/** Deepest nesting of a JSON text; checked before it is parsed, so that a bomb cannot exhaust the stack. */
export const MAX_JSON_DEPTH = 32
/** Longest name of a notebook, in UTF-16 units. */
export const MAX_NAME_LENGTH = 128
/** Longest log line in UTF-8 bytes; the rest is cut and marked with "…". */
export const MAX_LOG_LINE_BYTES = 16 * 1024
/** A batch of log lines and metrics holds at most this many records … */
export const MAX_BATCH_RECORDS = 256
/** … and this many bytes of JSON, and waits this long, and until the one before it is acknowledged or it is full. */
export const MAX_BATCH_BYTES = 64 * 1024
export const BATCH_WAIT_MS = 50
/** Log lines kept of one trial attempt. What comes later is counted, not kept. */
export const MAX_LOG_LINES_PER_ATTEMPT = 200_000
/** Largest grid accepted, in trials. A typo in a config must not become a week of training. */
export const MAX_TRIALS = 10_000
/** Most values in one list of a config. */
export const MAX_VALUES_PER_KEY = 64
/** Most hyperparameters that a notebook may declare. */
export const MAX_FIELDS = 64
/** Most metrics of one trial, by name. */
export const MAX_METRICS = 64
/** Most thresholds of one task. */
export const MAX_REQUIREMENTS = 64
/** Most new images that an automatic training may wait for. */
export const MAX_AUTOMATIC_IMAGES = 1_000_000
/** Largest safetensors header, in bytes. */
export const MAX_SAFETENSORS_HEADER_BYTES = 1024 * 1024
/** Size of one part of an upload, in bytes, and the largest blob accepted by default. */
export const UPLOAD_PART_BYTES = 4 * 1024 * 1024
export const MAX_BLOB_BYTES = 2 * 1024 * 1024 * 1024
/** Most files that a model's report may name beside its weights: an ONNX file, and TensorFlow.js's in parts of 4 MiB. */
export const MAX_ARTIFACTS = 256
/** Thumbnails of a test set: most of one cell of the confusion and of all, their longest side in px, and their largest file. */
export const MAX_THUMBNAILS_PER_CELL = 10
export const MAX_THUMBNAILS = 1000
export const MAX_THUMBNAIL_SIZE = 48
export const MAX_THUMBNAILS_BYTES = 2 * 1024 * 1024
/** The name that they have among a model's artifacts. */
export const THUMBNAILS_FILE = 'thumbnails.webp'
/** Most other test sets of which a model's figures are kept, and most models that one result may report measured anew. */
export const MAX_REEVALUATIONS = 16
/** Of what an agent found of its data: most examples of one kind, longest line, most violated expectations, and all of it as JSON, in UTF-16 units. */
export const MAX_DATA_EXAMPLES = 20
export const MAX_DATA_LINE_LENGTH = 1000
export const MAX_DATA_VIOLATIONS = 32
export const MAX_DATA_REPORT_LENGTH = 64 * 1024
/** Largest picture that the demo accepts, in bytes and in pixels (read from its header before decoding). */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const MAX_IMAGE_PIXELS = 40_000_000
/** Attempts that one trial may take before it has failed. */
export const MAX_ATTEMPTS = 3
/** A page that has this much unsent is sent less often; above the second bound it is cut and resumes by cursor. */
export const SLOW_PAGE_BYTES = 1024 * 1024
export const CUT_PAGE_BYTES = 8 * 1024 * 1024

/** Seconds between pings, and of silence after which a connection counts as dead. */
export const PING_INTERVAL_MS = 15_000
export const DEAD_AFTER_MS = 45_000
/** After this much silence the name of an unreachable notebook, and its unfinished job, may be taken over. */
export const LEASE_MS = 60_000
/** An unreachable notebook counts as gone after a day. */
export const GONE_AFTER_MS = 24 * 60 * 60 * 1000

/** Close codes: 4000 + the HTTP status that says the same. */
export const CLOSE = {
  badMessage: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  helloTimeout: 4408,
  replaced: 4409,
  tooSlow: 4413,
  version: 4426,
  shutdown: 1012,
} as const
