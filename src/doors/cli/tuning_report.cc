#include "cli/tuning_report.h"

#include <fmt/format.h>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace freehold::cli {
namespace {

std::string table_line(const engine::TableSpeed& table) {
  if (!table.refused.empty()) {
    return fmt::format("{} refused: its {} is wrong on this processor", table.name, table.refused);
  }
  if (table.many_tokens_gops == 0) return fmt::format("{} not measured", table.name);
  return fmt::format("{} {:.0f} GOPS with many tokens, {:.1f} GB/s with one", table.name,
                     table.many_tokens_gops, table.one_token_gb_s);
}

std::string threads_line(const engine::Tuning& tuning) {
  std::string text = fmt::format("{} of {} threads", tuning.threads, machine_threads());
  if (tuning.thread_counts.size() < 2) return text;
  std::string rates;
  for (const engine::ThreadsSpeed& count : tuning.thread_counts) {
    rates += fmt::format("{}{}: {:.1f} GB/s", rates.empty() ? "" : ", ", count.threads,
                         count.one_token_gb_s);
  }
  return text + " (one token with " + rates + ")";
}

}  // namespace

Value tuning_json(const TuningShown& shown) {
  Value document = engine::tuning_value(shown.kept.tuning);
  document.set("measured_now", shown.kept.measured_now);
  document.set("forced", kernels::kernels_are_forced());
  document.set("file", shown.file.string());
  return document;
}

std::string tuning_text(const TuningShown& shown) {
  const engine::Tuning& tuning = shown.kept.tuning;
  std::string text = fmt::format("tuned to    {}, {}\n", tuning.kernels, threads_line(tuning));
  for (const engine::TableSpeed& table : tuning.tables) {
    text += fmt::format("            {}\n", table_line(table));
  }
  text += fmt::format("            {} in {:.2f} s, kept in {}\n",
                      shown.kept.measured_now ? "measured now" : "measured before", tuning.took_s,
                      shown.file.string());
  if (tuning.foreign_cpus > engine::quiet_cpus) {
    text += fmt::format("            others kept {:.1f} processors busy: to be measured again\n",
                        tuning.foreign_cpus);
  }
  if (kernels::kernels_are_forced()) {
    text += fmt::format("            FREEHOLD_KERNELS forces {}\n", kernels::kernels().name);
  }
  return text;
}

}  // namespace freehold::cli
