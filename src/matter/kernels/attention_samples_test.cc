#include "kernels/attention_samples_test.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

constexpr std::size_t odd_address = 3;

DType plain_type(KvType type) {
  return type == KvType::f32 ? DType::f32 : type == KvType::f16 ? DType::f16 : DType::bf16;
}

}  // namespace

SampleCache::SampleCache(KvType type, std::size_t positions, std::size_t head_dim, float reach)
    : type_(type), head_dim_(head_dim) {
  const std::size_t blocks = (positions + kv_block_positions - 1) / kv_block_positions;
  const std::vector<std::byte> empty(odd_address + kv_head_bytes(type, head_dim), std::byte{0xff});
  keys_.assign(blocks, empty);
  values_.assign(blocks, empty);
  for (std::vector<float>* floats :
       {&exact_keys_, &exact_values_, &rounded_keys_, &rounded_values_}) {
    floats->resize(positions * head_dim);
  }
  for (std::size_t p = 0; p < positions; ++p) {
    put(p, sample_floats(head_dim, reach, static_cast<unsigned>(p)),
        sample_floats(head_dim, reach, static_cast<unsigned>(p + 100'000)));
  }
}

void SampleCache::put(std::size_t position, const std::vector<float>& key,
                      const std::vector<float>& value) {
  const Kernels& scalar = *available_kernels().back();
  const auto at = static_cast<std::ptrdiff_t>(position * head_dim_);
  std::ranges::copy(key, exact_keys_.begin() + at);
  std::ranges::copy(value, exact_values_.begin() + at);
  const std::size_t place = position % kv_block_positions;
  std::byte* key_block = keys_[position / kv_block_positions].data() + odd_address;
  std::byte* value_block = values_[position / kv_block_positions].data() + odd_address;
  scalar.store_kv(type_, key.data(), key_block, place, head_dim_);
  scalar.store_kv(type_, value.data(), value_block, place, head_dim_);
  read_back(key_block, place, &rounded_keys_[position * head_dim_]);
  read_back(value_block, place, &rounded_values_[position * head_dim_]);
}

void SampleCache::read_back(const std::byte* block, std::size_t position, float* out) const {
  const Kernels& scalar = *available_kernels().back();
  const std::byte* vector = block + position * head_dim_ * traits(type_).element_bytes;
  if (type_ != KvType::int8) return scalar.dequantize(plain_type(type_), vector, out, head_dim_);
  float scale = 0;
  std::memcpy(&scale, block + kv_block_positions * head_dim_ + position * sizeof scale,
              sizeof scale);
  for (std::size_t i = 0; i < head_dim_; ++i) {
    out[i] = scale * static_cast<float>(static_cast<std::int8_t>(vector[i]));
  }
}

void SampleCache::poison(std::size_t begin, std::size_t end) {
  const std::size_t bytes = head_dim_ * traits(type_).element_bytes;
  for (std::size_t p = begin; p < end; ++p) {
    for (Memory* memory : {&keys_, &values_}) {
      std::byte* block = (*memory)[p / kv_block_positions].data() + odd_address;
      const std::size_t place = p % kv_block_positions;
      std::fill_n(block + place * bytes, bytes, std::byte{0xff});
      if (type_ == KvType::int8) {
        std::fill_n(block + kv_block_positions * head_dim_ + place * 4, 4, std::byte{0xff});
      }
    }
  }
}

SampleCache::Blocks SampleCache::blocks(const Memory& memory, std::size_t chunk) const {
  Blocks result{};
  for (std::size_t i = 0; i < result.size() && chunk * result.size() + i < memory.size(); ++i) {
    result[i] = memory[chunk * result.size() + i].data() + odd_address;
  }
  return result;
}

}  // namespace freehold::kernels
