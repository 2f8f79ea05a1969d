// Matrix products by oneDNN; sums and repetitions along axes.

#include <dnnl.h>

#include <algorithm>
#include <vector>

#include "kernel.h"

namespace pawprint {
namespace {

/// [rows, inner] × [inner, columns], each stored transposed where said.
Kernel matMul(Arguments& a) {
  const char transposeA = a.integer() ? 'T' : 'N', transposeB = a.integer() ? 'T' : 'N';
  const int64_t rows = a.integer(), columns = a.integer(), inner = a.integer();
  const float *left = a.place(), *right = a.place();
  float* product = a.place();
  const int64_t strideA = transposeA == 'T' ? rows : inner, strideB = transposeB == 'T' ? inner : columns;
  return [=] {
    if (dnnl_sgemm(transposeA, transposeB, rows, columns, inner, 1, left, strideA, right, strideB, 0, product,
                   columns) != dnnl_success)
      throw std::runtime_error("a matrix product failed");
  };
}

VECTORISED void addRows(float* __restrict total, const float* __restrict rows, int64_t count, int64_t width) {
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width; j++) total[j] += rows[i * width + j];
}

VECTORISED float total(const float* x, int64_t count) {
  // Sixteen sums, as one would wait for itself; their order never changes.
  float lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int lane = 0; lane < 16; lane++) lanes[lane] += x[i + lane];
  float sum = 0;
  for (; i < count; i++) sum += x[i];
  for (float lane : lanes) sum += lane;
  return sum;
}

/// [outer, middle, inner] → [outer, inner]
Kernel sum(Arguments& a) {
  const int64_t outer = a.integer(), middle = a.integer(), inner = a.integer();
  const float* x = a.place();
  float* y = a.place();
  if (inner == 1)
    return [=] {
      for (int64_t i = 0; i < outer; i++) y[i] = total(x + i * middle, middle);
    };
  // Long sums are made of shorter ones, so that rounding does not pile up.
  constexpr int64_t PART = 256;
  std::vector<float> part(inner);
  return [=]() mutable {
    for (int64_t i = 0; i < outer; i++) {
      float* row = y + i * inner;
      std::fill_n(row, inner, 0.f);
      for (int64_t from = 0; from < middle; from += PART) {
        std::fill_n(part.data(), inner, 0.f);
        addRows(part.data(), x + (i * middle + from) * inner, std::min(PART, middle - from), inner);
        addRows(row, part.data(), 1, inner);
      }
    }
  };
}

}  // namespace

const Kernels linearKernels = {{"matMul", matMul}, {"sum", sum}};

}  // namespace pawprint
