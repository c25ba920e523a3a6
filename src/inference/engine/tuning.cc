#include "engine/tuning.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "engine/cores.h"
#include "engine/kernel_check.h"
#include "engine/median.h"

namespace freehold::engine {
namespace {

using kernels::Kernels;

constexpr DType type = DType::q4_k;  // what most models are kept in
constexpr std::size_t columns = 2048;
constexpr std::size_t tile_rows = 64;     // whole panels of every table
constexpr std::size_t region_tiles = 32;  // a product of the decoder, after which threads meet
constexpr std::size_t many_tokens = 64;
constexpr std::size_t repetitions = 5;
// What all measuring may take: on a machine where everything is slow, fewer samples must do, and
// what no time is left for stays unmeasured and unchosen.
constexpr Duration budget = std::chrono::milliseconds(700);
constexpr double clearly_faster_table = 1.03;
constexpr double fewer_threads_win = 1.05;
constexpr double fewer_threads_win_disturbed = 1.25;
constexpr std::size_t least_stream_bytes = std::size_t{64} << 20;
constexpr std::size_t most_stream_bytes = std::size_t{256} << 20;

// So much that the last cache holds less than half of it.
std::size_t stream_bytes() {
  const long cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
  const std::size_t wanted = cache > 0 ? 2 * static_cast<std::size_t>(cache) : 0;
  return std::clamp(wanted, least_stream_bytes, most_stream_bytes);
}

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};

// Weights in one table's panels, the same tile again and again, and tokens to multiply them with.
class Trial {
 public:
  explicit Trial(const Kernels& table);

  // Bytes per second of all tiles times one token, by all threads of the pool, in the decoder's
  // regions.
  double one_token(ThreadPool& pool);
  // Operations per second of a tile in the cache times many tokens, each thread its own.
  double many(ThreadPool& pool);

 private:
  void multiply(std::size_t tile, std::size_t tokens, float* y) const {
    table_.multiply_panels(type, tiles_.get() + tile * tile_bytes_, columns, tile_rows, records_,
                           tokens * kernels::activation_step_bytes, tokens, y, tile_rows);
  }

  const Kernels& table_;
  const std::size_t tile_bytes_ = tile_rows * *bytes_of(type, columns);
  const std::size_t tiles_count_ = stream_bytes() / tile_bytes_ / region_tiles * region_tiles;
  std::unique_ptr<std::byte[], Free> tiles_;
  std::unique_ptr<std::byte[], Free> quantized_;
  std::byte* records_;
};

std::unique_ptr<std::byte[], Free> memory_of(std::size_t bytes) {
  constexpr std::size_t huge_page = 2 << 20;
  const std::size_t allocated = (bytes + huge_page - 1) / huge_page * huge_page;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(huge_page, allocated));
  CHECK(memory != nullptr);
  ::madvise(memory, allocated, MADV_HUGEPAGE);
  return std::unique_ptr<std::byte[], Free>(memory);
}

Trial::Trial(const Kernels& table)
    : table_(table),
      tiles_(memory_of(tiles_count_ * tile_bytes_)),
      quantized_(memory_of(columns / kernels::activation_step_columns * many_tokens *
                           kernels::activation_step_bytes)),
      records_(quantized_.get()) {
  CHECK(table.has_panels(type) && tile_rows % table.panel_rows == 0);
  const std::vector<std::byte> weights = random_weights(table, type, tile_rows, columns);
  const std::size_t panel_bytes = tile_bytes_ / (tile_rows / table.panel_rows);
  for (std::size_t at = 0; at < tile_bytes_; at += panel_bytes) {
    table.pack_panel(type, weights.data() + at, table.panel_rows, columns, tiles_.get() + at);
  }
  for (std::size_t i = 1; i < tiles_count_; ++i) {
    std::memcpy(tiles_.get() + i * tile_bytes_, tiles_.get(), tile_bytes_);
  }
  std::vector<float> x(columns);
  for (std::size_t i = 0; i < columns; ++i) x[i] = std::sin(static_cast<float>(i));
  for (std::size_t t = 0; t < many_tokens; ++t) {
    table.quantize(x.data(), columns, records_ + t * kernels::activation_step_bytes,
                   many_tokens * kernels::activation_step_bytes);
  }
}

double Trial::one_token(ThreadPool& pool) {
  std::vector<float> y(region_tiles * tile_rows);
  const Duration started = Clock::system().now();
  for (std::size_t first = 0; first < tiles_count_; first += region_tiles) {
    pool.parallel_for(region_tiles, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) multiply(first + i, 1, &y[i * tile_rows]);
    });
  }
  return static_cast<double>(tiles_count_ * tile_bytes_) / seconds(Clock::system().now() - started);
}

