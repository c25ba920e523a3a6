// Who may ask, and how much: API keys, known only by their SHA-256 digests, with roles and limits.
// Not a user directory: a key is its name.
//
// A key file has a key a line: NAME:DIGEST, the digest in 64 hexadecimal digits, or the key itself,
// which is digested as it is read. After it may stand, in any order: `admin`, `requests=N` and
// `tokens=N` a minute, `parallel=N` at the same time. `#` begins a comment.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "freehold/result.h"
#include "server/api_error.h"
#include "server/http.h"

namespace freehold::server {

enum class Role { user, admin };

// What a key may use; 0: as much as it likes.
struct KeyLimits {
  std::uint32_t requests_per_minute = 0;
  std::uint32_t tokens_per_minute = 0;  // of prompts and answers
  std::uint32_t parallel = 0;           // requests under way
  bool operator==(const KeyLimits&) const = default;
};

struct ApiKey {
  std::string name;
  std::string digest;  // SHA-256, 64 lower-case hexadecimal digits
  Role role = Role::user;
  KeyLimits limits{};
  bool operator==(const ApiKey&) const = default;
};

ApiKey key_of_secret(std::string name, std::string_view secret, Role role, KeyLimits limits);
// The keys of a file's text; `invalid` names the line and never what stands in it. `limits` hold
// for keys that say nothing else.
Result<std::vector<ApiKey>> parse_keys(std::string_view text, const KeyLimits& limits);

// What can be used up and comes back evenly: as much as `per_minute` at once, and so much a minute.
class Allowance {
 public:
  explicit Allowance(double per_minute) : most_(per_minute), left_(per_minute) {}
  void refill(Duration now);
  void use(double amount) { left_ -= amount; }  // may go below zero
  double most() const { return most_; }
  double left() const { return left_; }
  double seconds_until(double amount) const;  // is there

 private:
  double most_;
  double left_;
  Duration filled_{};
};

// A request that was let in with a key. Any thread.
class Permit {
 public:
  struct State;  // of a key, shared by all who came with it
  Permit(std::shared_ptr<State> state, const Clock& clock);
  ~Permit();
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  const std::string& key_name() const;
  Role role() const;
  // x-ratelimit-*, in OpenAI's names: what is left of the key's limits.
  Headers headers() const;
  void spend_tokens(std::uint64_t tokens);
  // Counts against the limits; 429 that says which and until when. At most once.
  Parsed<void> begin();
  void end();  // no longer under way; any number of times

 private:
  std::shared_ptr<State> state_;
  const Clock& clock_;
  bool under_way_ = false;  // under the state's mutex
};

class KeyRing {
 public:
  explicit KeyRing(const Clock& clock = Clock::system()) : clock_(clock) {}

  // Replaces all keys. Requests under way go on; what a key has used stays used.
  void set(std::vector<ApiKey> keys);
  bool empty() const;
  // Of the key that is known; nullptr when none is. Takes as long whichever key it is.
  std::shared_ptr<Permit> find(std::string_view secret) const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Permit::State>> keys_;
};

}  // namespace freehold::server
