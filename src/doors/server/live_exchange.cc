#include "server/live_exchange.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/beast/http/status.hpp>

#include "base/log.h"
#include "server/keys.h"

namespace freehold::server {
namespace {

std::string http_date() {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

LiveExchange::LiveExchange(HttpRequest request, asio::any_io_executor strand,
                           const ServerOptions& options)
    : request_(std::move(request)),
      strand_(std::move(strand)),
      options_(options),
      output_waits_(strand_, asio::steady_timer::time_point::max()) {}

std::string LiveExchange::head(const HttpResponse& response, bool whole) const {
  const auto reason = beast::http::obsolete_reason(beast::http::int_to_status(response.status));
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\n", response.status,
                  std::string_view(reason.data(), reason.size()), http_date(), request_.id);
  if (!response.content_type.empty()) {
    head += fmt::format("Content-Type: {}\r\n", response.content_type);
  }
  if (whole && response.status != 204) {
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (!whole && version_ == 11) head += "Transfer-Encoding: chunked\r\n";
  if (!options_.cors_origin.empty()) {
    head += fmt::format("Access-Control-Allow-Origin: {}\r\n", options_.cors_origin);
    head +=
        "Access-Control-Expose-Headers: X-Request-Id, Retry-After"
        ", x-ratelimit-limit-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-requests"
        ", x-ratelimit-remaining-tokens, x-ratelimit-reset-requests, x-ratelimit-reset-tokens"
        "\r\n";
  }
  if (request_.permit) {
    for (const auto& [name, value] : request_.permit->headers()) {
      head += fmt::format("{}: {}\r\n", name, value);
    }
  }
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  head +=
      keep_alive_ ? (version_ == 10 ? "Connection: keep-alive\r\n" : "") : "Connection: close\r\n";
  return head + "\r\n";
}

void LiveExchange::send(HttpResponse response) {
  if (begun_ || closed_) return;
  begun_ = ended_ = true;
  if (request_.permit) request_.permit->end();  // before the client can ask again
  status_ = response.status;
  output_ += head(response, true);
  if (request_.method != "HEAD") {
    bytes_ = response.body.size();
    output_ += response.body;
  }
  wake();
}

void LiveExchange::begin(HttpResponse response) {
  if (begun_ || closed_) return;
  begun_ = true;
  status_ = response.status;
  if (version_ == 10) keep_alive_ = false;  // the end of the body is the end of the connection
  output_ += head(response, false);
  if (!response.body.empty()) write(response.body);
  wake();
}

void LiveExchange::write(std::string_view bytes) {
  if (!begun_ || ended_ || closed_ || lagging_ || bytes.empty()) return;
  if (output_.size() + bytes.size() > options_.max_unsent_bytes) {
    lagging_ = true;
    if (on_lagging_) on_lagging_();
  } else {
    output_ +=
        version_ == 10 ? std::string(bytes) : fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
    bytes_ += bytes.size();
  }
  wake();
}

void LiveExchange::end() {
  if (!begun_ || ended_ || closed_) return;
  ended_ = true;
  if (request_.permit) request_.permit->end();
  if (version_ == 11) output_ += "0\r\n\r\n";
  wake();
}

void LiveExchange::post(std::function<void()> work) {
  asio::post(strand_, [self = shared_from_this(), work = std::move(work)] {
    try {
      work();
    } catch (const std::exception& exception) {
      log::error("http.answer_failed", {{"id", self->request_.id}, {"what", exception.what()}});
      self->close();
    }
  });
}

asio::awaitable<void> LiveExchange::wait_for_output() {
  while (output_.empty() && !ended_ && !lagging_ && !closed_) {
    co_await output_waits_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

std::string LiveExchange::take_output() {
  return std::exchange(output_, {});
}

double LiveExchange::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void LiveExchange::shut_down() {
  if (const auto answer = answer_) answer->shut_down();
}

void LiveExchange::close() {
  closed_ = true;
  answer_.reset();
  if (request_.permit) request_.permit->end();
  wake();
}

}  // namespace freehold::server
