// The door to JavaScript, by Node-API: `compile(program)` and `run(compiled, steps, inputs, outputs)`, which blocks the thread that calls it.
// ../../src/native/addon.ts has their types.

#include <dnnl.h>
#include <node_api.h>

#include "functions.h"
#include "program.h"

namespace {

using pawprint::Element;
using pawprint::Instruction;
using pawprint::Program;

void check(napi_status status, const char* what) {
  if (status != napi_ok) throw std::invalid_argument(std::string("expected ") + what);
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  check(napi_get_named_property(env, object, name, &value), name);
  return value;
}

double number(napi_env env, napi_value value) {
  double result;
  check(napi_get_value_double(env, value, &result), "a number");
  return result;
}

std::string text(napi_env env, napi_value value) {
  char buffer[64];
  size_t length;
  check(napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length), "a name");
  return {buffer, length};
}

/// Numbers of one kind, where they lie.
struct Span {
  void* data;
  size_t length;
};

Span span(napi_env env, napi_value value, napi_typedarray_type wanted) {
  napi_typedarray_type type;
  Span result;
  check(napi_get_typedarray_info(env, value, &type, &result.length, &result.data, nullptr, nullptr), "a typed array");
  if (type != wanted) throw std::invalid_argument("a typed array of another kind was expected");
  return result;
}

template <typename T>
std::vector<T> numbers(napi_env env, napi_value value, napi_typedarray_type type) {
  const auto [data, length] = span(env, value, type);
  return {static_cast<T*>(data), static_cast<T*>(data) + length};
}

template <typename Visit>
void eachItem(napi_env env, napi_value array, const Visit& visit) {
  uint32_t length;
  check(napi_get_array_length(env, array, &length), "an array");
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(napi_get_element(env, array, i, &item), "an item");
    visit(item, i);
  }
}

std::unique_ptr<Program> read(napi_env env, napi_value program) {
  std::vector<pawprint::Input> inputs;
  const auto fields = numbers<double>(env, property(env, program, "inputs"), napi_float64_array);
  for (size_t i = 0; i + 4 <= fields.size(); i += 4)
    inputs.push_back({static_cast<int64_t>(fields[i]), static_cast<int64_t>(fields[i + 1]),
                      static_cast<Element>(static_cast<int64_t>(fields[i + 2])), fields[i + 3] != 0});
  std::vector<pawprint::Output> outputs;
  const auto results = numbers<double>(env, property(env, program, "outputs"), napi_float64_array);
  for (size_t i = 0; i + 3 <= results.size(); i += 3)
    outputs.push_back({static_cast<int64_t>(results[i]), static_cast<int64_t>(results[i + 1]), results[i + 2] != 0});
  std::vector<Instruction> instructions;
  eachItem(env, property(env, program, "instructions"), [&](napi_value item, uint32_t) {
    instructions.push_back({text(env, property(env, item, "kernel")),
                            numbers<double>(env, property(env, item, "numbers"), napi_float64_array)});
  });
  const auto constants = numbers<float>(env, property(env, program, "constants"), napi_float32_array);
  const auto arenaSize = static_cast<size_t>(number(env, property(env, program, "arenaSize")));
  const auto threads = static_cast<int>(number(env, property(env, program, "threads")));
  return std::make_unique<Program>(arenaSize, constants, std::move(inputs), std::move(outputs), instructions, threads);
}

const void* dataOf(napi_env env, napi_value array, const pawprint::Input& input, int64_t steps) {
  const auto type = input.element == Element::real      ? napi_float32_array
                    : input.element == Element::integer ? napi_int32_array
                                                        : napi_uint8_array;
  const auto [data, length] = span(env, array, type);
  if (length != static_cast<size_t>(input.size * (input.isEach ? steps : 1)))
    throw std::invalid_argument("an input of another length was expected");
  return data;
}

/// Calls `body`; what it throws is thrown in JavaScript.
template <typename Body>
napi_value guarded(napi_env env, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

template <size_t count>
std::vector<napi_value> argumentsOf(napi_env env, napi_callback_info info) {
  std::vector<napi_value> values(count);
  size_t given = count;
  check(napi_get_cb_info(env, info, &given, values.data(), nullptr, nullptr), "arguments");
  return values;
}

napi_value compile(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    auto program = read(env, argumentsOf<1>(env, info)[0]);
    napi_value handle;
    check(napi_create_external(
              env, program.get(), [](napi_env, void* data, void*) { delete static_cast<Program*>(data); }, nullptr,
              &handle),
          "a handle");
    program.release();
    return handle;
  });
}

napi_value run(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const auto values = argumentsOf<4>(env, info);
    void* data;
    check(napi_get_value_external(env, values[0], &data), "a compiled program");
    auto& program = *static_cast<Program*>(data);
    const auto steps = static_cast<int64_t>(number(env, values[1]));
    std::vector<const void*> from;
    eachItem(env, values[2],
             [&](napi_value item, uint32_t i) { from.push_back(dataOf(env, item, program.inputs().at(i), steps)); });
    std::vector<float*> to;
    eachItem(env, values[3], [&](napi_value item, uint32_t i) {
      const auto& output = program.outputs().at(i);
      to.push_back(static_cast<float*>(
          const_cast<void*>(dataOf(env, item, {0, output.size, Element::real, output.isEach}, steps))));
    });
    if (from.size() != program.inputs().size() || to.size() != program.outputs().size())
      throw std::invalid_argument("another number of inputs or outputs was expected");
    program.run(steps, from, to);
    return static_cast<napi_value>(nullptr);
  });
}

void define(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function), "a function");
  check(napi_set_named_property(env, exports, name, function), "exports");
}

napi_value string(napi_env env, const std::string& value) {
  napi_value result;
  check(napi_create_string_utf8(env, value.data(), value.size(), &result), "a string");
  return result;
}

napi_value initialise(napi_env env, napi_value exports) {
  return guarded(env, [&] {
    define(env, exports, "compile", compile);
    define(env, exports, "run", run);
    napi_value names;
    check(napi_create_array(env, &names), "an array");
    for (uint32_t i = 0; i < pawprint::functions.size(); i++)
      check(napi_set_element(env, names, i, string(env, pawprint::functions[i].first)), "a name");
    check(napi_set_named_property(env, exports, "functions", names), "exports");
    const dnnl_version_t& version = *dnnl_version();
    const auto dotted =
        std::to_string(version.major) + "." + std::to_string(version.minor) + "." + std::to_string(version.patch);
    check(napi_set_named_property(env, exports, "version", string(env, dotted)), "exports");
    return exports;
  });
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialise)
