// Everything that the vocabulary included before this file can compute, as one table. Whose
// functions read single rows is said by the caller: this vocabulary's own (generic/matmul.inl.h) or
// another's.
#pragma once

#pragma clang diagnostic ignored "-Wpass-failed"  // without optimisation loops stay rolled up
#pragma STDC FP_CONTRACT OFF                      // what is fused is fused by name: multiply_add

#include "kernels/generic/activate.inl.h"
#include "kernels/generic/attention.inl.h"
#include "kernels/generic/float_panels.inl.h"
#include "kernels/generic/kv_store.inl.h"
#include "kernels/generic/norm.inl.h"
#include "kernels/generic/probe.inl.h"
#include "kernels/generic/rotate.inl.h"

namespace freehold::kernels {
namespace {

constexpr Kernels table(const char* name, RowKernels rows) {
  return {
      .name = name,
      .supports = rows.supports,
      .dequantize = rows.dequantize,
      .matmul = rows.matmul,
      .panel_rows = panel_rows,
      .has_panels = has_panels,
      .has_float_panels = has_float_panels,
      .pack_panel = pack_panel,
      .quantize = quantize,
      .quantize_part = quantize_part,
      .multiply_panels = multiply_panels,
      .multiply_float_panels = multiply_float_panels,
      .rounds_to_bf16 = false,
      .rms_norm = rms_norm,
      .rotate_half = rotate_half,
      .rotate_adjacent = rotate_adjacent,
      .attend_chunk = attend_chunk,
      .merge_chunk = merge_chunk,
      .store_kv = store_kv,
      .silu_multiply = silu_multiply,
      .gelu_tanh_multiply = gelu_tanh_multiply,
      .softmax = softmax,
      .exponentials = exponentials,
      .add = add,
      .add_scaled = add_scaled,
      .probe_read = probe_read,
      .probe_int8 = probe_int8,
      .probe_fp32 = probe_fp32,
  };
}

}  // namespace
}  // namespace freehold::kernels
