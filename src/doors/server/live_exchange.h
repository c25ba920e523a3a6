// An Exchange over a connection: turns the answer into bytes that wait to be sent, in order and in
// bounded number. The connection sends them; neither knows the other's business.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/beast.h"
#include "server/http.h"
#include "server/server.h"

namespace freehold::server {

class LiveExchange : public Exchange, public std::enable_shared_from_this<LiveExchange> {
 public:
  LiveExchange(HttpRequest request, asio::any_io_executor strand, const ServerOptions& options);

  const HttpRequest& request() const override { return request_; }
  void send(HttpResponse response) override;
  void begin(HttpResponse head) override;
  void write(std::string_view bytes) override;
  void end() override;
  bool begun() const override { return begun_; }
  void keep(std::shared_ptr<Answer> answer) override { answer_ = std::move(answer); }
  void post(std::function<void()> work) override;

  // For the connection, on the strand.
  // Called when the client lags too far behind: whoever waits for it to read must stop waiting.
  void on_lagging(std::function<void()> hear) { on_lagging_ = std::move(hear); }
  void drop_body() { std::exchange(request_.body, {}); }
  void set_version(unsigned version) { version_ = version; }  // 10 or 11
  void set_keep_alive(bool keep_alive) { keep_alive_ = keep_alive; }
  bool keep_alive() const { return keep_alive_; }
  asio::awaitable<void> wait_for_output();  // until there is some, or the answer is over or cut off
  std::string take_output();
  bool has_output() const { return !output_.empty(); }
  bool ended() const { return ended_; }
  bool closed() const { return closed_; }
  bool lagging() const { return lagging_; }  // too much was unsent: the answer has a hole
  unsigned status() const { return status_; }
  std::size_t bytes() const { return bytes_; }  // of the body, framing excluded
  double seconds() const;
  void shut_down();
  void close();  // nothing more will be sent: drops the answer and with it what it computes

 private:
  std::string head(const HttpResponse& response, bool whole) const;
  void wake() { output_waits_.cancel(); }

  HttpRequest request_;
  asio::any_io_executor strand_;
  const ServerOptions& options_;
  asio::steady_timer output_waits_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::shared_ptr<Answer> answer_;
  std::function<void()> on_lagging_;
  std::string output_;
  std::size_t bytes_ = 0;
  unsigned status_ = 0;
  unsigned version_ = 11;
  bool keep_alive_ = true;
  bool begun_ = false;
  bool ended_ = false;
  bool lagging_ = false;
  bool closed_ = false;
};

}  // namespace freehold::server
