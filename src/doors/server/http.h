// HTTP/1.1 as endpoints see it: a request, and an exchange that takes the answer, whole or
// streamed. Not the transport (transport.h), not routes (router.h), and no networking library.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freehold::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

class Permit;  // keys.h

struct HttpRequest {
  std::string method;
  std::string path;                     // percent-decoded, without the query
  std::string query{};                  // what stands behind the path's "?", as it came
  Headers headers;                      // names in lower case
  std::string body;                     // while the handler runs; dropped afterwards
  std::string id;                       // X-Request-Id, the client's or ours
  std::shared_ptr<Permit> permit = {};  // of the key it came with; empty: no key is asked for

  // The first header of that name (in lower case), nullptr when there is none.
  const std::string* header(std::string_view name) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  Headers headers = {};
};

// What computes an answer that takes a while. Called on its exchange's strand only; destroyed there
// when the exchange is over, and whatever it has under way is cancelled by that.
class Answer {
 public:
  virtual ~Answer() = default;
  // The server's drain time is over: end the exchange with an error, now.
  virtual void shut_down() = 0;
};

// One request and the way to answer it. Everything but post() is called on the exchange's strand,
// where handlers are called, too: no two calls overlap. After the client has gone all calls are
// harmless.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const HttpRequest& request() const = 0;
  // The whole answer.
  virtual void send(HttpResponse response) = 0;
  // An answer in pieces: begin once (the body is sent as the first piece), write, end. A client
  // that lets more than max_unsent_bytes pile up is cut off.
  virtual void begin(HttpResponse head) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void end() = 0;
  virtual bool begun() const = 0;
  // Holds what computes the answer until the exchange is over.
  virtual void keep(std::shared_ptr<Answer> answer) = 0;
  // Runs `work` on the strand; from any thread.
  virtual void post(std::function<void()> work) = 0;
};

// What the transport asks of the layer above.
class Site {
 public:
  virtual ~Site() = default;
  // Judges a request by its head, before a byte of the body is read: a refusal, or nothing, and
  // then the request may have a permit.
  virtual std::optional<HttpResponse> refuse(HttpRequest& head, bool draining) = 0;
  // Answers, now or later, through the exchange.
  virtual void handle(const std::shared_ptr<Exchange>& exchange) = 0;
};

// "/a%20b" -> "/a b"; nothing when an escape is broken or stands for a control character.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace freehold::server
