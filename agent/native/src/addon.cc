// The door to JavaScript, by Node-API: `decode(bytes, side, maxPixels)`. ../../src/datasets/pixels/nativeJpeg.ts has its type.

#include <node_api.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "jpeg.h"

namespace {

using pawprint::Picture;

/// Of a JPEG, and so of what becomes of one: ITU-T T.81, B.2.2.
constexpr double MAX_SIDE = 65'535;

void check(napi_status status, const char* what) {
  if (status != napi_ok) throw std::invalid_argument(std::string("expected ") + what);
}

/// One picture on its way: another thread decodes it.
struct Work {
  const uint8_t* bytes;
  size_t size;
  int side;
  double maxPixels;
  std::optional<Picture> picture{};
  napi_deferred deferred{};
  napi_async_work handle{};
  /// Keeps `bytes` where they are.
  napi_ref owner{};
};

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  check(napi_set_named_property(env, object, name, value), "an object");
}

void set(napi_env env, napi_value object, const char* name, int value) {
  napi_value number;
  check(napi_create_int32(env, value, &number), "a number");
  set(env, object, name, number);
}

/// Throws where no JavaScript may be run any more, since its thread ends.
napi_value toJavaScript(napi_env env, const Picture& picture) {
  napi_value result, pixels, buffer;
  void* data;
  check(napi_create_object(env, &result), "an object");
  check(napi_create_arraybuffer(env, picture.pixels.size(), &data, &buffer), "memory");
  std::memcpy(data, picture.pixels.data(), picture.pixels.size());
  check(napi_create_typedarray(env, napi_uint8_array, picture.pixels.size(), buffer, 0, &pixels), "an array");
  set(env, result, "pixels", pixels);
  set(env, result, "width", picture.width);
  set(env, result, "height", picture.height);
  return result;
}

void execute(napi_env, void* data) {
  Work& work = *static_cast<Work*>(data);
  // Out of memory, perhaps: whoever decodes it instead will say.
  try {
    work.picture = pawprint::decodeJpeg(work.bytes, work.size, work.side, work.maxPixels);
  } catch (const std::exception&) {
    work.picture = std::nullopt;
  }
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  try {
    napi_value result;
    check(napi_get_null(env, &result), "null");
    if (work->picture) result = toJavaScript(env, *work->picture);
    napi_resolve_deferred(env, work->deferred, result);
  } catch (const std::exception&) {
    // Nobody waits any more.
  }
  napi_delete_reference(env, work->owner);
  napi_delete_async_work(env, work->handle);
}

napi_value start(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3], promise, name;
  check(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr), "three arguments");
  napi_typedarray_type type;
  size_t size;
  void* bytes;
  check(napi_get_typedarray_info(env, arguments[0], &type, &size, &bytes, nullptr, nullptr), "bytes");
  if (type != napi_uint8_array) throw std::invalid_argument("expected a Uint8Array");
  double side, maxPixels;
  check(napi_get_value_double(env, arguments[1], &side), "a side");
  if (!(side >= 1 && side <= MAX_SIDE) || side != std::floor(side)) throw std::invalid_argument("expected a side");
  check(napi_get_value_double(env, arguments[2], &maxPixels), "a number of pixels");
  check(napi_create_string_utf8(env, "pawprint:decode", NAPI_AUTO_LENGTH, &name), "a name");
  auto work = std::make_unique<Work>(Work{static_cast<const uint8_t*>(bytes), size, static_cast<int>(side), maxPixels});
  check(napi_create_async_work(env, nullptr, name, execute, complete, work.get(), &work->handle), "a thread");
  check(napi_create_reference(env, arguments[0], 1, &work->owner), "a reference");
  check(napi_create_promise(env, &work->deferred, &promise), "a promise");
  check(napi_queue_async_work(env, work->handle), "a thread");
  // `complete` has it from here on.
  work.release();
  return promise;
}

napi_value decode(napi_env env, napi_callback_info info) {
  try {
    return start(env, info);
  } catch (const std::exception& error) {
    napi_throw_type_error(env, nullptr, error.what());
    return nullptr;
  }
}

napi_value init(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "decode", NAPI_AUTO_LENGTH, decode, nullptr, &function);
  napi_set_named_property(env, exports, "decode", function);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
