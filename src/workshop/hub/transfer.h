// One file over HTTP, whole or not at all: resumes what an earlier attempt left, fetches ranges
// side by side where the server can, retries with back-off, and believes only the digest. Not which
// file and from where: that is a source's business.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "freehold/result.h"
#include "hub/http_client.h"
#include "hub/observer.h"

namespace freehold::hub {

struct TransferLimits {
  std::uint64_t piece_bytes = 32 << 20;  // one range request
  std::size_t parallel = 4;
  int attempts = 6;                         // failures in a row without progress
  std::uint64_t progress_bytes = 64 << 10;  // what counts as progress between two failures
  Duration first_delay = std::chrono::milliseconds(500);
  Duration longest_delay = std::chrono::seconds(30);
  Duration longest_wait = std::chrono::seconds(120);  // a server that asks for more is left
  std::uint64_t save_every_bytes = 8 << 20;
  std::uint64_t max_bytes = std::uint64_t{4} << 40;
};

// What all transfers of one pull share.
struct TransferContext {
  HttpClient& http;
  const Clock& clock;
  Random& random;
  Observer& observer;
  const std::atomic<bool>* cancelled = nullptr;
  TransferLimits limits{};
  bool disk_full = false;  // set when no mirror could help

  bool is_cancelled() const { return cancelled != nullptr && cancelled->load(); }
};

struct TransferRequest {
  std::string url;
  Headers secrets;
  std::string name;                    // for messages: "model.gguf"
  std::optional<std::uint64_t> bytes;  // when the source knows it
  std::string sha256;                  // that it must have; empty when nobody knows
  std::string when_denied;             // what a reader can do about 401 and 403
};

struct FetchedFile {
  std::string sha256;
  std::uint64_t bytes = 0;
};

// Fetches into `destination`; nothing is at that path before the file is whole and has the digest
// asked for. `interrupted` leaves what came so far beside it for the next call. A file with the
// wrong digest (`invalid`) is removed. Otherwise `absent` with the reason in one line.
Result<FetchedFile> transfer(TransferContext& context, const TransferRequest& request,
                             const std::filesystem::path& destination);

// The digest of a file, with progress, stopping when cancelled.
Result<std::string> digest_with_progress(const TransferContext& context,
                                         const std::filesystem::path& path,
                                         const std::string& name);

// `absent` when `bytes` more do not fit beside `path`; says what is needed and what is free.
Result<void> check_space(const std::filesystem::path& path, std::uint64_t bytes);

// "bytes 5-9/20" → begin 5, end 10, total 20. Nothing when it is not of that form.
struct ContentRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;               // exclusive; 0 for an unsatisfied range
  std::optional<std::uint64_t> total;  // "*" is unknown
};
std::optional<ContentRange> parse_content_range(std::string_view value);

}  // namespace freehold::hub
