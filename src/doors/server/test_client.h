// For tests: a server that runs on a thread of its own, and a client that says exactly the bytes it
// is told to. Not an HTTP client for anything else.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/server.h"

namespace freehold::server {

struct Reply {
  unsigned status = 0;  // 0: the connection ended before a whole answer came
  std::string head;     // status line and headers, as they came
  std::string body;     // chunks put together

  std::string header(std::string_view name) const {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(start);
    if (at == head.npos) return {};
    const std::size_t from = at + start.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, int receive_buffer_bytes = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    CHECK(socket_ >= 0);
    if (receive_buffer_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { close(); }

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  // False when the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void request(std::string_view method, std::string_view path, std::string_view body = {},
               std::string_view headers = {}) {
    std::string bytes(method);
    bytes.append(" ").append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
    if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    send(bytes.append("\r\n").append(body));
  }

  // Everything up to and with `marker`, or what came before the end or the time limit.
  std::string read_until(std::string_view marker, double seconds = 10) {
    const auto deadline = from_now(seconds);
    std::size_t found = buffer_.find(marker);
    while (found == buffer_.npos && receive(deadline)) found = buffer_.find(marker);
    const std::size_t end = found == buffer_.npos ? buffer_.size() : found + marker.size();
    std::string read = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return read;
  }

  std::string read_to_end(double seconds = 10) {
    const auto deadline = from_now(seconds);
    while (receive(deadline)) {
    }
    return std::exchange(buffer_, {});
  }

  // Whether the other side closes within the time, whatever it sends before.
  bool sees_end(double seconds = 10) {
    const auto deadline = from_now(seconds);
    while (receive(deadline)) {
    }
    return ended_;
  }

  Reply reply(bool without_body = false) {
    Reply reply;
    reply.head = read_until("\r\n\r\n");
    if (!reply.head.starts_with("HTTP/1.1 ") || !reply.head.ends_with("\r\n\r\n")) return reply;
    const auto status = static_cast<unsigned>(std::atoi(reply.head.c_str() + 9));
    const std::string length = reply.header("Content-Length");
    if (reply.header("Transfer-Encoding") == "chunked") {
      if (!read_chunks(reply.body)) return reply;
    } else if (!without_body && !length.empty()) {
      const std::size_t bytes = std::strtoull(length.c_str(), nullptr, 10);
      const auto deadline = from_now(10);
      while (buffer_.size() < bytes && receive(deadline)) {
      }
      if (buffer_.size() < bytes) return reply;
      reply.body = buffer_.substr(0, bytes);
      buffer_.erase(0, bytes);
    }
    reply.status = status;
    return reply;
  }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  static Deadline from_now(double seconds) {
    return std::chrono::steady_clock::now() +
           std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  }

  bool read_chunks(std::string& body) {
    while (true) {
      const std::string line = read_until("\r\n");
      if (!line.ends_with("\r\n")) return false;
      const std::size_t bytes = std::strtoull(line.c_str(), nullptr, 16);
      std::string chunk;
      const auto deadline = from_now(10);
      while (buffer_.size() < bytes + 2 && receive(deadline)) {
      }
      if (buffer_.size() < bytes + 2) return false;
      body += buffer_.substr(0, bytes);
      buffer_.erase(0, bytes + 2);
      if (bytes == 0) return true;
    }
  }

  bool receive(Deadline deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd watched{.fd = socket_, .events = POLLIN, .revents = 0};
    if (ended_ || left.count() <= 0) return false;
    if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[16384];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) ended_ = true;
    if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  bool ended_ = false;
  std::string buffer_;
};

class RunningServer {
 public:
  RunningServer(ServerOptions options, std::vector<Generator*> models) {
    options.port = 0;
    auto opened = Server::open(options, std::move(models));
    CHECK(opened.has_value());
    server_ = *std::move(opened);
    thread_ = std::thread([this] { CHECK(server_->run().has_value()); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    stop();
    join();
  }

  std::uint16_t port() const { return server_->port(); }
  void set_keys(std::vector<ApiKey> keys) { server_->set_keys(std::move(keys)); }
  void stop() { server_->stop(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

// Whether it comes to hold within the time.
inline bool eventually(const std::function<bool()>& holds, double seconds = 10) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// One request on a connection of its own.
inline Reply ask(std::uint16_t port, std::string_view method, std::string_view path,
                 std::string_view body = {}, std::string_view headers = {}) {
  TestClient client(port);
  client.request(method, path, body, headers);
  return client.reply(method == "HEAD");
}

}  // namespace freehold::server
