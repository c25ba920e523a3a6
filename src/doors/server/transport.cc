#include "server/transport.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "server/connection.h"

namespace freehold::server {
namespace {

constexpr std::size_t max_turned_away = 64;  // at once; beyond them connections are just closed
constexpr auto accept_pause = std::chrono::milliseconds(50);  // when descriptors run out
constexpr auto shut_down_grace = std::chrono::seconds(1);     // to send the last errors of a drain

class LiveTransport : public Transport, private Gate {
 public:
  LiveTransport(const ServerOptions& options, Site& site)
      : options_(options),
        site_(site),
        control_(asio::make_strand(io_)),
        acceptor_(control_),
        drain_timer_(control_) {}

  Result<void> listen();
  std::uint16_t port() const override { return port_; }
  Result<void> run() override;
  void stop() override;

 private:
  bool draining() const override { return draining_.load(std::memory_order_acquire); }
  void became_busy() override { busy_.fetch_add(1, std::memory_order_acq_rel); }
  void became_idle() override;
  bool take_room(std::size_t bytes) override;
  void give_room(std::size_t bytes) override { received_.fetch_sub(bytes); }

  asio::awaitable<void> accept();
  asio::awaitable<void> drain();
  void admit(Tcp::socket socket);
  void finish_if_idle();
  template <class Action>
  void for_each_connection(Action action);

  const ServerOptions options_;
  Site& site_;
  asio::io_context io_;
  asio::any_io_executor control_;  // a strand: the acceptor and the drain
  Tcp::acceptor acceptor_;
  asio::steady_timer drain_timer_;
  std::uint16_t port_ = 0;
  std::atomic<bool> draining_ = false;
  std::atomic<std::size_t> busy_ = 0;
  std::atomic<std::size_t> received_ = 0;  // bytes of bodies that are being read
  std::mutex mutex_;
  std::set<std::shared_ptr<Connection>> connections_;  // guarded by mutex_
  bool drain_started_ = false;                         // on control_
  bool finished_ = false;                              // on control_
};

Error cannot_listen(const ServerOptions& options, const beast::error_code& error) {
  return {ErrorCode::absent,
          fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()),
          "choose another port or host"};
}

Result<void> LiveTransport::listen() {
  beast::error_code error;
  Tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(options_.host, std::to_string(options_.port), Tcp::resolver::passive, error);
  if (error || found.empty()) return fail(cannot_listen(options_, error));
  // "localhost" means both families; clients try the older one first more often.
  auto chosen = found.begin();
  for (auto entry = found.begin(); entry != found.end(); ++entry) {
    if (entry->endpoint().address().is_v4() && !chosen->endpoint().address().is_v4())
      chosen = entry;
  }
  const Tcp::endpoint endpoint = *chosen;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return fail(cannot_listen(options_, error));
  return {};
}

Result<void> LiveTransport::run() {
  asio::co_spawn(control_, accept(), asio::detached);
  std::vector<std::thread> crew;
  for (std::uint32_t i = 1; i < options_.io_threads; ++i) crew.emplace_back([this] { io_.run(); });
  io_.run();
  for (std::thread& thread : crew) thread.join();
  return {};
}

void LiveTransport::stop() {
  draining_.store(true, std::memory_order_release);
  asio::post(control_, [this] {
    if (!std::exchange(drain_started_, true)) asio::co_spawn(control_, drain(), asio::detached);
  });
}

void LiveTransport::became_idle() {
  if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1 && draining()) {
    asio::post(control_, [this] { finish_if_idle(); });
  }
}

bool LiveTransport::take_room(std::size_t bytes) {
  if (received_.fetch_add(bytes) + bytes <= options_.max_received_bytes) return true;
  received_.fetch_sub(bytes);
  return false;
}

asio::awaitable<void> LiveTransport::accept() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::make_strand(io_),
                                                           asio::as_tuple(asio::use_awaitable));
    if (!error) {
      admit(std::move(socket));
    } else if (acceptor_.is_open()) {
      log::warning("http.accept_failed", {{"reason", error.message()}});
      asio::steady_timer pause(control_, accept_pause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

void LiveTransport::admit(Tcp::socket socket) {
  if (finished_) return;
  const auto strand = socket.get_executor();
  auto connection =
      std::make_shared<Connection>(std::move(socket), options_, site_, static_cast<Gate&>(*this));
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    connections_.insert(connection);
    count = connections_.size();
  }
  const auto forget = [this, connection](std::exception_ptr) {
    const std::lock_guard lock(mutex_);
    connections_.erase(connection);
  };
  if (count <= options_.max_connections) {
    asio::co_spawn(strand, connection->serve(), forget);
  } else if (count <= options_.max_connections + max_turned_away) {
    asio::co_spawn(strand, connection->turn_away(), forget);
  } else {
    forget(nullptr);
  }
}

// What runs may finish; when its time is over it ends with an error, and shortly after by force.
asio::awaitable<void> LiveTransport::drain() {
  log::info("http.drain", {{"requests", busy_.load()}});
  finish_if_idle();
  const auto wait = asio::as_tuple(asio::use_awaitable);
  drain_timer_.expires_after(
      std::chrono::milliseconds(static_cast<std::int64_t>(options_.drain_seconds * 1000)));
  if (!finished_) co_await drain_timer_.async_wait(wait);
  if (finished_) co_return;
  log::warning("http.drain_timeout", {{"requests", busy_.load()}});
  for_each_connection([](Connection& connection) { connection.shut_down(); });
  drain_timer_.expires_after(shut_down_grace);
  co_await drain_timer_.async_wait(wait);
  if (finished_) co_return;
  finished_ = true;
  beast::error_code ignored;
  acceptor_.close(ignored);
  for_each_connection([](Connection& connection) { connection.abort(); });
}

void LiveTransport::finish_if_idle() {
  if (busy_.load(std::memory_order_acquire) != 0 || finished_) return;
  finished_ = true;
  beast::error_code ignored;
  acceptor_.close(ignored);
  drain_timer_.cancel();
  for_each_connection([](Connection& connection) { connection.close_if_idle(); });
}

template <class Action>
void LiveTransport::for_each_connection(Action action) {
  std::set<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex_);
    all = connections_;
  }
  for (const auto& connection : all) action(*connection);
}

}  // namespace

Result<std::unique_ptr<Transport>> Transport::open(const ServerOptions& options, Site& site) {
  auto transport = std::make_unique<LiveTransport>(options, site);
  TRY(transport->listen());
  return transport;
}

}  // namespace freehold::server
