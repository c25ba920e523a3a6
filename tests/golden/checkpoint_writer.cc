#include "golden/checkpoint_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "base/json.h"

namespace freehold::golden {
namespace {

void append(std::string& out, const void* data, std::size_t bytes) {
  out.append(static_cast<const char*>(data), bytes);
}
template <class Number>
void append(std::string& out, Number number) {
  append(out, &number, sizeof number);
}
void append_text(std::string& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  out += text;
}

void append_value(std::string& out, const Value& value, bool with_type) {
  enum : std::uint32_t { f32 = 6, boolean = 7, text = 8, list = 9, i64 = 11 };
  const auto type = [&](std::uint32_t id) {
    if (with_type) append(out, id);
  };
  if (const bool* flag = value.as_bool()) {
    type(boolean);
    append(out, static_cast<std::uint8_t>(*flag));
  } else if (const std::int64_t* integer = value.as_integer()) {
    type(i64);
    append(out, *integer);
  } else if (const double* real = value.as_double()) {
    type(f32);
    append(out, static_cast<float>(*real));
  } else if (const std::string* words = value.as_string()) {
    type(text);
    append_text(out, *words);
  } else {
    const List& items = *value.as_list();
    type(list);
    std::string first;
    append_value(first, items.front(), true);
    append(out, first.data(), sizeof(std::uint32_t));
    append(out, std::uint64_t{items.size()});
    for (const Value& each : items) append_value(out, each, false);
  }
}

std::string gguf_file(const CheckpointDraft& draft) {
  constexpr std::size_t alignment = 32;
  std::string file = "GGUF";
  append(file, std::uint32_t{3});
  append(file, std::uint64_t{draft.tensors.size()});
  append(file, std::uint64_t{draft.metadata.as_object()->size()});
  for (const auto& [key, value] : *draft.metadata.as_object()) {
    append_text(file, key);
    append_value(file, value, true);
  }
  std::string data;
  for (const Draft& tensor : draft.tensors) {
    append_text(file, tensor.name);
    append(file, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent) {
      append(file, *extent);
    }
    append(file, static_cast<std::uint32_t>(traits(tensor.type).gguf_id));
    append(file, std::uint64_t{data.size()});
    append(data, tensor.bytes.data(), tensor.bytes.size());
    data.resize((data.size() + alignment - 1) / alignment * alignment);
  }
  file.resize((file.size() + alignment - 1) / alignment * alignment);
  return file + data;
}

std::string safetensors_file(const CheckpointDraft& draft) {
  Value header = Object{};
  std::string data;
  for (const Draft& tensor : draft.tensors) {
    List shape;
    for (const std::uint64_t extent : tensor.shape) shape.emplace_back(extent);
    const std::size_t begin = data.size();
    append(data, tensor.bytes.data(), tensor.bytes.size());
    Value entry = Object{};
    entry.set("dtype", std::string(traits(tensor.type).safetensors_name));
    entry.set("shape", std::move(shape));
    entry.set("data_offsets", List{Value(std::uint64_t{begin}), Value(std::uint64_t{data.size()})});
    header.set(tensor.name, std::move(entry));
  }
  std::string text = to_json(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string file;
  append(file, std::uint64_t{text.size()});
  return file + text + data;
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

// Positive, normal and small enough: all that a scale of these fixtures can be.
std::uint16_t to_half(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (value < 6.2e-5f) return 0;
  return static_cast<std::uint16_t>((bits + 0x1000 - (112u << 23)) >> 13);
}

}  // namespace

CheckpointDraft CheckpointDraft::from(const formats::Checkpoint& checkpoint) {
  CheckpointDraft draft{checkpoint.container(), checkpoint.all_metadata(), {}};
  for (const NamedTensor& tensor : checkpoint.tensors()) {
    draft.tensors.push_back({tensor.name,
                             tensor.view.type,
                             tensor.view.shape,
                             {tensor.view.data, tensor.view.data + tensor.bytes}});
  }
  return draft;
}

Draft* CheckpointDraft::find(std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &Draft::name);
  return found == tensors.end() ? nullptr : &*found;
}

bool CheckpointDraft::remove(std::string_view name) {
  return std::erase_if(tensors, [&](const Draft& each) { return each.name == name; }) > 0;
}

std::filesystem::path CheckpointDraft::write(const std::filesystem::path& folder) const {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  if (container == formats::Container::gguf) {
    write_file(folder / "model.gguf", gguf_file(*this));
    return folder / "model.gguf";
  }
  write_file(folder / "config.json", to_json(metadata));
  write_file(folder / "model.safetensors", safetensors_file(*this));
  return folder;
}

void quantize_q8_0(Draft& draft) {
  constexpr std::size_t block = 32;
  std::vector<float> values(draft.bytes.size() / sizeof(float));
  std::memcpy(values.data(), draft.bytes.data(), draft.bytes.size());
  std::string out;
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    float most = 0;
    for (std::size_t i = 0; i < block; ++i) most = std::max(most, std::abs(values[begin + i]));
    const float scale = most / 127;
    append(out, to_half(scale));
    for (std::size_t i = 0; i < block; ++i) {
      const float code = scale > 0 ? std::round(values[begin + i] / scale) : 0;
      append(out, static_cast<std::int8_t>(std::clamp(code, -127.0f, 127.0f)));
    }
  }
  draft.type = DType::q8_0;
  const auto* bytes = reinterpret_cast<const std::byte*>(out.data());
  draft.bytes.assign(bytes, bytes + out.size());
}

}  // namespace freehold::golden
