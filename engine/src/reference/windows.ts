import type { Windows } from '../ir/windows.ts'

/**
 * Calls `visit` with every tap of every window: the output pixel and the input pixel, counted row-major over the whole batch, and the tap,
 * counted row-major over the window. Output by output, tap by tap; taps in the padding are left out.
 */
export function eachTap(w: Windows, batch: number, visit: (output: number, tap: number, pixel: number) => void): void {
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < w.outputHeight; oy++)
      for (let ox = 0; ox < w.outputWidth; ox++)
        for (let ky = 0; ky < w.height; ky++)
          for (let kx = 0; kx < w.width; kx++) {
            const iy = oy * w.strideY - w.padTop + ky * w.dilationY
            const ix = ox * w.strideX - w.padLeft + kx * w.dilationX
            if (iy < 0 || ix < 0 || iy >= w.inputHeight || ix >= w.inputWidth) continue
            visit(
              (n * w.outputHeight + oy) * w.outputWidth + ox,
              ky * w.width + kx,
              (n * w.inputHeight + iy) * w.inputWidth + ix,
            )
          }
}
