#include "cli/bench_compare.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "base/table.h"

namespace freehold::cli {
namespace {

using Decision = BenchComparison::Decision;
using Path = std::vector<std::string_view>;

constexpr std::size_t longest_document = 1 << 20;
constexpr std::string_view parts[] = {"prefill", "decode"};

const Value* at(const Value& document, const Path& path) {
  const Value* value = &document;
  for (const std::string_view key : path) {
    if (value != nullptr) value = value->find(key);
  }
  return value;
}

std::string name_of(const Path& path) {
  std::string name;
  for (const std::string_view key : path) name += (name.empty() ? "" : ".") + std::string(key);
  return name;
}

// A positive rate, or nothing where that part was not measured; `invalid` for anything else.
Result<void> check_rate(const Value& document, std::string_view part) {
  const Value* measured = document.find(part);
  if (measured == nullptr || measured->is_null()) return {};
  const Value* rate = measured->find("tokens_per_s");
  const double number = rate == nullptr ? 0 : rate->number_or(0);
  if (!(number > 0) || !std::isfinite(number)) {
    return fail(ErrorCode::invalid, fmt::format("{}.tokens_per_s is no positive number", part));
  }
  return {};
}

Result<void> check_document(const Value& document) {
  for (const Path& path : {Path{"machine", "cpu"}, Path{"threads"}, Path{"weights_bytes"}}) {
    const Value* value = at(document, path);
    if (value == nullptr || (value->as_string() == nullptr && !value->is_number())) {
      return fail(ErrorCode::invalid,
                  fmt::format("is no result of freehold bench: {} is missing", name_of(path)));
    }
  }
  for (const std::string_view part : parts) TRY(check_rate(document, part));
  return {};
}

bool measured(const Value& document, std::string_view part) {
  const Value* value = document.find(part);
  return value != nullptr && !value->is_null();
}

// Documents write numbers whole or not, as it happens.
bool same(const Value& a, const Value& b) {
  return a.is_number() && b.is_number() ? a.number_or(0) == b.number_or(0) : a == b;
}

// "threads: 2 before, 1 now", or nothing when they agree or the earlier one does not say.
std::string difference(const Value& before, const Value& now, const Path& path) {
  const Value* old = at(before, path);
  const Value* young = at(now, path);
  if (old == nullptr || young == nullptr || same(*old, *young)) return "";
  return fmt::format("{}: {} before, {} now", name_of(path), to_json(*old), to_json(*young));
}

std::string why_not_comparable(const Value& before, const Value& now) {
  const bool has_kind = at(before, {"machine", "kind"}) != nullptr;
  const std::string other = has_kind ? difference(before, now, {"machine", "kind"})
                                     : difference(before, now, {"machine", "cpu"});
  if (!other.empty()) return "another kind of processor: " + other;
  for (const Path& path : {Path{"weights_bytes"}, Path{"threads"}, Path{"kv"}}) {
    const std::string found = difference(before, now, path);
    if (!found.empty()) return "other settings: " + found;
  }
  for (const std::string_view part : parts) {
    if (!measured(before, part) || !measured(now, part)) continue;
    for (const std::string_view key : {"tokens", "batch", "depth"}) {
      const std::string found = difference(before, now, {part, key});
      if (!found.empty()) return "other settings: " + found;
    }
  }
  return "";
}

std::string_view decision_name(Decision decision) {
  return decision == Decision::pass     ? "pass"
         : decision == Decision::slower ? "slower"
                                        : "not_comparable";
}

}  // namespace

Result<Value> read_bench_document(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, longest_document));
  Value document = TRY_IN(path.string(), parse_json(text));
  TRY_IN(path.string(), check_document(document));
  return document;
}

BenchComparison compare_bench(const Value& before, const Value& now, double tolerance_percent) {
  BenchComparison comparison;
  for (const std::string_view part : parts) {
    if (!measured(before, part) || !measured(now, part)) continue;
    comparison.rates.push_back({std::string(part), at(before, {part, "tokens_per_s"})->number_or(0),
                                at(now, {part, "tokens_per_s"})->number_or(0)});
  }
  comparison.reason = why_not_comparable(before, now);
  if (comparison.reason.empty() && comparison.rates.empty()) {
    comparison.reason = "other settings: they have no measurement in common";
  }
  if (!comparison.reason.empty()) {
    comparison.decision = Decision::not_comparable;
    return comparison;
  }
  for (const BenchComparison::Rate& rate : comparison.rates) {
    if (rate.ratio() >= 1 - tolerance_percent / 100) continue;
    comparison.decision = Decision::slower;
    comparison.reason +=
        fmt::format("{}{} fell by {:.1f} %, from {:.1f} to {:.1f} tokens/s; {} % are tolerated",
                    comparison.reason.empty() ? "" : "; ", rate.name, (1 - rate.ratio()) * 100,
                    rate.before, rate.now, tolerance_percent);
  }
  return comparison;
}

Value comparison_json(const BenchComparison& comparison) {
  Value document =
      Object{{"decision", decision_name(comparison.decision)}, {"reason", comparison.reason}};
  for (const BenchComparison::Rate& rate : comparison.rates) {
    document.set(rate.name,
                 Object{{"before", rate.before}, {"now", rate.now}, {"ratio", rate.ratio()}});
  }
  return document;
}

std::string comparison_text(const BenchComparison& comparison) {
  Table table({{""},
               {"before", Table::Align::right},
               {"now", Table::Align::right},
               {"ratio", Table::Align::right}});
  for (const BenchComparison::Rate& rate : comparison.rates) {
    table.add({rate.name, fmt::format("{:.1f}", rate.before), fmt::format("{:.1f}", rate.now),
               fmt::format("{:.2f}", rate.ratio())});
  }
  std::string text = table.empty() ? "" : "\n" + table.text();
  switch (comparison.decision) {
    case Decision::pass:
      break;
    case Decision::slower:
      text += "slower: " + comparison.reason + "\n";
      break;
    case Decision::not_comparable:
      text += "not comparable: " + comparison.reason + "\n";
      break;
  }
  return text;
}

int exit_code(Decision decision) {
  switch (decision) {
    case Decision::pass:
      return 0;
    case Decision::slower:
      return static_cast<int>(ErrorCode::denied);
    case Decision::not_comparable:
      break;
  }
  return static_cast<int>(ErrorCode::undecided);
}

}  // namespace freehold::cli
