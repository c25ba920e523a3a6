// Accepts connections and carries exchanges over them until it is told to drain. Knows HTTP, not
// what is said in it: that is the Site's.
#pragma once

#include <cstdint>
#include <memory>

#include "freehold/result.h"
#include "server/http.h"
#include "server/server.h"

namespace freehold::server {

class Transport {
 public:
  // Binds and listens; `absent` when the address cannot be had.
  static Result<std::unique_ptr<Transport>> open(const ServerOptions& options, Site& site);
  virtual ~Transport() = default;

  virtual std::uint16_t port() const = 0;
  virtual Result<void> run() = 0;
  virtual void stop() = 0;  // from any thread, any number of times
};

}  // namespace freehold::server
