#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>

// Loops compiled for several kinds of processor; the program takes the best that the one it runs on has.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

namespace pawprint {

/// The numbers of one instruction, taken in order. Places of values are offsets in the arena, in floats.
class Arguments {
 public:
  Arguments(const double* numbers, size_t count, float* arena) : next_(numbers), end_(numbers + count), arena_(arena) {}

  int64_t integer() {
    if (next_ == end_) throw std::invalid_argument("an instruction with too few numbers");
    return static_cast<int64_t>(*next_++);
  }
  float* place() { return arena_ + integer(); }
  bool done() const { return next_ == end_; }

 private:
  const double* next_;
  const double* end_;
  float* arena_;
};

/// One instruction, ready to run: its sizes and places are fixed.
using Kernel = std::function<void()>;
using Make = Kernel (*)(Arguments&);
/// Kernels by name. One table per family of operations, as in ../../src/ir.
using Kernels = std::unordered_map<std::string, Make>;

extern const Kernels convKernels;
extern const Kernels depthwiseKernels;
extern const Kernels linearKernels;
extern const Kernels lossKernels;
extern const Kernels mapKernels;
extern const Kernels poolKernels;
extern const Kernels shapeKernels;

}  // namespace pawprint
