#pragma once

#include <vector>

#include "kernel.h"

namespace pawprint {

/// How a window slides over an image; the fields of `Windows` in ../../src/ir/windows.ts, in its order.
struct Windows {
  int64_t inputHeight, inputWidth, height, width, strideY, strideX, dilationY, dilationX, padTop, padLeft, outputHeight,
      outputWidth;

  explicit Windows(Arguments& a) {
    for (int64_t* field : {&inputHeight, &inputWidth, &height, &width, &strideY, &strideX, &dilationY, &dilationX,
                           &padTop, &padLeft, &outputHeight, &outputWidth})
      *field = a.integer();
  }
};

/// Two rows (or two columns) that meet under a tap of a window.
struct Meeting {
  int64_t tap, other;
};
/// For each row (or column), those that it meets, in the order of taps.
using Meetings = std::vector<std::vector<Meeting>>;

/// For each output row the input rows under its window, and the other way round.
struct Axis {
  Meetings ofOutput, ofInput;

  Axis(int64_t inputs, int64_t outputs, int64_t taps, int64_t stride, int64_t dilation, int64_t pad)
      : ofOutput(outputs), ofInput(inputs) {
    for (int64_t tap = 0; tap < taps; tap++)
      for (int64_t output = 0; output < outputs; output++) {
        const int64_t input = output * stride - pad + tap * dilation;
        if (input < 0 || input >= inputs) continue;
        ofOutput[output].push_back({tap, input});
        ofInput[input].push_back({tap, output});
      }
  }
};

inline Axis rowsOf(const Windows& w) {
  return {w.inputHeight, w.outputHeight, w.height, w.strideY, w.dilationY, w.padTop};
}
inline Axis columnsOf(const Windows& w) {
  return {w.inputWidth, w.outputWidth, w.width, w.strideX, w.dilationX, w.padLeft};
}

}  // namespace pawprint
