#include "server/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "server/api_error.h"
#include "server/keys.h"
#include "server/request_id.h"

namespace freehold::server {
namespace {

using namespace asio::experimental::awaitable_operators;
using beast::error_code;
namespace http = beast::http;

constexpr std::size_t read_bytes = 16u << 10;
constexpr std::size_t body_piece_bytes = 64u << 10;
constexpr std::size_t watch_bytes = 512;  // nothing is expected while an answer is computed
constexpr std::size_t write_bytes = 64u << 10;
// What the kernel may hold for a client that reads slowly; left alone it grows to megabytes.
constexpr int kernel_send_bytes = 256 << 10;
// How far a client may send ahead while its request is answered; then the socket is left unread.
constexpr std::size_t max_pipelined_bytes = 64u << 10;
// How long and how much is read of what a refused client still sends, so that it sees the answer.
constexpr double linger_seconds = 2;
constexpr std::size_t max_discarded_bytes = std::size_t{1} << 30;
constexpr std::size_t max_logged_path_bytes = 200;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

auto from_now(double seconds) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(
             std::chrono::duration<double>(seconds));
}

using Transferred = std::tuple<error_code, std::size_t>;

// The operation's outcome; `timed_out` when the deadline came first, and the operation is
// cancelled.
asio::awaitable<Transferred> until(std::chrono::steady_clock::time_point deadline,
                                   asio::awaitable<Transferred> operation) {
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  const auto first = co_await (std::move(operation) || timer.async_wait(quietly));
  if (first.index() == 0) co_return std::get<0>(first);
  co_return Transferred{asio::error::timed_out, 0};
}

// Reads what has come into the buffer, waiting when nothing has.
asio::awaitable<error_code> read_more(Tcp::socket& socket, beast::flat_buffer& buffer,
                                      std::chrono::steady_clock::time_point deadline) {
  const auto [error, bytes] =
      co_await until(deadline, socket.async_read_some(buffer.prepare(read_bytes), quietly));
  buffer.commit(bytes);
  co_return error;
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

const ApiError no_room{503, "too many large requests at once", "server_error", {}, "overloaded"};

// Stands for a request whose header could not be read.
HttpRequest unread_request() {
  HttpRequest request;
  request.id = request_id({});
  return request;
}

ApiError parse_refusal(error_code error, const ServerOptions& options) {
  if (error == http::error::header_limit) {
    return {431,
            fmt::format("the request's header is longer than {} bytes", options.max_header_bytes),
            "invalid_request_error",
            {},
            "header_too_large"};
  }
  if (error == http::error::body_limit) {
    return {413,
            fmt::format("the request's body is longer than {} bytes", options.max_request_bytes),
            "invalid_request_error",
            {},
            "request_too_large"};
  }
  if (error == asio::error::timed_out) {
    return {408, "the request did not arrive in time", "invalid_request_error", {}, "timeout"};
  }
  if (error == http::error::bad_version) {
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  return {400, fmt::format("this is not an HTTP request: {}", error.message())};
}

// The path of "/a?b" and of "http://host/a?b", which proxies send.
std::optional<std::string> path_of(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == target.npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return {};
  return percent_decoded(target.substr(0, target.find('?')));
}

Parsed<HttpRequest> to_request(const http::request_header<http::fields>& head) {
  HttpRequest request;
  request.method = view(head.method_string());
  for (const auto& field : head) {
    std::string name(view(field.name_string()));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    request.headers.emplace_back(std::move(name), view(field.value()));
  }
  auto path = path_of(view(head.target()));
  if (!path) return fail(ApiError{.message = "the request's target is not a valid path"});
  request.path = *std::move(path);
  const std::string_view target = view(head.target());
  if (const std::size_t mark = target.find('?'); mark != target.npos) {
    request.query = target.substr(mark + 1);
  }
  if (head.version() == 11 && request.header("host") == nullptr) {
    return fail(ApiError{.message = "the request has no Host header"});
  }
  const std::string* given_id = request.header("x-request-id");
  request.id = request_id(given_id ? std::string_view(*given_id) : std::string_view());
  return request;
}

void log_access(const LiveExchange& exchange, std::string_view end) {
  const HttpRequest& request = exchange.request();
  log::info("http.request", {{"id", request.id},
                             {"method", request.method},
                             {"path", request.path.substr(0, max_logged_path_bytes)},
                             {"status", exchange.status()},
                             {"bytes", exchange.bytes()},
                             {"seconds", exchange.seconds()},
                             {"key", request.permit ? request.permit->key_name() : ""},
                             {"end", end}});
}

// Says busy on construction, idle at the end, whatever happens between.
class Busy {
 public:
  Busy(Gate& gate, bool& flag) : gate_(gate), flag_(flag) {
    flag_ = true;
    gate_.became_busy();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    flag_ = false;
    gate_.became_idle();
  }

 private:
  Gate& gate_;
  bool& flag_;
};

}  // namespace

Connection::Connection(Tcp::socket socket, const ServerOptions& options, Site& site, Gate& gate)
    : socket_(std::move(socket)),
      strand_(socket_.get_executor()),
      options_(options),
      site_(site),
      gate_(gate) {}

asio::awaitable<void> Connection::serve() {
  error_code ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.set_option(asio::socket_base::send_buffer_size(kernel_send_bytes), ignored);
  bool again = true;
  while (again && !aborted_ && co_await wait_for_request()) {
    const Busy busy(gate_, busy_);
    const auto exchange = co_await receive();
    if (exchange) co_await answer(exchange);
    current_.reset();
    again = exchange && exchange->keep_alive() && exchange->ended() && !exchange->lagging();
    if (!again) co_await linger();
  }
  socket_.close(ignored);
}

asio::awaitable<void> Connection::turn_away() {
  const ApiError error{503, "too many connections", "server_error", {}, "too_many_connections"};
  co_await reject(to_response(error), unread_request());
  co_await linger();
  error_code ignored;
  socket_.close(ignored);
}

void Connection::close_if_idle() {
  asio::post(strand_, [self = shared_from_this()] {
    error_code ignored;
    if (!self->busy_) self->socket_.close(ignored);
  });
}

void Connection::shut_down() {
  asio::post(strand_, [self = shared_from_this()] {
    if (self->current_) self->current_->shut_down();
  });
}

void Connection::abort() {
  asio::post(strand_, [self = shared_from_this()] {
    self->aborted_ = true;
    error_code ignored;
    self->socket_.close(ignored);
    if (self->current_) self->current_->close();
  });
}

// Whether a request begins within the time that connections may idle.
asio::awaitable<bool> Connection::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  const error_code error = co_await read_more(socket_, buffer_, from_now(options_.idle_seconds));
  co_return !error;
}

asio::awaitable<std::shared_ptr<LiveExchange>> Connection::receive() {
  Parser parser;
  parser.header_limit(options_.max_header_bytes);
  parser.body_limit(options_.max_request_bytes);
  if (!co_await read_header(parser)) co_return nullptr;
  auto request = to_request(parser.get());
  if (!request) {
    co_await reject(to_response(request.error()), unread_request());
    co_return nullptr;
  }
  if (auto refusal = site_.refuse(*request, gate_.draining())) {
    if (!parser.is_done()) {  // the body stays unread, and with it the connection ends
      co_await reject(std::move(*refusal), *std::move(request));
      co_return nullptr;
    }
    current_ = open_exchange(parser, *std::move(request));
    current_->send(std::move(*refusal));
    co_return current_;
  }
  Room room(gate_);
  if (!co_await expect_continue(parser, *request)) co_return nullptr;
  if (!co_await read_body(parser, *request, room)) co_return nullptr;
  current_ = open_exchange(parser, *std::move(request));
  dispatch(current_);
  current_->drop_body();
  co_return current_;
}

std::shared_ptr<LiveExchange> Connection::open_exchange(const Parser& parser, HttpRequest request) {
  auto exchange = std::make_shared<LiveExchange>(std::move(request), strand_, options_);
  exchange->set_version(parser.get().version());
  exchange->set_keep_alive(parser.keep_alive() && !gate_.draining());
  exchange->on_lagging([this] {  // called on the strand, while current_ holds the exchange
    error_code ignored;
    socket_.close(ignored);
  });
  return exchange;
}

asio::awaitable<bool> Connection::read_header(Parser& parser) {
  const auto deadline = from_now(options_.header_seconds);
  error_code error;
  while (true) {
    if (buffer_.size() > 0) {
      buffer_.consume(parser.put(buffer_.data(), error));
      if (!error && parser.is_header_done()) co_return true;
      if (error == http::error::need_more) error = {};
      if (error) break;
    }
    error = co_await read_more(socket_, buffer_, deadline);
    if (error && error != asio::error::timed_out) co_return false;
    if (error) break;
  }
  co_await reject(to_response(parse_refusal(error, options_)), unread_request());
  co_return false;
}

asio::awaitable<bool> Connection::read_body(Parser& parser, HttpRequest& request, Room& room) {
  const auto deadline = from_now(options_.body_seconds);
  const auto piece = std::make_unique<std::array<char, body_piece_bytes>>();
  error_code error;
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = piece->data();
    body.size = piece->size();
    if (buffer_.size() > 0) buffer_.consume(parser.put(buffer_.data(), error));
    const std::size_t bytes = piece->size() - body.size;
    if (!room.grow(bytes)) {
      co_await reject(to_response(no_room), std::move(request));
      co_return false;
    }
    request.body.append(piece->data(), bytes);
    const bool hungry = buffer_.size() == 0 || error == http::error::need_more;
    if (error == http::error::need_buffer || error == http::error::need_more) error = {};
    if (!error && hungry && !parser.is_done()) {
      error = co_await read_more(socket_, buffer_, deadline);
      if (error && error != asio::error::timed_out) co_return false;
    }
    if (error) {
      co_await reject(to_response(parse_refusal(error, options_)), std::move(request));
      co_return false;
    }
  }
  co_return true;
}

