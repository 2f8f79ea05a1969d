#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel.h"

namespace pawprint {

/// What an input's numbers are; in the arena all of them are floats.
enum class Element : int64_t { real, integer, byte };

/// Numbers that come from outside: once per call, or another part for each step.
struct Input {
  int64_t place, size;
  Element element;
  bool isEach;
};

/// Numbers that leave: at the end of a call, or after each step.
struct Output {
  int64_t place, size;
  bool isEach;
};

struct Instruction {
  std::string kernel;
  std::vector<double> numbers;
};

/// Bytes with an address that fits whole cache lines, and large pages where the system has them.
class Arena {
 public:
  explicit Arena(size_t floats);
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* data) const;
  };
  std::unique_ptr<float, Free> data_;
};

/// Instructions over one arena of floats, in which every value has its place.
class Program {
 public:
  /// Constants lie at the start of the arena. Throws for an unknown kernel or wrong numbers.
  Program(size_t arenaSize, const std::vector<float>& constants, std::vector<Input> inputs, std::vector<Output> outputs,
          const std::vector<Instruction>& instructions, int threads);

  /// Runs all instructions `steps` times on the calling thread. `from` and `to` are in the order of inputs and outputs.
  void run(int64_t steps, const std::vector<const void*>& from, const std::vector<float*>& to);

  const std::vector<Input>& inputs() const { return inputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }

 private:
  void load(const Input& input, const void* from, int64_t step);

  Arena arena_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<Kernel> kernels_;
  int threads_;
};

}  // namespace pawprint
