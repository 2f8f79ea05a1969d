// Copies: parts of values, and values in another order.

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernel.h"

namespace pawprint {
namespace {

/// `rows` pieces of `width` floats, which lie `from stride` and `to stride` apart.
Kernel copy(Arguments& a) {
  const int64_t rows = a.integer(), width = a.integer(), fromStride = a.integer(), toStride = a.integer();
  const float* from = a.place();
  float* to = a.place();
  return [=] {
    for (int64_t i = 0; i < rows; i++) std::memcpy(to + i * toStride, from + i * fromStride, width * sizeof(float));
  };
}

Kernel zeros(Arguments& a) {
  const int64_t size = a.integer();
  float* to = a.place();
  return [=] { std::fill_n(to, size, 0.f); };
}

/// An axis of a walk: how often, and how far each of two places moves.
struct Step {
  int64_t count, a, b;
};

std::vector<Step> readSteps(Arguments& a) {
  std::vector<Step> steps(a.integer());
  for (Step& step : steps) step = {a.integer(), a.integer(), a.integer()};
  return steps;
}

/// Walks along all axes but the last, for which it calls `visit`.
template <typename Visit>
void walk(const std::vector<Step>& steps, size_t axis, int64_t a, int64_t b, const Visit& visit) {
  const Step& step = steps[axis];
  if (axis + 1 == steps.size()) return visit(step, a, b);
  for (int64_t i = 0; i < step.count; i++) walk(steps, axis + 1, a + i * step.a, b + i * step.b, visit);
}

/// Copies number by number: transposition, and numpy's broadcasting where a stride is 0. The target is written in order.
Kernel gather(Arguments& a) {
  const std::vector<Step> steps = readSteps(a);
  const float* from = a.place();
  float* to = a.place();
  return [=] {
    walk(steps, 0, 0, 0, [=](const Step& last, int64_t f, int64_t t) {
      for (int64_t i = 0; i < last.count; i++) to[t + i * last.b] = from[f + i * last.a];
    });
  };
}

}  // namespace

const Kernels shapeKernels = {{"copy", copy}, {"zeros", zeros}, {"gather", gather}};

}  // namespace pawprint