// Tells a client that waits for permission to send its body to go ahead.
asio::awaitable<bool> Connection::expect_continue(const Parser& parser,
                                                  const HttpRequest& request) {
  const auto expectation = parser.get().find(http::field::expect);
  if (expectation == parser.get().end()) co_return true;
  if (!beast::iequals(expectation->value(), "100-continue")) {
    co_await reject(to_response({.status = 417, .message = "only 100-continue can be expected"}),
                    request);
    co_return false;
  }
  if (parser.is_done() || buffer_.size() > 0) co_return true;
  co_return co_await send_all("HTTP/1.1 100 Continue\r\n\r\n");
}

void Connection::dispatch(const std::shared_ptr<LiveExchange>& exchange) {
  try {
    site_.handle(exchange);
  } catch (const std::exception& exception) {
    log::error("http.handler_failed", {{"id", exchange->request().id}, {"what", exception.what()}});
    exchange->send(to_response(from_error({ErrorCode::internal, "the request failed"})));
  }
}

asio::awaitable<void> Connection::answer(std::shared_ptr<LiveExchange> exchange) {
  bool delivered = false;
  if (exchange->ended()) {
    delivered = co_await deliver(*exchange);  // nothing is computed any more: nothing to watch
  } else {
    buffer_.shrink_to_fit();  // streams may be many and long
    const auto first = co_await (deliver(*exchange) || watch());
    delivered = first.index() == 0 && std::get<0>(first);
  }
  const bool lagged = exchange->lagging();
  exchange->close();
  if (!delivered) exchange->set_keep_alive(false);
  log_access(*exchange, delivered ? "sent" : lagged ? "client_slow" : "client_gone");
}

