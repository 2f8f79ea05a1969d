import { createRequire } from 'node:module'
import { MAX_IMAGE_PIXELS } from '@pawprint/protocol'
import type { SharpConstructor } from 'sharp'
import { CHANNELS } from '../images.ts'
import { seededRandom } from '../random.ts'
import { decodePicture, type Picture } from './decodePicture.ts'

/** `agent/native`, as JavaScript sees it. */
interface Addon {
  /** On another thread; the bytes must not change until then. Throws for a size that is not an integer from 1. */
  decode(bytes: Uint8Array, imageSize: number, maxPixels: number): Promise<Picture | null>
}

/**
 * Decodes a plain JPEG of at least `imageSize` in both directions to the very bytes that sharp would give, in a third of the time (bench/decode). Null for
 * all else, which sharp must see: another format, grey, CMYK, Exif, a colour profile, more than MAX_IMAGE_PIXELS, any damage.
 */
export type JpegDecoder = (bytes: Uint8Array, imageSize: number) => Promise<Picture | null>

const BUILT = '../../../native/build/Release/pictures.node'

function load(): Addon | null {
  try {
    // The addon's own type is that above; TypeScript cannot see it.
    return createRequire(import.meta.url)(BUILT) as Addon
  } catch {
    return null
  }
}

// A picture that tells whether two decoders agree: the JPEG decoder shrinks it not at all, by two, by four and by eight.
const [WIDTH, HEIGHT, SIZES] = [200, 90, [40, 16, 10, 5]] as const

/** Whether the decoder gives sharp's bytes on this machine: its libjpeg is the system's, and sharp may have been updated. */
export async function isLikeSharp(decode: JpegDecoder, sharp: SharpConstructor): Promise<boolean> {
  const random = seededRandom(1)
  const noise = Uint8Array.from({ length: WIDTH * HEIGHT * CHANNELS }, () => random.below(256))
  const picture = sharp(noise, { raw: { width: WIDTH, height: HEIGHT, channels: CHANNELS } })
  const jpeg = await picture.jpeg().toBuffer()
  for (const size of SIZES) {
    const [expected, got] = [await decodePicture(sharp, jpeg, size), await decode(jpeg, size)]
    if (got === null || Buffer.compare(expected.pixels, got.pixels) !== 0) return false
  }
  return true
}

async function open(sharp: SharpConstructor): Promise<JpegDecoder | null> {
  const addon = load()
  if (addon === null) return null
  const decode: JpegDecoder = (bytes, imageSize) => addon.decode(bytes, imageSize, MAX_IMAGE_PIXELS)
  return (await isLikeSharp(decode, sharp)) ? decode : null
}

let opened: Promise<JpegDecoder | null> | undefined

/** The native decoder, which `npm run build:native` builds. Null where it was not built, or gives other bytes than sharp for a drawn picture. */
export function openJpegDecoder(sharp: SharpConstructor): Promise<JpegDecoder | null> {
  opened ??= open(sharp)
  return opened
}
