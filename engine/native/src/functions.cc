#include "functions.h"

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace pawprint {
namespace {

// A function over many numbers, as a loop that compilers turn into vectors.
#define LOOP(name, expression)                                                      \
  VECTORISED void name(float* d, const float* pa, const float* pb, int64_t count) { \
    (void)pb;                                                                       \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) {                      \
      const float a = pa[i];                                                        \
      d[i] = expression;                                                            \
    }                                                                               \
  }
#define LOOP2(name, expression)                                                     \
  VECTORISED void name(float* d, const float* pa, const float* pb, int64_t count) { \
    _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) {                      \
      const float a = pa[i], b = pb[i];                                             \
      d[i] = expression;                                                            \
    }                                                                               \
  }

/// eˣ to two units in the last place, without a call, so that loops of it become vectors: 2ⁿ × a polynomial for what is left (Cephes, expf.c). Beyond float's range it
/// is 0 or infinity.
inline __attribute__((always_inline)) float exponential(float x) {
  const float bounded = std::min(std::max(x, -104.f), 89.f);
  const float n = __builtin_floorf(bounded * 1.44269504f + 0.5f);
  const float r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  const float series =
      1.f + r +
      r * r *
          (0.5f +
           r * (1.6666665459e-1f +
                r * (4.1665795894e-2f + r * (8.3334519073e-3f + r * (1.3981999507e-3f + r * 1.9875691500e-4f)))));
  // Two factors, as one alone may be no normal number. NaN stays what it is, since the series is then NaN.
  const int32_t whole = static_cast<int32_t>(n), half = whole / 2;
  union {
    int32_t bits;
    float value;
  } one = {(half + 127) << 23}, two = {(whole - half + 127) << 23};
  return x != x ? x : series * one.value * two.value;
}

/// ln(1 + e⁻ˣ) for x ≥ 0 by the library: exact for large x.
inline float softplusOf(float a) { return std::max(a, 0.f) + std::log1p(std::exp(-std::fabs(a))); }

LOOP(copy, a)
LOOP(relu, a > 0.f ? a : (a != a ? a : 0.f))
LOOP(relu6, a < 0.f ? 0.f : (a > 6.f ? 6.f : a))
LOOP(squareRoot, __builtin_sqrtf(a))
LOOP(exponentials, exponential(a))
LOOP(logarithm, std::log(a))
LOOP(sigmoid, 1.f / (1.f + exponential(-a)))
LOOP(hyperbolicTangent, std::tanh(a))
LOOP(errorFunction, std::erf(a))
LOOP(absolute, __builtin_fabsf(a))
LOOP(sign, a > 0.f ? 1.f : (a < 0.f ? -1.f : 0.f))
LOOP(softplus, softplusOf(a))
LOOP2(plus, a + b)
LOOP2(minus, a - b)
LOOP2(times, a* b)
LOOP2(over, a / b)
LOOP2(gate, a > 0.f ? b : 0.f)
LOOP2(gate6, (a > 0.f && a < 6.f) ? b : 0.f)
LOOP2(greater, a > b ? 1.f : 0.f)

}  // namespace

const std::vector<std::pair<std::string, Function*>> functions = {
    {"copy", copy},         {"relu", relu},      {"relu6", relu6},     {"sqrt", squareRoot},
    {"exp", exponentials},  {"log", logarithm},  {"sigmoid", sigmoid}, {"tanh", hyperbolicTangent},
    {"erf", errorFunction}, {"abs", absolute},   {"sign", sign},       {"softplus", softplus},
    {"add", plus},          {"subtract", minus}, {"multiply", times},  {"divide", over},
    {"gate", gate},         {"gate6", gate6},    {"greater", greater},
};

}  // namespace pawprint
