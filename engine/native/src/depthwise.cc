// Convolution of each channel by itself, one filter per channel or several. Channels lie side by side, so sixteen of them are one vector.

#include <algorithm>

#include "windows.h"

namespace pawprint {
namespace {

constexpr int64_t LANES = 16;

struct Shapes {
  int64_t batch, channels, multiplier;
  Windows w;
  Axis rows, columns;

  explicit Shapes(Arguments& a)
      : batch(a.integer()),
        channels(a.integer()),
        multiplier(a.integer()),
        w(a),
        rows(rowsOf(w)),
        columns(columnsOf(w)) {}

  int64_t taps() const { return w.height * w.width; }
  int64_t outputChannels() const { return channels * multiplier; }
};

/// Sixteen channels. On processors with shorter registers the compiler makes several of it.
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));

/// All pixels of one side from those of the other: for each channel the sum over all meetings of `from` × `filter`.
VECTORISED void pixels(float* to, const float* from, const float* filter, int64_t batch, int64_t channels,
                       const Meetings& rows, const Meetings& columns, int64_t fromHeight, int64_t fromWidth,
                       int64_t kernelWidth) {
  const int64_t whole = channels / LANES * LANES;
  for (int64_t n = 0; n < batch; n++, from += fromHeight * fromWidth * channels)
    for (const auto& ys : rows)
      for (const auto& xs : columns) {
        for (int64_t c = 0; c < whole; c += LANES) {
          Lanes sums = {};
          for (const Meeting& y : ys)
            for (const Meeting& x : xs)
              sums += *reinterpret_cast<const Lanes*>(from + (y.other * fromWidth + x.other) * channels + c) *
                      *reinterpret_cast<const Lanes*>(filter + (y.tap * kernelWidth + x.tap) * channels + c);
          *reinterpret_cast<Lanes*>(to + c) = sums;
        }
        for (int64_t c = whole; c < channels; c++) {
          float sum = 0;
          for (const Meeting& y : ys)
            for (const Meeting& x : xs)
              sum += from[(y.other * fromWidth + x.other) * channels + c] *
                     filter[(y.tap * kernelWidth + x.tap) * channels + c];
          to[c] = sum;
        }
        to += channels;
      }
}

/// With several filters per channel, number by number.
void scattered(const Shapes& s, const std::function<void(int64_t image, int64_t filter, int64_t output)>& visit) {
  const Windows& w = s.w;
  for (int64_t n = 0; n < s.batch; n++)
    for (int64_t oy = 0; oy < w.outputHeight; oy++)
      for (const Meeting& y : s.rows.ofOutput[oy])
        for (int64_t ox = 0; ox < w.outputWidth; ox++)
          for (const Meeting& x : s.columns.ofOutput[ox])
            for (int64_t c = 0; c < s.outputChannels(); c++)
              visit(((n * w.inputHeight + y.other) * w.inputWidth + x.other) * s.channels + c / s.multiplier,
                    (y.tap * w.width + x.tap) * s.outputChannels() + c,
                    ((n * w.outputHeight + oy) * w.outputWidth + ox) * s.outputChannels() + c);
}

int64_t inputSize(const Shapes& s) { return s.batch * s.w.inputHeight * s.w.inputWidth * s.channels; }
int64_t outputSize(const Shapes& s) { return s.batch * s.w.outputHeight * s.w.outputWidth * s.outputChannels(); }

/// (images, filters) → output
Kernel forward(Arguments& a) {
  const Shapes s(a);
  const float *image = a.place(), *filter = a.place();
  float* output = a.place();
  if (s.multiplier == 1)
    return [=] {
      pixels(output, image, filter, s.batch, s.channels, s.rows.ofOutput, s.columns.ofOutput, s.w.inputHeight,
             s.w.inputWidth, s.w.width);
    };
  return [=] {
    std::fill_n(output, outputSize(s), 0.f);
    scattered(s, [=](int64_t i, int64_t f, int64_t o) { output[o] += image[i] * filter[f]; });
  };
}

/// (gradient of the output, filters) → gradient of the images
Kernel gradInput(Arguments& a) {
  const Shapes s(a);
  const float *output = a.place(), *filter = a.place();
  float* image = a.place();
  if (s.multiplier == 1)
    return [=] {
      pixels(image, output, filter, s.batch, s.channels, s.rows.ofInput, s.columns.ofInput, s.w.outputHeight,
             s.w.outputWidth, s.w.width);
    };
  return [=] {
    std::fill_n(image, inputSize(s), 0.f);
    scattered(s, [=](int64_t i, int64_t f, int64_t o) { image[i] += output[o] * filter[f]; });
  };
}

/// Adds what one image gives to the gradient of the filters, [taps, channels].
VECTORISED void addFilters(float* __restrict filter, const float* __restrict image, const float* __restrict output,
                           const Shapes& s) {
  const int64_t channels = s.channels;
  for (int64_t oy = 0; oy < s.w.outputHeight; oy++)
    for (const Meeting& y : s.rows.ofOutput[oy])
      for (int64_t ox = 0; ox < s.w.outputWidth; ox++) {
        const float* dy = output + (oy * s.w.outputWidth + ox) * channels;
        for (const Meeting& x : s.columns.ofOutput[ox]) {
          const float* pixel = image + (y.other * s.w.inputWidth + x.other) * channels;
          float* sums = filter + (y.tap * s.w.width + x.tap) * channels;
          for (int64_t c = 0; c < channels; c++) sums[c] += pixel[c] * dy[c];
        }
      }
}

/// (images, gradient of the output) → gradient of the filters
Kernel gradFilter(Arguments& a) {
  const Shapes s(a);
  const float *image = a.place(), *output = a.place();
  float* filter = a.place();
  const int64_t size = s.taps() * s.outputChannels();
  if (s.multiplier > 1)
    return [=] {
      std::fill_n(filter, size, 0.f);
      scattered(s, [=](int64_t i, int64_t f, int64_t o) { filter[f] += image[i] * output[o]; });
    };
  // Image by image, then all of them: long sums are made of shorter ones.
  std::vector<float> part(size);
  return [=]() mutable {
    std::fill_n(filter, size, 0.f);
    for (int64_t n = 0; n < s.batch; n++) {
      std::fill_n(part.data(), size, 0.f);
      addFilters(part.data(), image + n * inputSize(s) / s.batch, output + n * outputSize(s) / s.batch, s);
      for (int64_t i = 0; i < size; i++) filter[i] += part[i];
    }
  };
}

}  // namespace

const Kernels depthwiseKernels = {
    {"depthwiseConv2d", forward}, {"depthwiseConv2dGradInput", gradInput}, {"depthwiseConv2dGradFilter", gradFilter}};

}  // namespace pawprint
