#include "misbehaving_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <tuple>

#include "freehold/result.h"

namespace freehold::hub {
namespace {

constexpr int poll_ms = 20;

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// A listening socket and its port.
std::pair<int, int> listen_somewhere(int queue) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  CHECK(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
  CHECK(::listen(listener, queue) == 0);
  CHECK(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return {listener, ntohs(address.sin_port)};
}

// Closing like this sends a reset instead of a proper end.
void reset(int connection) {
  const linger hard{1, 0};
  ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

SeenRequest parse(const std::string& text) {
  SeenRequest request;
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  request.target = text.substr(first + 1, second - first - 1);
  for (auto line = text.find("\r\n"); line != text.npos;) {
    const auto next = text.find("\r\n", line + 2);
    const std::string header = text.substr(line + 2, next - line - 2);
    const auto colon = header.find(": ");
    if (colon != header.npos) {
      std::string name = header.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = header.substr(colon + 2);
    }
    line = next;
  }
  return request;
}

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> SeenRequest::range() const {
  const std::string text = header("range");
  const auto equals = text.find('=');
  const auto dash = text.find('-');
  if (equals == text.npos || dash == text.npos) return std::nullopt;
  return std::pair{std::strtoull(text.c_str() + equals + 1, nullptr, 10),
                   std::strtoull(text.c_str() + dash + 1, nullptr, 10) + 1};
}

MisbehavingServer::MisbehavingServer(Handler handler) : handler_(std::move(handler)) {
  std::tie(listener_, port_) = listen_somewhere(64);
  acceptor_ = std::thread([this] { accept_all(); });
}

MisbehavingServer::~MisbehavingServer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::string MisbehavingServer::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<SeenRequest> MisbehavingServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void MisbehavingServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

void MisbehavingServer::accept_all() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, poll_ms) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void MisbehavingServer::serve(int connection) {
  std::string text;
  while (!stopping_) {
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, poll_ms) <= 0) continue;
    char piece[4096];
    const ssize_t got = ::recv(connection, piece, sizeof piece, 0);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
    const auto end = text.find("\r\n\r\n");
    if (end == text.npos) continue;
    SeenRequest request = parse(text.substr(0, end + 2));
    text.erase(0, end + 4);
    {
      const std::lock_guard lock(mutex_);
      request.number = requests_.size();
      requests_.push_back(request);
    }
    if (!send_reply(connection, handler_(request))) break;
  }
  ::close(connection);
}

bool MisbehavingServer::send_reply(int connection, const Reply& reply) {
  std::string head = fmt::format("HTTP/1.1 {} Whatever\r\n", reply.status);
  if (!reply.no_length) {
    head += fmt::format("Content-Length: {}\r\n", reply.claimed_length.value_or(reply.body.size()));
  }
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  if (!send_all(connection, head + "\r\n")) return false;
  std::string_view body = std::string_view(reply.body).substr(0, reply.cut_after);
  const std::size_t step = reply.trickle_bytes == 0 ? body.size() : reply.trickle_bytes;
  while (!body.empty() && !stopping_) {
    const std::string_view piece = body.substr(0, step);
    if (!send_all(connection, piece)) return false;
    body.remove_prefix(piece.size());
    if (reply.trickle_bytes != 0) std::this_thread::sleep_for(reply.trickle_pause);
  }
  if (reply.cut_after < reply.body.size()) {
    // The bytes must arrive before the reset overtakes them.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    reset(connection);
    return false;
  }
  const bool complete = !reply.no_length && !reply.claimed_length;
  return complete;
}

SilentServer::SilentServer() {
  std::tie(listener_, port_) = listen_somewhere(0);
  for (int i = 0; i < 4; ++i) {
    waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in address = loopback(port_);
    ::connect(waiting_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

SilentServer::~SilentServer() {
  for (const int socket : waiting_) ::close(socket);
  ::close(listener_);
}

std::string SilentServer::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

Reply serve_file(const SeenRequest& request, const std::string& content, const std::string& etag) {
  Reply reply;
  reply.headers = {{"ETag", etag}, {"Accept-Ranges", "bytes"}};
  const auto range = request.range();
  const std::string if_range = request.header("if-range");
  if (!range || (!if_range.empty() && if_range != etag)) {
    reply.body = content;
    return reply;
  }
  if (range->first >= content.size()) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", content.size()));
    return reply;
  }
  const std::uint64_t end = std::min<std::uint64_t>(range->second, content.size());
  reply.status = 206;
  reply.body = content.substr(range->first, end - range->first);
  reply.headers.emplace_back("Content-Range",
                             fmt::format("bytes {}-{}/{}", range->first, end - 1, content.size()));
  return reply;
}

}  // namespace freehold::hub
