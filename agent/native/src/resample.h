// Shrinks RGB pictures to the byte as libvips does (vips_resize, kernel Lanczos 3), which sharp calls.

#pragma once

#include <cstdint>
#include <vector>

namespace pawprint {

using Bytes = std::vector<uint8_t>;

/// `picture` is `[…, width, 3]`, the answer `[side, side, 3]`. Neither side of the picture may be smaller than `side`.
Bytes shrink(const Bytes& picture, int width, int side);

}  // namespace pawprint
