import sharp from 'sharp'

const [out, cols, w, ...names] = process.argv.slice(2)
const imgs = await Promise.all(
  names.map((n) => sharp(`/tmp/shots/${n}.png`).resize({ width: +w }).toBuffer({ resolveWithObject: true })),
)
const H = Math.max(...imgs.map((i) => i.info.height))
const C = +cols,
  R = Math.ceil(imgs.length / C)
await sharp({ create: { width: C * (+w + 8), height: R * (H + 8), channels: 3, background: '#f0f' } })
  .composite(imgs.map((im, i) => ({ input: im.data, left: (i % C) * (+w + 8), top: Math.floor(i / C) * (H + 8) })))
  .png()
  .toFile(out)