double Trial::many(ThreadPool& pool) {
  constexpr std::size_t rounds = 16;
  const Duration started = Clock::system().now();
  pool.run([&](std::uint32_t) {
    std::vector<float> y(many_tokens * tile_rows);
    for (std::size_t i = 0; i < rounds; ++i) multiply(0, many_tokens, y.data());
  });
  constexpr double operations = 2.0 * rounds * many_tokens * tile_rows * columns;
  return operations * pool.threads() / seconds(Clock::system().now() - started);
}

bool before(Duration deadline) {
  return Clock::system().now() < deadline;
}

// Of at least one sample.
template <class Measure>
double median_of(const Measure& measure, Duration deadline) {
  std::vector<double> rates = {measure()};
  while (rates.size() < repetitions && before(deadline)) rates.push_back(measure());
  return median(std::move(rates));
}

std::vector<ThreadsSpeed> measure_threads(const Kernels& table, Duration deadline) {
  if (!before(deadline)) return {{machine_threads(), 0}};
  const std::vector<std::uint32_t> counts =
      thread_counts_to_try(machine_threads(), physical_cores());
  Trial trial(table);
  std::vector<std::unique_ptr<ThreadPool>> pools;
  for (const std::uint32_t count : counts) pools.push_back(std::make_unique<ThreadPool>(count));
  std::vector<std::vector<double>> rates(counts.size());
  do {  // in turns: a slow moment meets all
    for (std::size_t i = 0; i < counts.size(); ++i) rates[i].push_back(trial.one_token(*pools[i]));
  } while (rates[0].size() < repetitions && before(deadline));
  std::vector<ThreadsSpeed> speeds;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    speeds.push_back({counts[i], median(std::move(rates[i])) * 1e-9});
  }
  return speeds;
}

// Seconds that all processors together were busy since the machine began, and this process alone.
struct BusySeconds {
  double all = 0, own = 0;
};

BusySeconds busy_seconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, steal = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> steal;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {(user + nice + system + irq + soft_irq + steal) / ticks_per_second,
          in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime)};
}

}  // namespace

Tuning measure_tuning(std::span<const Kernels* const> tables) {
  CHECK(!tables.empty());
  const Duration started = Clock::system().now();
  const Duration deadline = started + budget;
  const BusySeconds busy = busy_seconds();
  ThreadPool pool(0);
  Tuning tuning;
  for (const Kernels* table : tables) {
    TableSpeed speed{.name = table->name, .refused = {}};
    if (const auto wrong = wrong_result(*table, *tables.back())) {
      speed.refused = *wrong;
      log::warning("kernels.refused", {{"kernels", speed.name}, {"computes_wrongly", *wrong}});
    } else if (table != tables.back() && before(deadline)) {  // the reference is the slowest
      Trial trial(*table);
      speed.many_tokens_gops = median_of([&] { return trial.many(pool); }, deadline) * 1e-9;
      speed.one_token_gb_s = median_of([&] { return trial.one_token(pool); }, deadline) * 1e-9;
    }
    tuning.tables.push_back(std::move(speed));
  }
  tuning.kernels = fastest(tuning.tables).name;
  for (const Kernels* table : tables) {
    if (table->name == tuning.kernels) tuning.thread_counts = measure_threads(*table, deadline);
  }
  const BusySeconds busy_after = busy_seconds();
  tuning.took_s = seconds(Clock::system().now() - started);
  tuning.foreign_cpus =
      std::max(0.0, (busy_after.all - busy.all - (busy_after.own - busy.own)) / tuning.took_s);
  tuning.threads = best_threads(tuning.thread_counts, tuning.foreign_cpus);
  tuning.measured_unix_s = Clock::system().unix_time_s();
  return tuning;
}

const TableSpeed& fastest(std::span<const TableSpeed> tables) {
  CHECK(!tables.empty());
  const auto rate = [](const TableSpeed& table) {
    return std::sqrt(table.many_tokens_gops * table.one_token_gb_s);
  };
  const TableSpeed* best = nullptr;
  for (const TableSpeed& table : tables) {
    if (!table.refused.empty()) continue;
    if (best == nullptr || rate(table) > clearly_faster_table * rate(*best)) best = &table;
  }
  CHECK(best != nullptr);  // the reference agrees with itself
  return *best;
}

std::uint32_t best_threads(std::span<const ThreadsSpeed> counts, double foreign_cpus) {
  CHECK(!counts.empty());
  const double margin = foreign_cpus > quiet_cpus ? fewer_threads_win_disturbed : fewer_threads_win;
  const ThreadsSpeed* best = &counts[0];
  for (const ThreadsSpeed& count : counts) {
    if (count.one_token_gb_s > margin * best->one_token_gb_s) best = &count;
  }
  return best->threads;
}

std::vector<std::uint32_t> thread_counts_to_try(std::uint32_t logical, std::uint32_t physical) {
  std::vector<std::uint32_t> counts = {logical};
  for (const std::uint32_t count : {logical - 1, physical}) {
    if (count >= 1 && count < logical && std::ranges::count(counts, count) == 0) {
      counts.push_back(count);
    }
  }
  return counts;
}

}  // namespace freehold::engine
