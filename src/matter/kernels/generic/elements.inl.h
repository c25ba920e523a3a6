// The plain element types of weights and caches behind one set of names: how many bytes an element
// takes, and how eight of them, or fewer, are read as floats and written.
#pragma once

#include "tensor/dtype.h"

namespace freehold::kernels {
namespace {

struct F32 {
  static constexpr size_t bytes = 4;
  static Floats read(const uint8_t* p) {
    Floats x;
    __builtin_memcpy(&x, p, sizeof x);
    return x;
  }
  static void write(uint8_t* p, Floats x) { __builtin_memcpy(p, &x, sizeof x); }
};

struct F16 {
  static constexpr size_t bytes = 2;
  static Floats read(const uint8_t* p) { return load_f16(p); }
  static void write(uint8_t* p, Floats x) { store_f16(p, x); }
};

struct Bf16 {
  static constexpr size_t bytes = 2;
  static Floats read(const uint8_t* p) { return load_bf16(p); }
  static void write(uint8_t* p, Floats x) { store_bf16(p, x); }
};

// The codes of an int8 cache, whose scale is not in them.
struct Int8 {
  static constexpr size_t bytes = 1;
  static Floats read(const uint8_t* p) { return to_floats(widen_signed(p)); }
  static void write(uint8_t* p, Floats x) { store_bytes(p, x); }
};

// The first `count` < lanes elements; the others are zero.
template <class Element>
inline Floats read_partial(const uint8_t* p, size_t count) {
  uint8_t whole[lanes * Element::bytes] = {};
  __builtin_memcpy(whole, p, count * Element::bytes);
  return Element::read(whole);
}

template <class Element>
inline void write_partial(uint8_t* p, Floats x, size_t count) {
  uint8_t whole[lanes * Element::bytes];
  Element::write(whole, x);
  __builtin_memcpy(p, whole, count * Element::bytes);
}

template <class Element>
void read_elements(const uint8_t* p, float* out, size_t count) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) store(out + i, Element::read(p + i * Element::bytes));
  if (i < count) {
    store_partial(out + i, read_partial<Element>(p + i * Element::bytes, count - i), count - i);
  }
}

template <class Element>
void write_elements(const float* x, uint8_t* p, size_t count) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) Element::write(p + i * Element::bytes, load(x + i));
  if (i < count) {
    write_partial<Element>(p + i * Element::bytes, load_partial(x + i, count - i), count - i);
  }
}

}  // namespace
}  // namespace freehold::kernels
