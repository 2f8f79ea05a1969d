// Functions of single numbers, many at a time: a chain of them goes through memory once, tile by tile, and what only the chain needs stays in the cache.

#include <algorithm>
#include <numeric>
#include <vector>

#include "functions.h"
#include "kernel.h"

namespace pawprint {
namespace {

/// Numbers per tile, about: a dozen tiles of a chain fit into the first cache.
constexpr int64_t TILE = 512;

/// Numbers per cache line.
constexpr int64_t LINE = 16;

/// Where a tile is read or written. `stream`: a value of full size; `repeated`: a shorter value, over and over; `held`: only within the chain.
struct Slot {
  enum Kind : int64_t { stream, repeated, held } kind;
  float* place;
  int64_t length;
  /// Which of the chain's own tiles it has, unless it is a stream.
  int64_t tile;
};

/// One function of a chain: d = fn(a, b), or, to sum up rows, the sums at `total` of all rows of `length` numbers of a.
struct Link {
  Function* function;
  int64_t d, a, b;
  float* total;
  int64_t length;
  /// The chain's own tile in which a sum is made.
  int64_t tile;
};

VECTORISED void addTo(float* __restrict sums, const float* __restrict a, int64_t count) {
  for (int64_t i = 0; i < count; i++) sums[i] += a[i];
}

class Chain {
 public:
  explicit Chain(Arguments& a) : size_(a.integer()) {
    // Whole periods, so that repeated values always begin with a tile; whole lines, so that no vector lies across two.
    const int64_t piece = std::lcm(a.integer(), LINE);
    tile_ = std::max<int64_t>(1, TILE / piece) * piece;
    slots_.resize(a.integer());
    int64_t own = 0;
    for (Slot& slot : slots_) {
      slot.kind = static_cast<Slot::Kind>(a.integer());
      slot.length = a.integer();
      slot.place = slot.kind == Slot::held ? nullptr : a.place();
      slot.tile = slot.kind == Slot::stream ? 0 : own++;
    }
    links_.resize(a.integer());
    for (Link& link : links_) {
      const int64_t function = a.integer();
      link.function = function < 0 ? nullptr : functions.at(function).second;
      link.d = a.integer();
      link.a = a.integer();
      link.b = a.integer();
      if (link.function != nullptr) continue;
      link.length = a.integer();
      link.total = a.place();
      link.tile = own++;
    }
    // A line between two tiles, as places that lie a multiple of four kilobytes apart get in each other's way.
    own_.resize(own * (tile_ + LINE) + LINE);
  }

  void run() {
    std::vector<float*> tiles(slots_.size());
    for (size_t i = 0; i < slots_.size(); i++) {
      const Slot& slot = slots_[i];
      tiles[i] = slot.kind == Slot::stream ? slot.place : own(slot.tile);
      if (slot.kind == Slot::repeated)
        for (int64_t at = 0; at < tile_; at += slot.length)
          std::copy_n(slot.place, std::min(slot.length, tile_ - at), tiles[i] + at);
    }
    for (const Link& link : links_)
      if (link.function == nullptr) std::fill_n(own(link.tile), tile_, 0.f);
    for (int64_t at = 0; at < size_; at += tile_) {
      const int64_t count = std::min(tile_, size_ - at);
      for (const Link& link : links_) {
        if (link.function != nullptr)
          link.function(tiles[link.d], tiles[link.a], tiles[link.b], count);
        else
          addTo(own(link.tile), tiles[link.a], count);
      }
      for (size_t i = 0; i < slots_.size(); i++)
        if (slots_[i].kind == Slot::stream) tiles[i] += count;
    }
    for (const Link& link : links_)
      if (link.function == nullptr) fold(link);
  }

 private:
  float* own(int64_t tile) {
    const auto start = reinterpret_cast<uintptr_t>(own_.data());
    constexpr uintptr_t BYTES = LINE * sizeof(float);
    return reinterpret_cast<float*>((start + BYTES - 1) / BYTES * BYTES) + tile * (tile_ + LINE);
  }

  /// Sums of a whole tile to sums of rows.
  void fold(const Link& link) {
    std::fill_n(link.total, link.length, 0.f);
    for (int64_t at = 0; at < tile_; at += link.length)
      addTo(link.total, own(link.tile) + at, std::min(link.length, tile_ - at));
  }

  int64_t size_, tile_;
  std::vector<Slot> slots_;
  std::vector<Link> links_;
  std::vector<float> own_;
};

Kernel map(Arguments& a) {
  return [chain = Chain(a)]() mutable { chain.run(); };
}

}  // namespace

const Kernels mapKernels = {{"map", map}};

}  // namespace pawprint
