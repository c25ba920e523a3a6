#include "hub/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/toml.h"
#include "hub/catalogue_text.h"
#include "hub/names.h"
#include "hub/reference.h"

namespace freehold::hub {
namespace {

// Weights, their working set and the program must leave half of the machine to everybody else.
constexpr std::uint64_t memory_share = 2;
constexpr std::uint64_t working_set_bytes = 256 << 20;

using Texts = std::vector<std::string>;

class EntryReader {
 public:
  explicit EntryReader(const Value& table) : table_(table) {}

  Result<std::string> text(std::string_view key, bool needed = true) {
    known_.insert(key);
    const Value* value = table_.find(key);
    if (value == nullptr && !needed) return std::string();
    if (value == nullptr || value->as_string() == nullptr || value->as_string()->empty()) {
      return fail(ErrorCode::invalid, fmt::format("{} is not text", key));
    }
    return *value->as_string();
  }

  Result<std::uint64_t> number(std::string_view key, bool needed = true) {
    known_.insert(key);
    const Value* value = table_.find(key);
    if (value == nullptr && !needed) return 0;
    if (value == nullptr || value->as_integer() == nullptr || *value->as_integer() <= 0) {
      return fail(ErrorCode::invalid, fmt::format("{} is not a positive whole number", key));
    }
    return static_cast<std::uint64_t>(*value->as_integer());
  }

  Result<bool> flag(std::string_view key) {
    known_.insert(key);
    const Value* value = table_.find(key);
    if (value == nullptr) return false;
    if (value->as_bool() == nullptr) {
      return fail(ErrorCode::invalid, fmt::format("{} is neither true nor false", key));
    }
    return *value->as_bool();
  }

  Result<Texts> texts(std::string_view key) {
    known_.insert(key);
    const Value* value = table_.find(key);
    if (value == nullptr || value->as_list() == nullptr) {
      return fail(ErrorCode::invalid, fmt::format("{} is not a list", key));
    }
    Texts result;
    for (const Value& item : *value->as_list()) {
      if (item.as_string() == nullptr) {
        return fail(ErrorCode::invalid, fmt::format("{} has something that is not text", key));
      }
      result.push_back(*item.as_string());
    }
    return result;
  }

  // A misspelt key would otherwise be a fact that silently went missing.
  Result<void> nothing_else() const {
    if (table_.as_object() == nullptr) return fail(ErrorCode::invalid, "is not a table");
    for (const auto& [key, value] : *table_.as_object()) {
      if (!known_.contains(key))
        return fail(ErrorCode::invalid, fmt::format("unknown key {}", key));
    }
    return {};
  }

 private:
  const Value& table_;
  std::set<std::string_view> known_;
};

Result<CatalogueEntry> read_entry(const Value& table, const Texts& runs) {
  EntryReader reader(table);
  CatalogueEntry entry;
  entry.name = TRY(reader.text("name"));
  TRY(check_model_name(entry.name));
  entry.title = TRY(reader.text("title"));
  entry.family = TRY(reader.text("family"));
  entry.maker = TRY(reader.text("maker"));
  entry.origin = TRY(reader.text("origin"));
  entry.license = TRY(reader.text("license"));
  entry.architecture = TRY(reader.text("architecture"));
  entry.parameters = TRY(reader.number("parameters"));
  entry.active_parameters = TRY(reader.number("active_parameters", false));
  if (entry.active_parameters == 0) entry.active_parameters = entry.parameters;
  entry.context_length = TRY(reader.number("context_length"));
  entry.sha256 = TRY(reader.text("sha256", false));
  entry.bytes = TRY(reader.number("bytes", false));
  entry.gated = TRY(reader.flag("gated"));
  entry.sources = TRY(reader.texts("sources"));
  TRY(reader.nothing_else());
  entry.runs = std::find(runs.begin(), runs.end(), entry.architecture) != runs.end();
  if (entry.active_parameters > entry.parameters) {
    return fail(ErrorCode::invalid, "active_parameters are more than parameters");
  }
  if (!entry.sha256.empty() && !is_sha256(entry.sha256)) {
    return fail(ErrorCode::invalid, "sha256 is no digest");
  }
  if (entry.sources.empty()) return fail(ErrorCode::invalid, "has no source");
  for (const std::string& source : entry.sources) {
    if (auto reference = parse_reference(source); !reference) {
      return fail(ErrorCode::invalid, std::move(reference).error().message);
    }
  }
  return entry;
}

// Levenshtein distance.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[to.size()];
}

}  // namespace

Result<Catalogue> Catalogue::parse(std::string_view toml) {
  const Value root = TRY(parse_toml(toml));
  EntryReader reader(root);
  const Texts runs = TRY(reader.texts("runs"));
  Catalogue catalogue;
  catalogue.defaults_ = TRY(reader.texts("defaults"));
  const Value* models = root.find("model");
  if (models == nullptr || models->as_list() == nullptr) {
    return fail(ErrorCode::invalid, "has no [[model]]");
  }
  for (std::size_t i = 0; i < models->as_list()->size(); ++i) {
    const Value& table = (*models->as_list())[i];
    const Value* name = table.find("name");
    const bool named = name != nullptr && name->as_string() != nullptr;
    auto entry =
        TRY_IN(named ? *name->as_string() : fmt::format("model {}", i), read_entry(table, runs));
    if (catalogue.find(entry.name) != nullptr) {
      return fail(ErrorCode::invalid, fmt::format("{} appears twice", entry.name));
    }
    catalogue.entries_.push_back(std::move(entry));
  }
  if (catalogue.defaults_.empty()) return fail(ErrorCode::invalid, "defaults is empty");
  for (const std::string& candidate : catalogue.defaults_) {
    const CatalogueEntry* entry = catalogue.find(candidate);
    if (entry == nullptr || !entry->runs || entry->bytes == 0) {
      return fail(ErrorCode::invalid,
                  fmt::format("the default {} is no model of known size that runs", candidate));
    }
  }
  return catalogue;
}

const Catalogue& Catalogue::builtin() {
  static const Catalogue catalogue = [] {
    auto parsed = parse(catalogue_text);
    CHECK(parsed.has_value());  // a test parses it with the reason
    return *std::move(parsed);
  }();
  return catalogue;
}

const CatalogueEntry* Catalogue::find(std::string_view name) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const CatalogueEntry& entry) { return entry.name == name; });
  return at == entries_.end() ? nullptr : &*at;
}

std::string Catalogue::nearest(std::string_view name) const {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const CatalogueEntry& entry : entries_) {
    const std::size_t apart = distance(name, entry.name);
    if (apart >= best_distance) continue;
    best_distance = apart;
    best = entry.name;
  }
  return best;
}

std::vector<std::string> Catalogue::default_candidates(std::uint64_t memory_bytes) const {
  std::vector<std::string> fitting;
  const CatalogueEntry* smallest = find(defaults_.front());
  for (const std::string& name : defaults_) {
    const CatalogueEntry* entry = find(name);
    if (entry->bytes < smallest->bytes) smallest = entry;
    if (entry->bytes + working_set_bytes <= memory_bytes / memory_share) fitting.push_back(name);
  }
  if (fitting.empty()) fitting.push_back(smallest->name);
  return fitting;
}

}  // namespace freehold::hub
