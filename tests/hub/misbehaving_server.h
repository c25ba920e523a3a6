// An HTTP server on 127.0.0.1 that answers as it is told: correctly, wrongly, slowly or by hanging
// up. For tests only; understands just what the client under test sends.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace freehold::hub {

struct SeenRequest {
  std::string target;                          // path with query
  std::map<std::string, std::string> headers;  // names in lower case
  std::size_t number = 0;                      // of all requests, from 0

  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
  // [begin, end) of "Range: bytes=b-e".
  std::optional<std::pair<std::uint64_t, std::uint64_t>> range() const;
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::optional<std::uint64_t> claimed_length{};  // Content-Length; the body's own when absent
  bool no_length = false;                         // end of body = end of connection
  std::size_t cut_after = SIZE_MAX;               // bytes of body, then the connection is reset
  std::size_t trickle_bytes = 0;                  // so many at a time …
  std::chrono::milliseconds trickle_pause{0};     // … with so long between
};

class MisbehavingServer {
 public:
  using Handler = std::function<Reply(const SeenRequest&)>;

  explicit MisbehavingServer(Handler handler);
  ~MisbehavingServer();
  MisbehavingServer(const MisbehavingServer&) = delete;
  MisbehavingServer& operator=(const MisbehavingServer&) = delete;

  std::string url(const std::string& path = "") const;
  std::vector<SeenRequest> requests() const;
  void forget_requests();

 private:
  void accept_all();
  void serve(int connection);
  bool send_reply(int connection, const Reply& reply);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A port that neither accepts nor refuses, as behind a firewall that drops packets.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::string url() const;

 private:
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> waiting_;  // they fill the listener's queue
};

// What a well-behaved server answers for a file: ranges, If-Range, ETag.
Reply serve_file(const SeenRequest& request, const std::string& content,
                 const std::string& etag = "\"one\"");

}  // namespace freehold::hub
