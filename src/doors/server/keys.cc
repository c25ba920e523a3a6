#include "server/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/digest.h"

namespace freehold::server {
namespace {

constexpr std::size_t max_keys = 10'000;
constexpr double minute_s = 60;

bool is_digest(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lowered;
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r";
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(blanks); at != line.npos;
       at = line.find_first_not_of(blanks, at)) {
    const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// False when the word is no setting.
bool apply(std::string_view word, ApiKey& key) {
  if (word == "admin") {
    key.role = Role::admin;
    return true;
  }
  const auto number = [word](std::string_view name, std::uint32_t& value) {
    if (!word.starts_with(name)) return false;
    const char* const end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data() + name.size(), end, value);
    return error == std::errc() && stopped == end;
  };
  return number("requests=", key.limits.requests_per_minute) ||
         number("tokens=", key.limits.tokens_per_minute) ||
         number("parallel=", key.limits.parallel);
}

Result<ApiKey> parse_key(std::span<const std::string_view> words, std::size_t line,
                         const KeyLimits& limits) {
  const std::string_view first = words.front();
  const std::size_t colon = first.rfind(':');
  ApiKey key;
  if (colon != first.npos && colon > 0 && is_digest(first.substr(colon + 1))) {
    key = {std::string(first.substr(0, colon)), lower(first.substr(colon + 1)), Role::user, limits};
  } else {
    key = key_of_secret(fmt::format("line-{}", line), first, Role::user, limits);
  }
  for (const std::string_view word : words.subspan(1)) {
    if (word.starts_with('#')) break;
    if (!apply(word, key)) {
      return fail(ErrorCode::invalid,
                  fmt::format("line {}: after a key stands something unknown", line),
                  "admin, requests=N, tokens=N or parallel=N");
    }
  }
  return key;
}

// In constant time, so that nothing is learnt from how long it takes.
bool equal(std::string_view left, std::string_view right) {
  int difference = left.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    difference |= left[i] ^ right[i];
  }
  return difference == 0;
}

// "1m30s", "12ms": as OpenAI writes when a limit is whole again.
std::string duration_text(double seconds) {
  if (seconds < 1) return fmt::format("{}ms", static_cast<int>(std::ceil(seconds * 1000)));
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  return fmt::format("{}m{}s", whole / 60, whole % 60);
}

ApiError limit_error(const std::string& key, std::string_view limit, double seconds) {
  ApiError error{429,
                 fmt::format("the limit of {} of the key `{}` is reached; try again in {}", limit,
                             key, duration_text(seconds)),
                 "rate_limit_error",
                 {},
                 "rate_limit_exceeded"};
  error.retry_after_s = seconds;
  return error;
}

}  // namespace

ApiKey key_of_secret(std::string name, std::string_view secret, Role role, KeyLimits limits) {
  return {std::move(name), sha256(secret), role, limits};
}

Result<std::vector<ApiKey>> parse_keys(std::string_view text, const KeyLimits& limits) {
  std::vector<ApiKey> keys;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words.front().starts_with('#')) continue;
    if (keys.size() == max_keys) {
      return fail(ErrorCode::invalid, fmt::format("more than {} keys", max_keys));
    }
    keys.push_back(TRY(parse_key(words, line, limits)));
  }
  return keys;
}

void Allowance::refill(Duration now) {
  const double passed_s = std::max(0.0, seconds(now - filled_));
  left_ = std::min(most_, left_ + passed_s * most_ / minute_s);
  filled_ = now;
}

double Allowance::seconds_until(double amount) const {
  return left_ >= amount ? 0 : (amount - left_) * minute_s / most_;
}

struct Permit::State {
  explicit State(ApiKey own)
      : key(std::move(own)),
        requests(key.limits.requests_per_minute),
        tokens(key.limits.tokens_per_minute) {}

  const ApiKey key;
  std::mutex mutex;
  Allowance requests;  // all under the mutex
  Allowance tokens;
  std::uint32_t under_way = 0;

