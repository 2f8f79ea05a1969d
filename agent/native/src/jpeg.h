// Decodes plain JPEGs as sharp does before it resizes them.

#pragma once

#include <optional>

#include "resample.h"

namespace pawprint {

struct Picture {
  /// In pixels, before shrinking.
  int width, height;
  /// `[side, side, 3]`.
  Bytes pixels;
};

/// Nothing where a JPEG is not plain: not YCbCr, with an APP1 or APP2 segment (Exif, XMP, a profile), unfinished, of over `maxPixels`,
/// smaller than `side`, or damaged.
std::optional<Picture> decodeJpeg(const uint8_t* bytes, size_t size, int side, double maxPixels);

}  // namespace pawprint
