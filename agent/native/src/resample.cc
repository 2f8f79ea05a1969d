#include "resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

// libvips shrinks by whole factors with a box first, but leaves a factor of two or more to Lanczos' kernel. That has integer weights, for 64
// places between two pixels; rows and then columns go through it, rounded to bytes between. Beyond the edges is what lies on them.

// Where both compiler and system can choose when the program starts.
#if defined(__x86_64__) && defined(__GLIBC__)
#define ON_NEW_PROCESSORS [[gnu::target_clones("avx2", "default")]]
#else
#define ON_NEW_PROCESSORS
#endif

namespace pawprint {
namespace {

constexpr int CHANNELS = 3;
constexpr int LOBES = 3;
/// Factor that is left to the kernel where there is that much to shrink.
constexpr int GAP = 2;
/// Weights are in parts of this.
constexpr int SCALE_BITS = 12;
constexpr int PLACES = 64;
/// libvips makes as many rows at once, and adds up their positions, which rounds otherwise than a product would.
constexpr int ROWS_AT_ONCE = 10;

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return std::abs(x) <= LOBES ? sinc(x) * sinc(x / LOBES) : 0; }

/// How one side of a picture is shrunk.
struct Axis {
  /// Pixels that are averaged first, and how many such there are then.
  int box, length;
  /// What is left to shrink by the kernel.
  double factor;
  /// What is taken off each position, so that both edges of the picture are treated alike.
  double offset;
  /// Weights of one pixel that is made, and those that lie before its position.
  int taps, before;
};

Axis axisOf(int length, int side) {
  // Inverted twice, and rounded each time: sharp hands on the inverse.
  const double whole = 1 / (1 / (static_cast<double>(length) / side));
  const double beyond = side * whole - length;
  const int box = std::max(1, static_cast<int>(static_cast<double>(length) / side / GAP));
  const double factor = whole / box;
  const int taps = 2 * static_cast<int>(std::rint(LOBES * factor)) + 1;
  return {box, (length + box - 1) / box, factor, (1 + beyond / box) / 2 - 1, taps, taps / 2};
}

/// Weights of all places, one after the other.
std::vector<int16_t> weightsOf(const Axis& axis) {
  std::vector<int16_t> weights;
  std::vector<double> exact(axis.taps);
  for (int place = 0; place <= PLACES; place++) {
    const double middle = static_cast<double>(place) / PLACES + axis.taps / 2.0 - 1;
    double sum = 0;
    for (int tap = 0; tap < axis.taps; tap++) sum += exact[tap] = lanczos((tap - middle) / axis.factor);
    for (const double weight : exact) weights.push_back(static_cast<int16_t>(weight / sum * (1 << SCALE_BITS)));
  }
  return weights;
}

/// Averages each `axis.box` rows of `rowBytes`; the last row stands for those that are missing.
Bytes average(const Bytes& rows, int rowBytes, const Axis& axis) {
  const int count = static_cast<int>(rows.size()) / rowBytes;
  const uint64_t perBox = (1ULL << 32) / ((1ULL << 8) * axis.box);
  Bytes averaged(static_cast<size_t>(axis.length) * rowBytes);
  std::vector<uint32_t> sums(rowBytes);
  for (int box = 0; box < axis.length; box++) {
    std::fill(sums.begin(), sums.end(), axis.box / 2);
    for (int row = box * axis.box; row < (box + 1) * axis.box; row++) {
      const uint8_t* from = rows.data() + static_cast<size_t>(std::min(row, count - 1)) * rowBytes;
      for (int at = 0; at < rowBytes; at++) sums[at] += from[at];
    }
    uint8_t* to = averaged.data() + static_cast<size_t>(box) * rowBytes;
    for (int at = 0; at < rowBytes; at++) to[at] = static_cast<uint8_t>(sums[at] * perBox >> 24);
  }
  return averaged;
}

/// One row from several, by their weights.
ON_NEW_PROCESSORS void weigh(const std::vector<const uint8_t*>& rows, const int16_t* weights, int rowBytes,
                             int32_t* sums, uint8_t* to) {
  std::fill(sums, sums + rowBytes, 1 << (SCALE_BITS - 1));
  for (size_t tap = 0; tap < rows.size(); tap++) {
    const uint8_t* row = rows[tap];
    const int32_t weight = weights[tap];
    for (int at = 0; at < rowBytes; at++) sums[at] += row[at] * weight;
  }
  for (int at = 0; at < rowBytes; at++) to[at] = static_cast<uint8_t>(std::clamp(sums[at] >> SCALE_BITS, 0, 255));
}

/// Makes `side` rows of `rowBytes` of those that there are. Positions are added up anew each `rowsAtOnce` rows.
Bytes shrinkRows(const Bytes& whole, int rowBytes, int side, int rowsAtOnce) {
  const int count = static_cast<int>(whole.size()) / rowBytes;
  const Axis axis = axisOf(count, side);
  const Bytes averaged = axis.box > 1 ? average(whole, rowBytes, axis) : Bytes();
  const Bytes& rows = axis.box > 1 ? averaged : whole;
  if (axis.factor == 1) return rows;
  const std::vector<int16_t> weights = weightsOf(axis);
  std::vector<const uint8_t*> taps(axis.taps);
  std::vector<int32_t> sums(rowBytes);
  Bytes made(static_cast<size_t>(side) * rowBytes);
  double position = 0;
  for (int row = 0; row < side; row++, position += axis.factor) {
    if (row % rowsAtOnce == 0) position = (row + 0.5) * axis.factor - 0.5 - axis.offset;
    const int first = static_cast<int>(position) - axis.before;
    // Rounded to the nearest place.
    const int place = ((static_cast<int>(position * PLACES * 2) & (PLACES * 2 - 1)) + 1) / 2;
    for (int tap = 0; tap < axis.taps; tap++)
      taps[tap] = rows.data() + static_cast<size_t>(std::clamp(first + tap, 0, axis.length - 1)) * rowBytes;
    weigh(taps, weights.data() + place * axis.taps, rowBytes, sums.data(),
          made.data() + static_cast<size_t>(row) * rowBytes);
  }
  return made;
}

/// `[height, width, 3]` becomes `[width, height, 3]`.
Bytes transpose(const Bytes& picture, int width, int height) {
  Bytes turned(picture.size());
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const uint8_t* from = picture.data() + (static_cast<size_t>(y) * width + x) * CHANNELS;
      std::copy(from, from + CHANNELS, turned.data() + (static_cast<size_t>(x) * height + y) * CHANNELS);
    }
  return turned;
}

}  // namespace

Bytes shrink(const Bytes& picture, int width, int side) {
  const Bytes low = shrinkRows(picture, width * CHANNELS, side, ROWS_AT_ONCE);
  // Columns are rows of the picture turned.
  const Bytes small = shrinkRows(transpose(low, width, side), side * CHANNELS, side, side);
  return transpose(small, side, side);
}

}  // namespace pawprint
