// Responses that can be asked for again and gone on from (/v1/responses): in memory, or as one file
// each in a folder, which outlives the process. Bounded: the oldest go first. Knows ids and JSON
// values, not what is in them. Safe to call from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::server {

struct ResponseLimits {
  std::size_t responses = 10'000;
  std::uint64_t bytes = 256u << 20;  // of all together, as JSON
};

class ResponseStore {
 public:
  explicit ResponseStore(ResponseLimits limits = {}) : limits_(limits) {}

  // Keeps responses in this folder from now on, and finds those that are there. Files that are not
  // responses are left alone.
  Result<void> open(const std::filesystem::path& folder);

  // Ids are "resp_" and lower-case letters or digits; others are never stored nor found. What is
  // larger than all that may be kept is not kept.
  Result<void> put(const std::string& id, const Value& response);
  std::optional<Value> get(const std::string& id) const;
  bool remove(const std::string& id);

 private:
  struct Entry {
    std::uint64_t bytes = 0;
    std::string text;  // empty when it is in a file
    std::list<std::string>::iterator age;
  };
  std::filesystem::path file_of(const std::string& id) const;
  void enter(const std::string& id, std::uint64_t bytes, std::string text);
  bool forget(const std::string& id);

  const ResponseLimits limits_;
  mutable std::mutex mutex_;
  std::filesystem::path folder_;  // empty: in memory
  std::map<std::string, Entry> entries_;
  std::list<std::string> ages_;  // ids, the oldest first
  std::uint64_t bytes_ = 0;
};

}  // namespace freehold::server
