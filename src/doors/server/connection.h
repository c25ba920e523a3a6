// One client's connection: reads requests one after the other, lets the Site answer each, writes
// what it says, and notices at once when the client goes away. Only the transport includes this.
#pragma once

#include <memory>
#include <string>

#include "server/beast.h"
#include "server/http.h"
#include "server/live_exchange.h"
#include "server/server.h"

namespace freehold::server {

// What connections share and report to.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual bool draining() const = 0;
  // A connection is busy from the first byte of a request to the last byte of its answer.
  virtual void became_busy() = 0;
  virtual void became_idle() = 0;
  // Room for so many more bytes of bodies; what was granted must be given back.
  virtual bool take_room(std::size_t bytes) = 0;
  virtual void give_room(std::size_t bytes) = 0;
};

// Room that a body takes while it is read and parsed.
class Room {
 public:
  explicit Room(Gate& gate) : gate_(gate) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { gate_.give_room(bytes_); }
  bool grow(std::size_t bytes) {
    if (!gate_.take_room(bytes)) return false;
    bytes_ += bytes;
    return true;
  }

 private:
  Gate& gate_;
  std::size_t bytes_ = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const ServerOptions& options, Site& site, Gate& gate);

  // Serves until either side ends it.
  asio::awaitable<void> serve();
  // Answers 503 whatever is asked, and ends: there are too many connections.
  asio::awaitable<void> turn_away();

  // From any thread. close_if_idle: unless a request is under way. shut_down: its answer ends with
  // an error. abort: at once.
  void close_if_idle();
  void shut_down();
  void abort();

 private:
  using Parser = beast::http::request_parser<beast::http::buffer_body>;

  asio::awaitable<bool> wait_for_request();
  asio::awaitable<std::shared_ptr<LiveExchange>> receive();
  asio::awaitable<bool> read_header(Parser& parser);
  asio::awaitable<bool> read_body(Parser& parser, HttpRequest& request, Room& room);
  asio::awaitable<bool> expect_continue(const Parser& parser, const HttpRequest& request);
  std::shared_ptr<LiveExchange> open_exchange(const Parser& parser, HttpRequest request);
  asio::awaitable<void> answer(std::shared_ptr<LiveExchange> exchange);
  asio::awaitable<bool> deliver(LiveExchange& exchange);
  asio::awaitable<void> watch();
  asio::awaitable<bool> send_all(std::string bytes);
  asio::awaitable<void> reject(HttpResponse response, HttpRequest request);
  asio::awaitable<void> linger();
  void dispatch(const std::shared_ptr<LiveExchange>& exchange);

  Tcp::socket socket_;
  asio::any_io_executor strand_;
  const ServerOptions& options_;
  Site& site_;
  Gate& gate_;
  beast::flat_buffer buffer_;
  std::shared_ptr<LiveExchange> current_;
  bool busy_ = false;
  bool aborted_ = false;
};

}  // namespace freehold::server
