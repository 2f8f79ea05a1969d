import { imageTypeOf, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, type Preprocessing, show } from '@pawprint/protocol'
import sharp from 'sharp'
import { DemoError } from './error.ts'

// Pictures are not kept: not in the decoder's cache either.
sharp.cache(false)

const WHITE = '#ffffff'
/** EXIF orientations from here on lie on their side. */
const FIRST_TURNED = 5

function checkBytes(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new DemoError('E_EMPTY', 'picture', 'the bytes of a picture', '0 bytes')
  if (bytes.length > MAX_IMAGE_BYTES)
    throw new DemoError('E_IMAGE_BYTES', 'picture', `at most ${MAX_IMAGE_BYTES} bytes`, `${bytes.length}`)
  if (imageTypeOf(bytes) === null)
    throw new DemoError(
      'E_IMAGE_TYPE',
      'picture',
      'PNG, JPEG, WebP or GIF',
      show(Buffer.from(bytes.subarray(0, 16)).toString('latin1')),
    )
}

const unreadable = (error: unknown): DemoError =>
  new DemoError(
    'E_IMAGE',
    'picture',
    'a picture that can be decoded',
    error instanceof Error ? error.message.trim().slice(0, 200) : 'another',
    {
      cause: error,
    },
  )

/** Part of a picture, in pixels of it as it is looked at: integers, at least 1 wide and high. */
export interface Part {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

function checkPart({ left, top, width, height }: Part, size: { width: number; height: number }): void {
  if (left + width <= size.width && top + height <= size.height) return
  const got = `${width} × ${height} from ${left}, ${top}`
  throw new DemoError('E_PART', 'part', `a part inside ${size.width} × ${size.height}`, got)
}

/** Width and height as the picture is looked at, from its header: nothing is decoded yet. */
async function sizeOf(bytes: Uint8Array): Promise<{ width: number; height: number }> {
  // Its own limit is off, so that the error is ours: the pixels are counted here, before any is decoded.
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(error)
    })
  const { width, height, orientation = 1 } = header
  if (width * height > MAX_IMAGE_PIXELS)
    throw new DemoError('E_IMAGE_PIXELS', 'picture', `at most ${MAX_IMAGE_PIXELS} pixels`, `${width} × ${height}`)
  return orientation < FIRST_TURNED ? { width, height } : { width: height, height: width }
}

/**
 * A picture as the model's first layer takes it: `[height, width, channels]` bytes, row-major. Turned as its EXIF says,
 * transparency on white, resized as in training; one of exactly the model's size is not resampled, so its bytes are those that
 * training saw. Of an animation, the first picture. `part`: all that the model is to see of it. Throws DemoError E_EMPTY, E_IMAGE*,
 * E_PART.
 */
export async function pixelsOf(
  bytes: Uint8Array,
  { width, height, channels, fit, kernel }: Preprocessing,
  part?: Part,
): Promise<Uint8Array> {
  checkBytes(bytes)
  const size = await sizeOf(bytes)
  let picture = sharp(bytes, { limitInputPixels: MAX_IMAGE_PIXELS, failOn: 'error' })
    .autoOrient()
    .flatten({ background: WHITE })
  if (part) {
    checkPart(part, size)
    picture = picture.extract({ left: part.left, top: part.top, width: part.width, height: part.height })
  }
  const seen = part ?? size
  if (seen.width !== width || seen.height !== height)
    // Shrinking inside the JPEG decoder would be faster, but is not what training did.
    picture = picture.resize(width, height, { fit, kernel, fastShrinkOnLoad: false })
  picture = picture.toColourspace(channels === 'grey' ? 'b-w' : 'srgb')
  const { data, info } = await picture
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw unreadable(error)
    })
  const wanted = channels === 'grey' ? 1 : 3
  if (info.width !== width || info.height !== height || info.channels !== wanted)
    throw new DemoError(
      'E_IMAGE',
      'picture',
      `${width} × ${height} × ${wanted}`,
      `${info.width} × ${info.height} × ${info.channels}`,
    )
  return data
}
