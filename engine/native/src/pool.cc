// Maxima and means over windows, channel by channel.

#include <algorithm>
#include <limits>

#include "windows.h"

namespace pawprint {
namespace {

struct Shapes {
  int64_t batch, channels;
  Windows w;
  Axis rows, columns;

  explicit Shapes(Arguments& a)
      : batch(a.integer()), channels(a.integer()), w(a), rows(rowsOf(w)), columns(columnsOf(w)) {}

  int64_t inputSize() const { return w.inputHeight * w.inputWidth * channels; }
  int64_t outputSize() const { return w.outputHeight * w.outputWidth * channels; }
};

VECTORISED void larger(float* __restrict y, const float* __restrict x, int64_t count) {
  for (int64_t c = 0; c < count; c++) y[c] = x[c] > y[c] ? x[c] : y[c];
}

/// Gives `dy` to a pixel that has the maximum `y` where none before had it; `left` is what was not given yet.
VECTORISED void give(float* __restrict dx, float* __restrict left, const float* __restrict x, const float* __restrict y,
                     int64_t count) {
  for (int64_t c = 0; c < count; c++) {
    const float given = x[c] == y[c] ? left[c] : 0.f;
    dx[c] += given;
    left[c] -= given;
  }
}

VECTORISED void addScaled(float* __restrict y, const float* __restrict x, float factor, int64_t count) {
  for (int64_t c = 0; c < count; c++) y[c] += x[c] * factor;
}

/// Calls `visit` with each output pixel and the pixels under its window.
template <typename Visit>
void eachWindow(const Shapes& s, const Visit& visit) {
  for (int64_t n = 0; n < s.batch; n++)
    for (int64_t oy = 0; oy < s.w.outputHeight; oy++)
      for (int64_t ox = 0; ox < s.w.outputWidth; ox++) {
        const auto &rows = s.rows.ofOutput[oy], &columns = s.columns.ofOutput[ox];
        visit(n * s.outputSize() + (oy * s.w.outputWidth + ox) * s.channels,
              static_cast<int64_t>(rows.size() * columns.size()), [&](const auto& each) {
                for (const Meeting& y : rows)
                  for (const Meeting& x : columns)
                    each(n * s.inputSize() + (y.other * s.w.inputWidth + x.other) * s.channels);
              });
      }
}

/// Whether every pixel lies in exactly one window of 2 × 2: the usual case.
bool areSquares(const Windows& w) {
  return w.height == 2 && w.width == 2 && w.strideY == 2 && w.strideX == 2 && w.dilationY == 1 && w.dilationX == 1 &&
         w.padTop == 0 && w.padLeft == 0 && w.outputHeight * 2 == w.inputHeight && w.outputWidth * 2 == w.inputWidth;
}

/// A row of maxima over squares; `x` is the upper of the two rows.
VECTORISED void maximaOfSquares(float* __restrict y, const float* __restrict x, int64_t squares, int64_t channels) {
  const int64_t row = 2 * squares * channels;
  for (int64_t square = 0; square < squares; square++, x += 2 * channels, y += channels)
    for (int64_t c = 0; c < channels; c++) {
      const float upper = x[channels + c] > x[c] ? x[channels + c] : x[c];
      const float lower = x[row + channels + c] > x[row + c] ? x[row + channels + c] : x[row + c];
      y[c] = lower > upper ? lower : upper;
    }
}

/// A row of gradients shared out among the pixels of their squares.
VECTORISED void shareOut(float* __restrict dx, const float* __restrict x, const float* __restrict dy, int64_t squares,
                         int64_t channels) {
  const int64_t row = 2 * squares * channels;
  for (int64_t square = 0; square < squares; square++, x += 2 * channels, dx += 2 * channels, dy += channels)
    for (int64_t c = 0; c < channels; c++) {
      const float a = x[c], b = x[channels + c], d = x[row + c], e = x[row + channels + c];
      const float upper = b > a ? b : a, lower = e > d ? e : d, largest = lower > upper ? lower : upper;
      const float toA = a == largest ? dy[c] : 0.f, afterA = dy[c] - toA;
      const float toB = b == largest ? afterA : 0.f, afterB = afterA - toB;
      const float toD = d == largest ? afterB : 0.f, afterD = afterB - toD;
      dx[c] = toA;
      dx[channels + c] = toB;
      dx[row + c] = toD;
      dx[row + channels + c] = e == largest ? afterD : 0.f;
    }
}

/// images → maxima
Kernel maxPool(Arguments& a) {
  const Shapes s(a);
  const float* x = a.place();
  float* y = a.place();
  const int64_t rows = s.batch * s.w.outputHeight, width = s.w.outputWidth * s.channels;
  if (areSquares(s.w))
    return [=] {
      for (int64_t row = 0; row < rows; row++)
        maximaOfSquares(y + row * width, x + row * 4 * width, s.w.outputWidth, s.channels);
    };
  return [=] {
    eachWindow(s, [=](int64_t output, int64_t, const auto& taps) {
      bool isFirst = true;
      taps([&](int64_t input) {
        if (isFirst)
          std::copy_n(x + input, s.channels, y + output);
        else
          larger(y + output, x + input, s.channels);
        isFirst = false;
      });
    });
  };
}

/// (images, gradient of the maxima) → gradient of the images; the first of equal maxima gets all of it
Kernel maxPoolGrad(Arguments& a) {
  const Shapes s(a);
  const float *x = a.place(), *dy = a.place();
  float* dx = a.place();
  const int64_t rows = s.batch * s.w.outputHeight, width = s.w.outputWidth * s.channels;
  if (areSquares(s.w))
    return [=] {
      for (int64_t row = 0; row < rows; row++)
        shareOut(dx + row * 4 * width, x + row * 4 * width, dy + row * width, s.w.outputWidth, s.channels);
    };
  std::vector<float> y(s.channels), left(s.channels);
  return [=]() mutable {
    std::fill_n(dx, s.batch * s.inputSize(), 0.f);
    eachWindow(s, [&](int64_t output, int64_t, const auto& taps) {
      std::fill(y.begin(), y.end(), -std::numeric_limits<float>::infinity());
      std::copy_n(dy + output, s.channels, left.data());
      taps([&](int64_t input) { larger(y.data(), x + input, s.channels); });
      taps([&](int64_t input) { give(dx + input, left.data(), x + input, y.data(), s.channels); });
    });
  };
}

/// images → means; padding is not counted
Kernel avgPool(Arguments& a) {
  const Shapes s(a);
  const float* x = a.place();
  float* y = a.place();
  return [=] {
    std::fill_n(y, s.batch * s.outputSize(), 0.f);
    eachWindow(s, [=](int64_t output, int64_t count, const auto& taps) {
      taps([&](int64_t input) { addScaled(y + output, x + input, 1.f / count, s.channels); });
    });
  };
}

/// gradient of the means → gradient of the images
Kernel avgPoolGrad(Arguments& a) {
  const Shapes s(a);
  const float* dy = a.place();
  float* dx = a.place();
  return [=] {
    std::fill_n(dx, s.batch * s.inputSize(), 0.f);
    eachWindow(s, [=](int64_t output, int64_t count, const auto& taps) {
      taps([&](int64_t input) { addScaled(dx + input, dy + output, 1.f / count, s.channels); });
    });
  };
}

}  // namespace

const Kernels poolKernels = {
    {"maxPool", maxPool}, {"maxPoolGrad", maxPoolGrad}, {"avgPool", avgPool}, {"avgPoolGrad", avgPoolGrad}};

}  // namespace pawprint
