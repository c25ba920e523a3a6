// The HTTP server: transport, routes, dialects. Sees models only as Generators.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "freehold/generator.h"
#include "freehold/result.h"
#include "server/keys.h"

namespace freehold::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  std::uint64_t max_request_bytes = 32u << 20;
  std::uint64_t max_received_bytes = 256u << 20;  // of all bodies that are being read at once
  std::uint32_t max_header_bytes = 32u << 10;
  std::uint32_t max_connections = 1024;
  std::uint64_t max_unsent_bytes = 1u
                                   << 20;  // of one stream; a client that lags further is cut off
  std::uint32_t io_threads = 2;
  double drain_seconds = 30;   // how long a drain waits for requests under way
  double header_seconds = 10;  // for a client to send its request's header
  double body_seconds = 60;
  double idle_seconds = 75;                  // between two requests on one connection
  double write_seconds = 30;                 // for a client to take the next 64 KiB
  std::string cors_origin = "*";             // empty: no CORS headers
  std::string api_key{};                     // an admin's, beside `keys`; empty: none
  std::vector<ApiKey> keys{};                // one of them is asked for; empty: nobody is asked
  bool closed_metrics = false;               // /metrics asks for an admin's key
  std::filesystem::path responses_folder{};  // keeps /v1/responses; empty: in memory
};

// Opens the models; they must outlive the server.
using Loader = std::function<Result<std::vector<Generator*>>()>;

class Server {
 public:
  // Binds and listens (`absent` when the port is taken); answers come once run() is called. The
  // generators must outlive the server.
  static Result<std::unique_ptr<Server>> open(const ServerOptions& options,
                                              std::vector<Generator*> models);
  // The same, but `load` is called by run(), on its thread: meanwhile requests are answered with
  // 503 and Retry-After, so that watchers see the port. Its error ends run(). `loaded` is called
  // once requests are answered.
  static Result<std::unique_ptr<Server>> open_then_load(const ServerOptions& options, Loader load,
                                                        std::function<void()> loaded);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  // Serves until stop(); returns when everything under way has ended or the drain time is over.
  virtual Result<void> run() = 0;
  // From any thread or signal handler's helper: refuse new work, finish what runs, end run().
  virtual void stop() = 0;
  // From any thread: replaces the keys; requests under way go on.
  virtual void set_keys(std::vector<ApiKey> keys) = 0;
};

}  // namespace freehold::server
