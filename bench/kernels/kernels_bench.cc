// How fast one core multiplies each packed format, without a model: billions of operations a second
// (two for each product), the weights in the cache, for several numbers of tokens. For whoever
// changes kernels; models are measured by `freehold bench`.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kernels/kernels.h"

namespace freehold {
namespace {

using kernels::activation_step_bytes;
using kernels::activation_step_columns;

constexpr std::size_t columns = 1024, rows = 512;
constexpr std::size_t token_counts[] = {1, 2, 3, 4, 8, 32, 256};
constexpr DType types[] = {
    DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,   DType::q8_0,   DType::q2_k,  DType::q3_k,
    DType::q4_k, DType::q5_k, DType::q6_k, DType::iq4_nl, DType::iq4_xs, DType::mxfp4,
};

// Time that this thread was computing: another's work on the machine does not count.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The lower quartile of a few runs: what the machine does when it is let.
template <class Run>
double seconds(int runs, Run&& run) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const double start = cpu_seconds();
    run();
    times.push_back(cpu_seconds() - start);
  }
  std::ranges::sort(times);
  return times[times.size() / 4];
}

std::vector<std::byte> random_panels(const kernels::Kernels& table, DType type, Random& random) {
  const DTypeTraits& format = traits(type);
  const std::size_t row_bytes = columns / format.block_elements * format.block_bytes;
  std::vector<std::byte> weights(rows * row_bytes), panels(weights.size());
  // Bits with which any scale, a half or an exponent, is an ordinary number.
  for (std::byte& byte : weights) byte = static_cast<std::byte>((random.next() & 0x0b) | 0x30);
  for (std::size_t row = 0; row < rows; row += table.panel_rows) {
    table.pack_panel(type, weights.data() + row * row_bytes, table.panel_rows, columns,
                     panels.data() + row * row_bytes);
  }
  return panels;
}

double rate(const kernels::Kernels& table, DType type, const std::vector<std::byte>& panels,
            std::size_t tokens, Random& random) {
  const std::size_t stride = tokens * activation_step_bytes;
  std::vector<float> x(columns), y(tokens * rows);
  std::vector<std::byte> records(columns / activation_step_columns * stride);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (float& value : x) value = static_cast<float>(random.uniform()) - 0.5f;
    table.quantize(x.data(), columns, records.data() + t * activation_step_bytes, stride);
  }
  const double time = seconds(tokens > 64 ? 9 : 41, [&] {
    table.multiply_panels(type, panels.data(), columns, rows, records.data(), stride, tokens,
                          y.data(), rows);
  });
  return 2e-9 * static_cast<double>(tokens * columns * rows) / time;
}

void print_table(const kernels::Kernels& table, std::string_view only) {
  fmt::print("{:8}", table.name);
  for (const std::size_t tokens : token_counts) fmt::print("{:>6}", tokens);
  fmt::print("  tokens; Gop/s of one core\n");
  for (const DType type : types) {
    const std::string_view name = traits(type).name;
    if (!table.has_panels(type) || (!only.empty() && only != name)) continue;
    Random random(1);
    const std::vector<std::byte> panels = random_panels(table, type, random);
    fmt::print("{:8}", name);
    for (const std::size_t tokens : token_counts) {
      fmt::print("{:6.0f}", rate(table, type, panels, tokens, random));
    }
    fmt::print("\n");
  }
}

}  // namespace
}  // namespace freehold

// kernels_bench [TYPE]: all packed formats or one, on every instruction set this machine has.
int main(int argc, char** argv) {
  for (const freehold::kernels::Kernels* table : freehold::kernels::available_kernels()) {
    if (std::string_view(table->name) != "scalar") {
      freehold::print_table(*table, argc > 1 ? argv[1] : "");
    }
  }
}
