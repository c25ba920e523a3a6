// The tiny checkpoints of tests/fixtures/models and what the authors' code computed on them. Made
// by tools/make_fixtures.py.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "formats/checkpoint.h"
#include "freehold/sampling.h"
#include "model/decoder.h"

namespace freehold::golden {

struct Distribution {
  std::size_t position;
  std::vector<double> logprobs;  // (vocabulary)
};

struct Sequence {
  std::vector<Token> tokens;
  std::vector<double> logprobs;  // (tokens - 1): of each token given those before it
  std::vector<Distribution> whole;
  std::vector<Token> greedy;
  std::vector<double> gaps;  // between the likeliest and the second, before each greedy token
};

std::filesystem::path fixture_folder(const std::string& name);
std::vector<std::string> fixture_names();            // all of them
std::vector<std::string> fixture_names_with_gguf();  // those that have a twin
std::vector<Sequence> expected_of(const std::string& name);

// A folder for one test to write in.
std::filesystem::path scratch_folder();

std::shared_ptr<const formats::Checkpoint> open_checkpoint(const std::filesystem::path& path);
ThreadPool& pool();  // one thread: tests share their machine

// Fails the test when it cannot be opened.
std::unique_ptr<model::Decoder> open(const std::filesystem::path& path,
                                     ThreadPool& threads = pool());

}  // namespace freehold::golden
