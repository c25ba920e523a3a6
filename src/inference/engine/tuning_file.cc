#include "engine/tuning_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "engine/machine.h"

namespace freehold::engine {
namespace {

constexpr std::size_t longest_file = 64 << 10;
constexpr std::int64_t busy_valid_s = 600;

const kernels::Kernels* table_named(std::string_view name) {
  for (const kernels::Kernels* table : kernels::available_kernels()) {
    if (table->name == name) return table;
  }
  return nullptr;
}

// The text of a member, empty when it is none; its number, 0 when it is none.
std::string text_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? "" : *text;
}

double number_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  const double number = value == nullptr ? 0 : value->number_or(0);
  return std::isfinite(number) ? number : 0;
}

// A whole number of [0, most], else 0.
std::int64_t whole_of(const Value& object, std::string_view key, std::int64_t most) {
  const Value* value = object.find(key);
  const std::int64_t* number = value == nullptr ? nullptr : value->as_integer();
  return number != nullptr && *number >= 0 && *number <= most ? *number : 0;
}

const List& list_of(const Value& object, std::string_view key) {
  static const List none;
  const Value* value = object.find(key);
  const List* list = value == nullptr ? nullptr : value->as_list();
  return list == nullptr ? none : *list;
}

bool still_holds(const Tuning& tuning, std::int64_t now_unix_s) {
  const std::int64_t age_s = now_unix_s - tuning.measured_unix_s;
  return tuning.foreign_cpus <= quiet_cpus || (age_s >= 0 && age_s < busy_valid_s);
}

std::optional<Tuning> read_kept(const std::filesystem::path& path, const TuningRequest& request) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) return std::nullopt;
  const auto text = read_file(path, longest_file);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value || text_of(*value, "machine") != request.identity) return std::nullopt;
  std::optional<Tuning> tuning = read_tuning(*value);
  if (!tuning || !still_holds(*tuning, request.now_unix_s)) return std::nullopt;
  return tuning;
}

void keep(const std::filesystem::path& path, const TuningRequest& request, const Tuning& tuning) {
  Value document = tuning_value(tuning);
  document.set("machine", request.identity);
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (const auto written = replace_file(path, to_json(document, 1) + "\n"); !written) {
    log::info("tuning.not_kept", {{"why", written.error().message}});
  }
}

}  // namespace

std::string tuning_identity() {
  std::string tables;
  for (const kernels::Kernels* table : kernels::available_kernels()) {
    tables += fmt::format(" {}", table->name);
  }
  struct stat program{};
  ::stat("/proc/self/exe", &program);
  const ProcessorFacts processor = processor_facts();
  return fmt::format("{} ({}), {} processors, tables{}, program of {} bytes from {}.{:09}",
                     processor.name, processor.kind, machine_threads(), tables, program.st_size,
                     program.st_mtim.tv_sec, program.st_mtim.tv_nsec);
}

std::filesystem::path tuning_path(const std::filesystem::path& folder,
                                  const std::string& identity) {
  return folder / (sha256(identity).substr(0, 16) + ".json");
}

KeptTuning tuning_for(const TuningRequest& given) {
  TuningRequest request = given;
  if (request.now_unix_s == 0) request.now_unix_s = Clock::system().unix_time_s();
  const std::filesystem::path path = tuning_path(request.folder, request.identity);
  if (!request.again) {
    if (auto kept = read_kept(path, request)) return {std::move(*kept), false};
  }
  KeptTuning measured = {request.measure(), true};
  log::info("tuning.measured", {{"kernels", measured.tuning.kernels},
                                {"threads", measured.tuning.threads},
                                {"seconds", measured.tuning.took_s}});
  keep(path, request, measured.tuning);
  return measured;
}

Value tuning_value(const Tuning& tuning) {
  List tables, thread_counts;
  for (const TableSpeed& table : tuning.tables) {
    tables.push_back(Object{{"name", table.name},
                            {"refused", table.refused.empty() ? Value() : Value(table.refused)},
                            {"many_tokens_gops", table.many_tokens_gops},
                            {"one_token_gb_s", table.one_token_gb_s}});
  }
  for (const ThreadsSpeed& count : tuning.thread_counts) {
    thread_counts.push_back(
        Object{{"threads", count.threads}, {"one_token_gb_s", count.one_token_gb_s}});
  }
  return Object{{"kernels", tuning.kernels},
                {"threads", tuning.threads},
                {"tables", std::move(tables)},
                {"thread_counts", std::move(thread_counts)},
                {"foreign_cpus", tuning.foreign_cpus},
                {"seconds", tuning.took_s},
                {"measured_unix_s", tuning.measured_unix_s}};
}

std::optional<Tuning> read_tuning(const Value& value) {
  Tuning tuning;
  tuning.kernels = text_of(value, "kernels");
  tuning.threads = static_cast<std::uint32_t>(whole_of(value, "threads", machine_threads()));
  if (table_named(tuning.kernels) == nullptr || tuning.threads == 0) return std::nullopt;
  for (const Value& table : list_of(value, "tables")) {
    tuning.tables.push_back({.name = text_of(table, "name"),
                             .refused = text_of(table, "refused"),
                             .many_tokens_gops = number_of(table, "many_tokens_gops"),
                             .one_token_gb_s = number_of(table, "one_token_gb_s")});
    if (tuning.tables.back().name == tuning.kernels && !tuning.tables.back().refused.empty()) {
      return std::nullopt;
    }
  }
  for (const Value& count : list_of(value, "thread_counts")) {
    tuning.thread_counts.push_back(
        {.threads = static_cast<std::uint32_t>(whole_of(count, "threads", UINT32_MAX)),
         .one_token_gb_s = number_of(count, "one_token_gb_s")});
  }
  tuning.foreign_cpus = number_of(value, "foreign_cpus");
  tuning.took_s = number_of(value, "seconds");
  tuning.measured_unix_s = whole_of(value, "measured_unix_s", INT64_MAX);
  return tuning;
}

std::uint32_t settle(const Tuning& tuning, std::uint32_t threads) {
  const kernels::Kernels* table = table_named(tuning.kernels);
  CHECK(table != nullptr);
  kernels::settle_kernels(*table);
  return threads == 0 ? tuning.threads : threads;
}

}  // namespace freehold::engine
