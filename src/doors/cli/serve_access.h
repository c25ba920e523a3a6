// Who may ask `freehold serve`, and from where: the options of keys and of the address, and the
// rule that a server which others can reach has keys.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "server/server.h"

namespace freehold::cli {

class ServeAccess {
 public:
  void declare(Options& options);
  // The keys of all sources, read anew: FREEHOLD_API_KEY and --api-key, which are admins', and the
  // file.
  Result<std::vector<server::ApiKey>> read_keys() const;
  // Puts them in the options; `usage` when anybody could reach the server and no key is asked for.
  Result<void> apply(server::ServerOptions& options) const;

 private:
  std::vector<std::string> keys_;
  std::string key_file_;
  server::KeyLimits limits_;
  bool insecure_ = false;
};

}  // namespace freehold::cli
