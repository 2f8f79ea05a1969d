// What losses need of rows of classes. Labels are floats that hold whole numbers.

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace pawprint {
namespace {

/// Calls `visit` with the number of each row.
template <typename Visit>
Kernel eachRow(int64_t rows, Visit visit) {
  return [=] {
    for (int64_t i = 0; i < rows; i++) visit(i);
  };
}

float logSumExp(const float* row, int64_t width) {
  const float largest = *std::max_element(row, row + width);
  float total = 0;
  for (int64_t i = 0; i < width; i++) total += std::exp(row[i] - largest);
  return largest + std::log(total);
}

int64_t firstLargest(const float* row, int64_t width) { return std::max_element(row, row + width) - row; }

Kernel softmax(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer();
  const float* x = a.place();
  float* y = a.place();
  return eachRow(rows, [=](int64_t i) {
    const float norm = logSumExp(x + i * width, width);
    for (int64_t j = 0; j < width; j++) y[i * width + j] = std::exp(x[i * width + j] - norm);
  });
}

/// (logits, labels) → losses
Kernel crossEntropy(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer();
  const float *x = a.place(), *labels = a.place();
  float* y = a.place();
  return eachRow(rows, [=](int64_t i) {
    y[i] = logSumExp(x + i * width, width) - x[i * width + static_cast<int64_t>(labels[i])];
  });
}

Kernel oneHot(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer();
  const float* labels = a.place();
  float* y = a.place();
  return eachRow(rows, [=](int64_t i) {
    std::fill_n(y + i * width, width, 0.f);
    y[i * width + static_cast<int64_t>(labels[i])] = 1;
  });
}

/// (logits, labels) → 1 where the first of the largest is the label's
Kernel isCorrect(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer();
  const float *x = a.place(), *labels = a.place();
  float* y = a.place();
  return eachRow(rows, [=](int64_t i) {
    y[i] = firstLargest(x + i * width, width) == static_cast<int64_t>(labels[i]) ? 1.f : 0.f;
  });
}

Kernel firstMax(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer();
  const float* x = a.place();
  float* y = a.place();
  return eachRow(rows, [=](int64_t i) {
    std::fill_n(y + i * width, width, 0.f);
    y[i * width + firstLargest(x + i * width, width)] = 1;
  });
}

}  // namespace

const Kernels lossKernels = {{"softmax", softmax},
                             {"crossEntropy", crossEntropy},
                             {"oneHot", oneHot},
                             {"isCorrect", isCorrect},
                             {"firstMax", firstMax}};

}  // namespace pawprint
