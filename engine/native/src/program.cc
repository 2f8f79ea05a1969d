#include "program.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace pawprint {
namespace {

/// While it lives, numbers too small to be normal count as zero: moments of weights that get no gradient fade into such, with which some processors are many
/// times slower.
class DenormalsAreZero {
#if defined(__x86_64__)
 public:
  DenormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~DenormalsAreZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#endif
};

Make find(const std::string& name) {
  for (const Kernels* kernels :
       {&convKernels, &depthwiseKernels, &linearKernels, &lossKernels, &mapKernels, &poolKernels, &shapeKernels}) {
    const auto found = kernels->find(name);
    if (found != kernels->end()) return found->second;
  }
  throw std::invalid_argument("no kernel is called " + name);
}

template <typename T>
void convert(float* to, const T* from, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = static_cast<float>(from[i]);
}

constexpr size_t LARGE_PAGE = size_t{2} << 20;

}  // namespace

Arena::Arena(size_t floats) {
  const size_t bytes = (floats * sizeof(float) / LARGE_PAGE + 1) * LARGE_PAGE;
  data_.reset(static_cast<float*>(std::aligned_alloc(LARGE_PAGE, bytes)));
  if (data_ == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  madvise(data_.get(), bytes, MADV_HUGEPAGE);
#endif
}

void Arena::Free::operator()(float* data) const { std::free(data); }

Program::Program(size_t arenaSize, const std::vector<float>& constants, std::vector<Input> inputs,
                 std::vector<Output> outputs, const std::vector<Instruction>& instructions, int threads)
    : arena_(arenaSize), inputs_(std::move(inputs)), outputs_(std::move(outputs)), threads_(threads) {
  omp_set_num_threads(threads_);
  std::copy(constants.begin(), constants.end(), arena_.data());
  for (const auto& [name, numbers] : instructions) {
    Arguments arguments(numbers.data(), numbers.size(), arena_.data());
    kernels_.push_back(find(name)(arguments));
    if (!arguments.done()) throw std::invalid_argument(name + ": more numbers than it takes");
  }
}

void Program::load(const Input& input, const void* from, int64_t step) {
  float* to = arena_.data() + input.place;
  const int64_t start = input.isEach ? step * input.size : 0;
  switch (input.element) {
    case Element::real:
      return std::copy_n(static_cast<const float*>(from) + start, input.size, to), void();
    case Element::integer:
      return convert(to, static_cast<const int32_t*>(from) + start, input.size);
    case Element::byte:
      return convert(to, static_cast<const uint8_t*>(from) + start, input.size);
  }
}

void Program::run(int64_t steps, const std::vector<const void*>& from, const std::vector<float*>& to) {
  const DenormalsAreZero guard;
  omp_set_num_threads(threads_);
  for (int64_t step = 0; step < steps; step++) {
    for (size_t i = 0; i < inputs_.size(); i++)
      if (inputs_[i].isEach || step == 0) load(inputs_[i], from[i], step);
    for (const Kernel& kernel : kernels_) kernel();
    for (size_t i = 0; i < outputs_.size(); i++) {
      const Output& output = outputs_[i];
      if (output.isEach || step + 1 == steps)
        std::copy_n(arena_.data() + output.place, output.size, to[i] + (output.isEach ? step * output.size : 0));
    }
  }
}

}  // namespace pawprint
