import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { adam, createTrainer } from '@pawprint/engine'
import { writeSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { startDemo } from './dist/server/app.js'

const only = process.argv[2]
const C10 = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')
const hex = (a, b) => createHash(a).update(b).digest('hex')
async function make(seed, n) {
  const m = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [32, 32, 3] }),
      tf.layers.dense({
        units: n,
        activation: 'softmax',
        kernelInitializer: tf.initializers.randomNormal({ stddev: 0.05, seed }),
      }),
    ],
  })
  const t = await createTrainer(m, {
    loss: 'categoricalCrossentropy',
    optimizer: adam(0.001),
    seed,
    initialWeights: 'model',
  })
  const bytes = writeSafetensors(await t.weights())
  await t.close()
  return { bytes, topology: t.topology, sha1: hex('sha1', bytes) }
}
function put(p, b) {
  mkdirSync(dirname(p), { recursive: true })
  writeFileSync(p + '.x', b)
  renameSync(p + '.x', p)
}
function deploy(
  folder,
  m,
  { task = 'cifar10', revision = 1, acc = 0.436, classNames = C10, ago = 12, corrupt = false } = {},
) {
  const at = new Date(Date.now() - ago * 1000).toISOString()
  const cur = {
    deployment: { task, revision, sha1: m.sha1, at, by: 'auto', reason: 'x' },
    task: { name: task, classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
    topology: m.topology,
    model: {
      sha1: m.sha1,
      sha256: hex('sha256', m.bytes),
      sizeBytes: m.bytes.length,
      task,
      classNames,
      metrics: { testAccuracy: acc },
      parameterCount: 1,
      testSet: { fingerprint: '0'.repeat(64), count: 10000 },
      engine: 't',
      preprocessing: {
        width: 32,
        height: 32,
        channels: 'rgb',
        fit: 'fill',
        kernel: 'lanczos3',
        scale: 1 / 255,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      origins: [],
      params: {},
      seed: 1,
      finite: true,
      createdAt: at,
      verdict: { deployed: true, code: 'deployed', reason: 'x', at },
    },
  }
  put(
    join(folder, 'blobs-v1/sha1', m.sha1.slice(0, 2), m.sha1.slice(2)),
    corrupt ? Buffer.concat([m.bytes.slice(0, -1), Buffer.from([1])]) : m.bytes,
  )
  put(join(folder, 'deployed', task, 'current.json'), JSON.stringify(cur))
}
const [a, b] = [await make(1, 10), await make(2, 10)]
const cat = Buffer.from(
  (await import('node:fs'))
    .readFileSync('/work/shared/ui/demo.html', 'utf8')
    .match(/<symbol id="pic-cat"[^>]*>(.*?)<\/symbol>/s)[1],
)
const svg = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="900" viewBox="-40 0 400 320">${cat}</svg>`,
)
const jpg = await sharp(svg).jpeg().toBuffer()
const breeds = Array.from(
  { length: 37 },
  (_, i) =>
    [
      'Abyssinian',
      'american bulldog',
      'Bengal',
      'Egyptian Mau',
      'german shorthaired pointer',
      'staffordshire bull terrier',
      'Sphynx',
    ][i % 7] +
    ' ' +
    (i + 1),
)
const br = await make(3, 37)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  ],
})
const problems = []
const states = {
  idle: async ({ page }) => {},
  over: async ({ page }) => {
    await page.evaluate(() => {
      const d = new DataTransfer()
      d.items.add(new File(['x'], 'a.png'))
      window.dispatchEvent(new DragEvent('dragenter', { dataTransfer: d }))
    })
  },
  busy: async ({ page }) => {
    await page.route('**/api/predict*', () => {})
    await drop(page)
    await page.waitForSelector('.veil')
  },
  result: async ({ page }) => {
    await fake(page, [
      ['cat', 0.87],
      ['dog', 0.08],
      ['frog', 0.02],
      ['deer', 0.01],
      ['bird', 0.008],
    ])
    for (let i = 0; i < 3; i++) {
      await drop(page)
      await page.waitForSelector('[data-testid=phrase]')
      if (i < 2) {
        await page.getByText('Another picture').click()
      }
    }
  },
  toast: async ({ page, folder }) => {
    deploy(folder, b, { revision: 2, acc: 0.4612, ago: 0 })
    await page.waitForSelector('[data-testid=toast]')
  },
  unsure: async ({ page }) => {
    await fake(page, [
      ['airplane', 0.41],
      ['dog', 0.33],
      ['frog', 0.11],
      ['deer', 0.08],
      ['bird', 0.04],
    ])
    await drop(page)
    await page.waitForSelector('[data-testid=phrase]')
    await page.getByText('Keep this answer').click()
  },
  refused: async ({ page }) => {
    await page.setInputFiles('[data-testid=file]', {
      name: 'holiday.heic',
      mimeType: 'image/heic',
      buffer: Buffer.from('nothing'),
    })
    await page.waitForSelector('[data-testid=refusal]')
  },
  stale: async ({ page, folder }) => {
    deploy(folder, b, { revision: 2, corrupt: true })
    await page.waitForSelector('[data-testid=stale]')
  },
  lost: async ({ page, demo }) => {
    await demo.close()
    await page.waitForSelector('[data-testid=away]')
  },
  camera: async ({ page }) => {
    await page.getByText('Camera').click()
    await page.waitForSelector('button.primary:enabled')
  },
  nomodel: async () => {},
  breeds: async () => {},
  tip: async ({ page }) => {
    await page.locator('.model .explain').hover()
  },
}
async function drop(page) {
  await page.setInputFiles('[data-testid=file]', { name: 'cat-on-sill.jpg', mimeType: 'image/jpeg', buffer: jpg })
}
async function fake(page, list) {
  await page.route('**/api/predict*', async (r) => {
    const body = await (await r.fetch()).json()
    await r.fulfill({
      json: { ...body, predictions: list.map(([className, probability]) => ({ className, probability })) },
    })
  })
}
for (const [name, run] of Object.entries(states)) {
  if (only && only !== name) continue
  for (const [w, h] of [
    [1440, 900],
    [1024, 768],
    [390, 844],
    [320, 640],
  ])
    for (const theme of ['light', 'dark']) {
      if (w === 320 && theme === 'dark') continue
      const folder = mkdtempSync('/tmp/demo-exp/s')
      if (name !== 'nomodel') {
        if (name === 'breeds') deploy(folder, br, { task: 'pet-breeds', classNames: breeds })
        else {
          deploy(folder, a)
          if (name !== 'idle') deploy(folder, br, { task: 'pet-breeds', classNames: breeds })
        }
      }
      const demo = await startDemo(
        { folder, port: 0, host: '127.0.0.1', store: null, mirror: false, allowHosts: [], token: null },
        { log() {}, random: Math.random },
      )
      const ctx = await browser.newContext({
        viewport: { width: w, height: h },
        colorScheme: theme,
        hasTouch: w < 720,
        isMobile: w < 720,
        permissions: ['camera'],
      })
      const page = await ctx.newPage()
      page.on('console', (m) => {
        if (m.type() === 'error' || m.type() === 'warning') {
          if (name === 'lost' && /WebSocket/.test(m.text())) return
          problems.push(`${name} ${w} ${theme}: ${m.text()}`)
        }
      })
      page.on('pageerror', (e) => problems.push(`${name} ${w}: ${e}`))
      await page.goto(demo.url)
      await page.waitForFunction(() => !document.body.innerText.includes('Connecting'))
      await run({ page, folder, demo })
      await page.waitForTimeout(350)
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (over > 0) problems.push(`${name} ${w} overflow ${over}`)
      if (w !== 320 || ['idle', 'result'].includes(name))
        await page.screenshot({ path: `/tmp/shots/${name}-${w}-${theme}.png` })
      await ctx.close()
      await demo.close().catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    }
}
await browser.close()
console.log(problems.join('\n') || 'no problems')
process.exit(0)
