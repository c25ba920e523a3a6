// What the tests of pulls share: a home of their own, content to fetch, and somebody who listens.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/random.h"
#include "hub/pull.h"
#include "misbehaving_server.h"

namespace freehold::hub {

// An environment variable for as long as the object lives.
class Setting {
 public:
  Setting(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = ::getenv(name_.c_str())) old_ = old, had_ = true;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  ~Setting() {
    if (had_) ::setenv(name_.c_str(), old_.c_str(), 1);
    if (!had_) ::unsetenv(name_.c_str());
  }

 private:
  std::string name_;
  std::string old_;
  bool had_ = false;
};

class Listener : public Observer {
 public:
  void progress(const Progress& now) override {
    bytes_done = now.bytes_done;
    if (on_progress) on_progress(now);
  }
  void note(const std::string& line) override { notes.push_back(line); }

  std::function<void(const Progress&)> on_progress;
  std::vector<std::string> notes;
  std::uint64_t bytes_done = 0;
};

class PullTest : public testing::Test {
 protected:
  PullTest() {
    options.observer = &listener;
    options.cancelled = &cancelled;
    options.clock = &clock;
    options.seed = 7;
    options.limits.progress_bytes = 1;
    options.http.low_speed_time = std::chrono::seconds(1);
  }
  ~PullTest() override { std::filesystem::remove_all(folder); }

  // A GGUF as far as the hub looks at it.
  static std::string content_of(std::size_t bytes, std::uint64_t seed = 1) {
    Random random(seed);
    std::string content = "GGUF";
    while (content.size() < bytes) content += static_cast<char>(random.below(256));
    return content;
  }
  std::string stored(const Receipt& receipt, std::size_t file = 0) const {
    const auto path = store.path_of(receipt);
    if (!path) return "no path: " + path.error().message;
    const auto whole = std::filesystem::is_directory(*path)
                           ? *path / receipt.files.at(file).name
                           : path->parent_path() / receipt.files.at(file).name;
    return read_file(whole, 1 << 30).value_or("unreadable");
  }
  Result<Receipt> pull_from(const MisbehavingServer& server, const std::string& content) {
    return pull(store, server.url("/m.gguf") + "#sha256=" + sha256(content), options);
  }
  bool anything_under(const std::string& part) const {
    const auto under = folder / "models" / part;
    return std::filesystem::exists(under) && !std::filesystem::is_empty(under);
  }

  const std::filesystem::path folder = make_folder();
  Store store{folder};
  ManualClock clock;
  std::atomic<bool> cancelled{false};
  Listener listener;
  PullOptions options;

 private:
  static std::filesystem::path make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hub-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
};

}  // namespace freehold::hub
