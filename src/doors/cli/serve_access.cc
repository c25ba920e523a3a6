#include "cli/serve_access.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"

namespace freehold::cli {
namespace {

constexpr std::size_t max_key_file_bytes = 4u << 20;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

void ServeAccess::declare(Options& options) {
  options.add("api-key", &keys_, "KEY",
              "asked of everybody, an admin's; others on this machine see arguments: rather set "
              "FREEHOLD_API_KEY or use a file");
  options.add("api-key-file", &key_file_, "FILE",
              "keys, a line each: NAME:SHA256 [admin] [requests=N] [tokens=N] [parallel=N]; read "
              "again at SIGHUP");
  options.add("key-requests", &limits_.requests_per_minute, "N",
              "requests a minute of a key that says nothing else; 0: any number");
  options.add("key-tokens", &limits_.tokens_per_minute, "N",
              "tokens a minute of such a key; 0: any number");
  options.add("key-parallel", &limits_.parallel, "N",
              "requests of such a key at the same time; 0: any number");
  options.flag("insecure", insecure_, "let everybody who reaches the address ask, without a key");
}

Result<std::vector<server::ApiKey>> ServeAccess::read_keys() const {
  std::vector<server::ApiKey> keys;
  if (!key_file_.empty()) {
    const std::string text = TRY(read_file(key_file_, max_key_file_bytes));
    keys = TRY_IN(key_file_, server::parse_keys(text, limits_));
    if (keys.empty()) {
      return fail(ErrorCode::invalid, fmt::format("{} has no key", key_file_),
                  "printf %s KEY | sha256sum, and a line NAME:DIGEST");
    }
  }
  const auto add = [&](std::string name, std::string_view secret) {
    keys.push_back(server::key_of_secret(std::move(name), secret, server::Role::admin, limits_));
  };
  const char* const from_environment = std::getenv("FREEHOLD_API_KEY");
  if (from_environment != nullptr && *from_environment != 0) {
    add("FREEHOLD_API_KEY", from_environment);
  }
  for (const std::string& key : keys_) {
    if (key.empty()) return fail(ErrorCode::usage, "--api-key is empty");
    add("api-key", key);
  }
  return keys;
}

Result<void> ServeAccess::apply(server::ServerOptions& options) const {
  options.keys = TRY(read_keys());
  if (!options.keys.empty() || insecure_ || is_loopback(options.host)) return {};
  return fail(
      ErrorCode::usage,
      fmt::format("whoever reaches {} could use the models: no key is asked for", options.host),
      "--api-key-file FILE or FREEHOLD_API_KEY, --host 127.0.0.1, or --insecure if the "
      "network keeps others out");
}

}  // namespace freehold::cli