  void refill(Duration now) {
    if (requests.most() > 0) requests.refill(now);
    if (tokens.most() > 0) tokens.refill(now);
  }
  // What a key of the same digest had used.
  void take_over(State& other, Duration now) {
    const std::lock_guard lock(other.mutex);
    other.refill(now);
    refill(now);
    requests.use(other.requests.most() - other.requests.left());
    tokens.use(other.tokens.most() - other.tokens.left());
  }
};

Permit::Permit(std::shared_ptr<State> state, const Clock& clock)
    : state_(std::move(state)), clock_(clock) {}

Permit::~Permit() {
  end();
}

const std::string& Permit::key_name() const {
  return state_->key.name;
}

Role Permit::role() const {
  return state_->key.role;
}

Headers Permit::headers() const {
  Headers headers;
  const std::lock_guard lock(state_->mutex);
  state_->refill(clock_.now());
  const auto add = [&headers](const char* what, const Allowance& allowance) {
    if (allowance.most() <= 0) return;
    const auto whole = [](double amount) {
      return fmt::format("{}", static_cast<std::int64_t>(std::max(0.0, std::floor(amount))));
    };
    headers.emplace_back(fmt::format("x-ratelimit-limit-{}", what), whole(allowance.most()));
    headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", what), whole(allowance.left()));
    headers.emplace_back(fmt::format("x-ratelimit-reset-{}", what),
                         duration_text(allowance.seconds_until(allowance.most())));
  };
  add("requests", state_->requests);
  add("tokens", state_->tokens);
  return headers;
}

void Permit::spend_tokens(std::uint64_t tokens) {
  const std::lock_guard lock(state_->mutex);
  state_->refill(clock_.now());
  if (state_->tokens.most() > 0) state_->tokens.use(static_cast<double>(tokens));
}

// How many tokens a request takes is known at its end: whoever has some left may begin, and what
// was too much is waited for by the next one.
Parsed<void> Permit::begin() {
  const std::lock_guard lock(state_->mutex);
  CHECK(!under_way_);
  State& state = *state_;
  state.refill(clock_.now());
  const std::uint32_t parallel = state.key.limits.parallel;
  if (parallel > 0 && state.under_way >= parallel) {
    return fail(limit_error(state.key.name, fmt::format("{} requests at a time", parallel), 1));
  }
  if (state.requests.most() > 0 && state.requests.left() < 1) {
    return fail(limit_error(state.key.name,
                            fmt::format("{} requests a minute", state.requests.most()),
                            state.requests.seconds_until(1)));
  }
  if (state.tokens.most() > 0 && state.tokens.left() < 1) {
    return fail(limit_error(state.key.name, fmt::format("{} tokens a minute", state.tokens.most()),
                            state.tokens.seconds_until(1)));
  }
  if (state.requests.most() > 0) state.requests.use(1);
  ++state.under_way;
  under_way_ = true;
  return {};
}

void Permit::end() {
  const std::lock_guard lock(state_->mutex);
  if (std::exchange(under_way_, false)) --state_->under_way;
}

void KeyRing::set(std::vector<ApiKey> keys) {
  std::vector<std::shared_ptr<Permit::State>> states;
  const std::lock_guard lock(mutex_);
  std::map<std::string_view, std::shared_ptr<Permit::State>> before;
  for (const auto& state : keys_) before[state->key.digest] = state;
  for (ApiKey& key : keys) {
    const auto same = before.find(key.digest);
    if (same != before.end() && same->second->key == key) {
      states.push_back(same->second);
      continue;
    }
    states.push_back(std::make_shared<Permit::State>(std::move(key)));
    if (same != before.end()) states.back()->take_over(*same->second, clock_.now());
  }
  keys_ = std::move(states);
}

bool KeyRing::empty() const {
  const std::lock_guard lock(mutex_);
  return keys_.empty();
}

std::shared_ptr<Permit> KeyRing::find(std::string_view secret) const {
  const std::string digest = sha256(secret);
  std::shared_ptr<Permit::State> found;
  const std::lock_guard lock(mutex_);
  for (const auto& state : keys_) {
    if (equal(state->key.digest, digest)) found = state;
  }
  return found ? std::make_shared<Permit>(std::move(found), clock_) : nullptr;
}

}  // namespace freehold::server