// Sends what the exchange holds until its answer is complete; false when the client does not take
// it.
asio::awaitable<bool> Connection::deliver(LiveExchange& exchange) {
  while (true) {
    co_await exchange.wait_for_output();
    if (exchange.lagging() || exchange.closed()) co_return false;
    if (!exchange.has_output()) co_return true;
    if (!co_await send_all(exchange.take_output())) co_return false;
  }
}

// Returns when the client goes away. Meanwhile it keeps what the client sends ahead.
asio::awaitable<void> Connection::watch() {
  while (buffer_.size() < max_pipelined_bytes) {
    const auto [error, bytes] =
        co_await socket_.async_read_some(buffer_.prepare(watch_bytes), quietly);
    buffer_.commit(bytes);
    if (error) co_return;
  }
  asio::steady_timer never(strand_, asio::steady_timer::time_point::max());
  co_await never.async_wait(quietly);
}

asio::awaitable<bool> Connection::send_all(std::string bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto piece =
        asio::buffer(bytes.data() + sent, std::min(write_bytes, bytes.size() - sent));
    const auto [error, count] = co_await until(from_now(options_.write_seconds),
                                               asio::async_write(socket_, piece, quietly));
    if (error) co_return false;
    sent += count;
  }
  co_return true;
}

// Answers a request that will not be read to its end, and gives up the connection.
asio::awaitable<void> Connection::reject(HttpResponse response, HttpRequest request) {
  LiveExchange exchange(std::move(request), strand_, options_);
  exchange.set_keep_alive(false);
  exchange.send(std::move(response));
  const bool sent = co_await send_all(exchange.take_output());
  log_access(exchange, sent ? "refused" : "client_gone");
}

// A socket that is closed while input is unread resets the connection, and the client may lose the
// answer: so what it still sends is read and dropped, within limits.
asio::awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(Tcp::socket::shutdown_send, error);
  const auto deadline = from_now(linger_seconds);
  for (std::size_t discarded = 0; !error && discarded < max_discarded_bytes;) {
    buffer_.consume(buffer_.size());
    error = co_await read_more(socket_, buffer_, deadline);
    discarded += buffer_.size();
  }
}

}  // namespace freehold::server
