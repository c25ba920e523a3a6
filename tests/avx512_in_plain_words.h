// AVX-512's intrinsics for a CPU without it, so that the arithmetic of kernels/isa/avx512.cc can be
// tested there: those of the library SIMDe under their usual names, and the few that it lacks. Read
// before everything else in that file, only by builds with FREEHOLD_EMULATE_AVX512. Not a proof of
// what the compiler makes of the real ones.
#pragma once
#pragma clang system_header  // no warnings: it redefines words

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

namespace avx512_in_plain_words {

template <class To, class From, class Function>
inline To each(const From& from, Function function) {
  To to;
  __builtin_memset(&to, 0, sizeof to);
  function(from, to);
  return to;
}

// Element i of anything that consists of Ts.
template <class T, class Vector>
inline T at(const Vector& vector, unsigned i) {
  T element;
  __builtin_memcpy(&element, reinterpret_cast<const char*>(&vector) + i * sizeof(T), sizeof(T));
  return element;
}
template <class T, class Vector>
inline void put(Vector& vector, unsigned i, T element) {
  __builtin_memcpy(reinterpret_cast<char*>(&vector) + i * sizeof(T), &element, sizeof(T));
}

// Each of sixteen elements converted from one type to another.
template <class To, class ToElement, class FromElement, class From>
inline To converted(const From& from) {
  return each<To>(from, [](const From& x, To& y) {
    for (unsigned i = 0; i < 16; ++i) put(y, i, static_cast<ToElement>(at<FromElement>(x, i)));
  });
}

inline __m256 half(__m512 x, unsigned which) {
  __m256 part;
  __builtin_memcpy(&part, reinterpret_cast<const char*>(&x) + which * sizeof part, sizeof part);
  return part;
}
template <class To, class Part>
inline To joined(const Part& low, const Part& high) {
  To whole;
  __builtin_memcpy(reinterpret_cast<char*>(&whole), &low, sizeof low);
  __builtin_memcpy(reinterpret_cast<char*>(&whole) + sizeof low, &high, sizeof high);
  return whole;
}

inline __m512i cvtps_epi32(__m512 x) {
  return joined<__m512i>(_mm256_cvtps_epi32(half(x, 0)), _mm256_cvtps_epi32(half(x, 1)));
}
inline __m512 cvtph_ps(__m256i x) {
  return joined<__m512>(_mm256_cvtph_ps(_mm256_castsi256_si128(x)),
                        _mm256_cvtph_ps(_mm256_extracti128_si256(x, 1)));
}
inline __m256i cvtps_ph(__m512 x) {
  return joined<__m256i>(_mm256_cvtps_ph(half(x, 0), _MM_FROUND_TO_NEAREST_INT),
                         _mm256_cvtps_ph(half(x, 1), _MM_FROUND_TO_NEAREST_INT));
}
inline __m512i srai_epi32(__m512i x, unsigned shift) {
  return each<__m512i>(x, [=](const __m512i& a, __m512i& b) {
    for (unsigned i = 0; i < 16; ++i) put(b, i, at<int>(a, i) >> shift);
  });
}
inline __m512i srli_epi16(__m512i x, unsigned shift) {
  return each<__m512i>(x, [=](const __m512i& a, __m512i& b) {
    for (unsigned i = 0; i < 32; ++i) {
      put(b, i, static_cast<unsigned short>(at<unsigned short>(a, i) >> shift));
    }
  });
}
inline __m512i slli_epi16(__m512i x, unsigned shift) {
  return each<__m512i>(x, [=](const __m512i& a, __m512i& b) {
    for (unsigned i = 0; i < 32; ++i) {
      put(b, i, static_cast<unsigned short>(at<unsigned short>(a, i) << shift));
    }
  });
}
inline __m512i madd_epi16(__m512i x, __m512i y) {
  __m512i sums;
  for (unsigned i = 0; i < 16; ++i) {
    put(sums, i,
        at<short>(x, 2 * i) * at<short>(y, 2 * i) +
            at<short>(x, 2 * i + 1) * at<short>(y, 2 * i + 1));
  }
  return sums;
}
// Memory is touched only where the mask says so.
inline __m512 maskz_loadu_ps(unsigned mask, const float* p) {
  return each<__m512>(p, [=](const float* from, __m512& to) {
    for (unsigned i = 0; i < 16; ++i) {
      if (mask >> i & 1) put(to, i, from[i]);
    }
  });
}
inline void mask_storeu_ps(float* p, unsigned mask, __m512 x) {
  for (unsigned i = 0; i < 16; ++i) {
    if (mask >> i & 1) p[i] = at<float>(x, i);
  }
}

}  // namespace avx512_in_plain_words

#undef _mm512_cvtps_ph
#undef _mm512_extractf32x8_ps
#undef _mm512_srli_epi16
#undef _mm512_slli_epi16
#define PLAIN avx512_in_plain_words
#define _mm512_cvtepi32_epi16(x) PLAIN::converted<__m256i, short, int>(x)
#define _mm512_cvtepi32_epi8(x) PLAIN::converted<__m128i, signed char, int>(x)
#define _mm512_cvtepi32_ps(x) PLAIN::converted<__m512, float, int>(x)
#define _mm512_cvtepi8_epi32(x) PLAIN::converted<__m512i, int, signed char>(x)
#define _mm512_cvtepu8_epi32(x) PLAIN::converted<__m512i, int, unsigned char>(x)
#define _mm512_cvtepu16_epi32(x) PLAIN::converted<__m512i, int, unsigned short>(x)
#define _mm512_cvtps_epi32(x) PLAIN::cvtps_epi32(x)
#define _mm512_cvtph_ps(x) PLAIN::cvtph_ps(x)
#define _mm512_cvtps_ph(x, rounding) PLAIN::cvtps_ph(x)
#define _mm512_extractf32x8_ps(x, which) PLAIN::half(x, which)
#define _mm512_srli_epi16(x, shift) PLAIN::srli_epi16(x, shift)
#define _mm512_slli_epi16(x, shift) PLAIN::slli_epi16(x, shift)
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(x, y) PLAIN::madd_epi16(x, y)
#define _mm512_srai_epi32(x, shift) PLAIN::srai_epi32(x, shift)
#define _mm512_maskz_loadu_ps(mask, p) PLAIN::maskz_loadu_ps(mask, p)
#define _mm512_mask_storeu_ps(p, mask, x) PLAIN::mask_storeu_ps(p, mask, x)

// Empty statements that hold a value in a register of 64 bytes: here there are none.
#define asm
#define volatile(...)
