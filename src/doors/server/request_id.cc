#include "server/request_id.h"

#include <algorithm>

#include "base/random.h"

namespace freehold::server {
namespace {

constexpr std::size_t max_id_bytes = 128;
constexpr std::size_t fresh_characters = 24;

bool is_fit(std::string_view id) {
  return !id.empty() && id.size() <= max_id_bytes &&
         std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string request_id(std::string_view from_client) {
  return is_fit(from_client) ? std::string(from_client) : fresh_id("req-");
}

std::string fresh_id(std::string_view prefix) {
  constexpr std::string_view alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  thread_local Random random(Random::fresh_seed());
  std::string id(prefix);
  for (std::size_t i = 0; i < fresh_characters; ++i) id += alphabet[random.below(alphabet.size())];
  return id;
}

}  // namespace freehold::server
