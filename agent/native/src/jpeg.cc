#include "jpeg.h"

#include <algorithm>
#include <csetjmp>
// jpeglib.h speaks of FILE, which it does not include.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

namespace pawprint {
namespace {

/// What the decoder shrinks by, so that a factor of two is left for the resizing, as sharp's pipeline.cc has it (fastShrinkOnLoad: false).
int decoderShrink(double factor) {
  int shrink = 1;
  for (const int one : {2, 4, 8})
    if (factor >= 2 * one) shrink = one;
  return shrink;
}

/// libjpeg's decoder, which jumps to `leave` at the first error, and at the first warning: of damaged data.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf leave;

  Decoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr any) { jump(any); };
    errors.emit_message = [](j_common_ptr any, int level) {
      if (level < 0) jump(any);
    };
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  [[noreturn]] static void jump(j_common_ptr any) { std::longjmp(static_cast<Decoder*>(any->client_data)->leave, 1); }
};

/// Whether all of a progressive JPEG has come: where it has not, libjpeg smooths what is there, each version in its own way.
bool isWhole(const jpeg_decompress_struct& info) {
  if (!info.progressive_mode) return true;
  for (int component = 0; component < info.num_components; component++)
    for (const int missingBits : info.coef_bits[component])
      if (missingBits != 0) return false;
  return true;
}

/// A picture as the decoder has shrunk it.
struct Shrunk {
  /// Before that.
  int width, height;
  /// Of whole pixels: libjpeg rounds up, but libvips leaves out what would be less than one.
  int shrunkWidth;
  Bytes pixels;
  Bytes row;
};

/// False where the JPEG is not plain. Nothing in here may have a destructor: an error jumps over it.
bool decode(Decoder& decoder, const uint8_t* bytes, size_t size, int side, double maxPixels, Shrunk& to) {
  jpeg_decompress_struct& info = decoder.info;
  if (setjmp(decoder.leave) != 0) return false;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes, size);
  // Exif may turn it, a profile changes its colours: the first segment that may be one of them ends it.
  for (const int marker : {1, 2})
    jpeg_set_marker_processor(&info, JPEG_APP0 + marker, [](j_decompress_ptr any) -> boolean {
      Decoder::jump(reinterpret_cast<j_common_ptr>(any));
    });
  jpeg_read_header(&info, TRUE);
  if (info.jpeg_color_space != JCS_YCbCr) return false;
  to.width = static_cast<int>(info.image_width);
  to.height = static_cast<int>(info.image_height);
  const int smaller = std::min(to.width, to.height);
  if (smaller < side || static_cast<double>(to.width) * to.height > maxPixels) return false;
  const int shrink = decoderShrink(static_cast<double>(smaller) / side);
  info.scale_num = 1;
  info.scale_denom = shrink;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  if (!isWhole(info)) return false;
  to.shrunkWidth = to.width / shrink;
  const size_t rowBytes = static_cast<size_t>(to.shrunkWidth) * info.output_components;
  const size_t rows = to.height / shrink;
  to.pixels.resize(rowBytes * rows);
  to.row.resize(static_cast<size_t>(info.output_width) * info.output_components);
  JSAMPROW row = to.row.data();
  while (info.output_scanline < info.output_height) {
    const size_t at = info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
    if (at < rows) std::copy(row, row + rowBytes, to.pixels.data() + at * rowBytes);
  }
  jpeg_finish_decompress(&info);
  return true;
}

}  // namespace

std::optional<Picture> decodeJpeg(const uint8_t* bytes, size_t size, int side, double maxPixels) {
  Decoder decoder;
  Shrunk shrunk{};
  if (!decode(decoder, bytes, size, side, maxPixels, shrunk)) return std::nullopt;
  return Picture{shrunk.width, shrunk.height, shrink(shrunk.pixels, shrunk.shrunkWidth, side)};
}

}  // namespace pawprint
