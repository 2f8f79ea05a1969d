#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pawprint {

/// d[i] = f(a[i], b[i]); a function of one number does not look at b. `d` may be `a` or `b`.
using Function = void(float* d, const float* a, const float* b, int64_t count);

/// The functions of ../../src/ir/elementwise.ts and `copy`, by name; a program names them by their place here.
extern const std::vector<std::pair<std::string, Function*>> functions;

}  // namespace pawprint
