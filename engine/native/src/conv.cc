// Convolutions by oneDNN. Images stay channels last, as they are everywhere else; filters are put into the order that the primitive asks for, which is
// little work beside the convolution.

#include <dnnl.hpp>
#include <string>

#if DNNL_VERSION_MAJOR != 2
#error "the native engine is written for oneDNN 2"
#endif

#include "windows.h"

namespace pawprint {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::prop_kind;
using Tag = memory::format_tag;

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  thread_local dnnl::stream one(engine());
  return one;
}

/// Channels below which oneDNN's direct kernels are faster than its small matrix products, which are its first choice: 0.5 to 0.9 of their time.
constexpr int64_t MANY_CHANNELS = 8;

memory::desc describe(memory::dims dims, Tag tag) { return {std::move(dims), memory::data_type::f32, tag}; }

/// A convolution of images [n, h, w, c] by filters [kh, kw, c, f], in oneDNN's words.
struct Shapes {
  int64_t batch, channels, filters;
  Windows w;
  memory::dims strides, dilations, before, after;

  explicit Shapes(Arguments& a) : batch(a.integer()), channels(a.integer()), filters(a.integer()), w(a) {
    strides = {w.strideY, w.strideX};
    dilations = {w.dilationY - 1, w.dilationX - 1};
    before = {w.padTop, w.padLeft};
    after = {padAfter(w.outputHeight, w.strideY, w.height, w.dilationY, w.inputHeight, w.padTop),
             padAfter(w.outputWidth, w.strideX, w.width, w.dilationX, w.inputWidth, w.padLeft)};
  }

  memory::desc images(Tag tag = Tag::nhwc) const {
    return describe({batch, channels, w.inputHeight, w.inputWidth}, tag);
  }
  memory::desc filter(Tag tag) const { return describe({filters, channels, w.height, w.width}, tag); }
  memory::desc output(Tag tag = Tag::nhwc) const {
    return describe({batch, filters, w.outputHeight, w.outputWidth}, tag);
  }

  dnnl::convolution_forward::primitive_desc forward() const {
    // Kept, as going on to the next choice reads it again.
    const dnnl::convolution_forward::desc wanted(prop_kind::forward_training, algorithm::convolution_direct, images(),
                                                 filter(Tag::any), output(), strides, dilations, before, after);
    dnnl::convolution_forward::primitive_desc described(wanted, engine());
    const bool isByProducts = std::string(described.impl_info_str()).rfind("brgconv:", 0) == 0;
    if (channels < MANY_CHANNELS && isByProducts) described.next_impl();
    return described;
  }

 private:
  /// Pixels that no window reaches need no negative padding: oneDNN rounds down.
  static int64_t padAfter(int64_t outputs, int64_t stride, int64_t taps, int64_t dilation, int64_t inputs,
                          int64_t before) {
    return std::max<int64_t>(0, (outputs - 1) * stride + (taps - 1) * dilation + 1 - inputs - before);
  }
};

/// Filters of the arena as a primitive wants them, or what it gives as the arena wants it.
class Filters {
 public:
  Filters(const Shapes& shapes, const memory::desc& wanted, float* place)
      : arena_(shapes.filter(Tag::hwio), engine(), place),
        isSame_(wanted == arena_.get_desc()),
        own_(isSame_ ? arena_ : memory(wanted, engine())) {
    if (isSame_) return;
    in_ = dnnl::reorder(arena_, own_);
    out_ = dnnl::reorder(own_, arena_);
  }

  const memory& taken() {
    if (!isSame_) in_.execute(stream(), arena_, own_);
    return own_;
  }
  const memory& target() { return own_; }
  void give() {
    if (!isSame_) out_.execute(stream(), own_, arena_);
  }

 private:
  memory arena_;
  bool isSame_;
  memory own_;
  dnnl::reorder in_, out_;
};

/// (images, filters) → output
Kernel forward(Arguments& a) {
  const Shapes shapes(a);
  const auto described = shapes.forward();
  const dnnl::convolution_forward primitive(described);
  const memory images(shapes.images(), engine(), a.place());
  Filters filters(shapes, described.weights_desc(), a.place());
  const memory output(shapes.output(), engine(), a.place());
  return [=]() mutable {
    primitive.execute(stream(), {{DNNL_ARG_SRC, images}, {DNNL_ARG_WEIGHTS, filters.taken()}, {DNNL_ARG_DST, output}});
  };
}

/// (gradient of the output, filters) → gradient of the images
Kernel gradInput(Arguments& a) {
  const Shapes shapes(a);
  const dnnl::convolution_backward_data::primitive_desc described(
      {algorithm::convolution_direct, shapes.images(), shapes.filter(Tag::any), shapes.output(), shapes.strides,
       shapes.dilations, shapes.before, shapes.after},
      engine(), shapes.forward());
  const dnnl::convolution_backward_data primitive(described);
  const memory output(shapes.output(), engine(), a.place());
  Filters filters(shapes, described.weights_desc(), a.place());
  const memory images(shapes.images(), engine(), a.place());
  return [=]() mutable {
    primitive.execute(stream(),
                      {{DNNL_ARG_DIFF_DST, output}, {DNNL_ARG_WEIGHTS, filters.taken()}, {DNNL_ARG_DIFF_SRC, images}});
  };
}

/// (images, gradient of the output) → gradient of the filters
Kernel gradFilter(Arguments& a) {
  const Shapes shapes(a);
  const dnnl::convolution_backward_weights::primitive_desc described(
      {algorithm::convolution_direct, shapes.images(), shapes.filter(Tag::any), shapes.output(), shapes.strides,
       shapes.dilations, shapes.before, shapes.after},
      engine(), shapes.forward());
  const dnnl::convolution_backward_weights primitive(described);
  const memory images(shapes.images(), engine(), a.place());
  const memory output(shapes.output(), engine(), a.place());
  Filters filters(shapes, described.diff_weights_desc(), a.place());
  return [=]() mutable {
    primitive.execute(stream(),
                      {{DNNL_ARG_SRC, images}, {DNNL_ARG_DIFF_DST, output}, {DNNL_ARG_DIFF_WEIGHTS, filters.target()}});
    filters.give();
  };
}

}  // namespace

const Kernels convKernels = {{"conv2d", forward}, {"conv2dGradInput", gradInput}, {"conv2dGradFilter", gradFilter}};

}  // namespace pawprint
