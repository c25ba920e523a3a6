#include "hub/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <mutex>

namespace freehold::hub {
namespace {

constexpr std::size_t max_redirect_body_bytes = 64 << 10;  // read and thrown away
constexpr long max_connections_to_a_host = 16;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) letter = lower(letter);
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

// One component of a URL, empty when it has none.
std::string component(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string result(text);
  curl_free(text);
  return result;
}

struct UrlHandle {
  CURLU* handle = curl_url();
  UrlHandle() = default;
  UrlHandle(const UrlHandle&) = delete;
  UrlHandle& operator=(const UrlHandle&) = delete;
  ~UrlHandle() { curl_url_cleanup(handle); }
};

// `location` seen from `base`; nothing when it is no URL.
std::optional<std::string> resolve_location(const std::string& base, const std::string& location) {
  const UrlHandle url;
  if (curl_url_set(url.handle, CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) return std::nullopt;
  if (curl_url_set(url.handle, CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  return component(url.handle, CURLUPART_URL);
}

HttpFailure classify(CURLcode code, bool connected) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return HttpFailure::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return connected ? HttpFailure::broken : HttpFailure::unreachable;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return HttpFailure::refused;
    default:
      return HttpFailure::broken;
  }
}

void initialise_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

// What every handle has in common, whether it transfers or only knocks.
void set_common(CURL* easy, const HttpLimits& limits) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Without this, closing a handle waits for a name look-up that nobody answers.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(limits.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // The library itself does not read what its command line tool reads: a company's certificates.
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* bundle = std::getenv(name);
    if (bundle == nullptr || *bundle == '\0') continue;
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
    break;
  }
}

}  // namespace

const std::string* HttpHead::find(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (header == name) return &value;
  }
  return nullptr;
}

struct HttpClient::Exchange {
  HttpRequest request;
  HttpReceiver* receiver = nullptr;
  const HttpLimits* limits = nullptr;
  CURL* easy = nullptr;
  curl_slist* sent_headers = nullptr;
  std::string first_origin;
  std::string url;
  int redirects = 0;
  char complaint[CURL_ERROR_SIZE] = {};

  HttpHead head;
  std::size_t header_bytes = 0;
  std::size_t ignored_bytes = 0;
  bool delivered = false;  // the receiver has the head
  bool stopped = false;
  bool endless = false;  // headers or a redirect's body beyond the limits

  ~Exchange() {
    curl_slist_free_all(sent_headers);
    if (easy != nullptr) curl_easy_cleanup(easy);
  }

  // Sets the handle up for `url`; secrets go along only to where they were meant for.
  void prepare() {
    if (easy == nullptr) easy = curl_easy_init();
    CHECK(easy != nullptr);
    curl_easy_reset(easy);
    set_common(easy, *limits);
    curl_slist_free_all(sent_headers);
    sent_headers = curl_slist_append(nullptr, "Accept: */*");
    for (const auto& [name, value] : request.headers) add_header(name, value);
    const auto parts = split_url(url);
    if (parts && parts->origin() == first_origin) {
      for (const auto& [name, value] : request.secrets) add_header(name, value);
    }
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, sent_headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, complaint);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "freehold/0.1");
    // Ranges side by side want connections of their own, which HTTP/2 would fold into one.
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                     static_cast<long>(limits->low_speed_bytes_per_s));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(limits->low_speed_time.count()));
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    head = {};
    header_bytes = ignored_bytes = 0;
    complaint[0] = '\0';
  }

  void add_header(const std::string& name, const std::string& value) {
    // A line break would smuggle in a header of its own; such a value is nobody's honest one.
    const std::string line = name + ": " + value;
    const bool plain = std::none_of(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    });
    if (plain) sent_headers = curl_slist_append(sent_headers, line.c_str());
  }

  static std::size_t on_header_line(char* text, std::size_t, std::size_t bytes, void* context) {
    auto& self = *static_cast<Exchange*>(context);
    return self.take_header_line({text, bytes}) ? bytes : 0;
  }

  bool take_header_line(std::string_view line) {
    header_bytes += line.size();
    if (header_bytes > limits->max_header_bytes) endless = true;
    if (endless) return false;
    if (delivered) return true;  // trailers
    if (line.starts_with("HTTP/")) {
      head = {};
      return true;
    }
    if (trim(line).empty()) return end_of_headers();
    const auto colon = line.find(':');
    if (colon == line.npos) return true;
    head.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    return true;
  }

  bool end_of_headers() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    head.status = static_cast<int>(status);
    head.url = url;
    if (head.status < 200) return true;  // "100 Continue": the real response follows
    if (is_redirect(head.status) && head.find("location") != nullptr) return true;
    delivered = true;
    if (receiver->on_head(head)) return true;
    stopped = true;
    return false;
  }

  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* context) {
    auto& self = *static_cast<Exchange*>(context);
    if (!self.delivered) {
      self.ignored_bytes += count;
      if (self.ignored_bytes > max_redirect_body_bytes) self.endless = true;
      return self.endless ? 0 : count;
    }
    if (self.receiver->on_body(std::as_bytes(std::span(bytes, count)))) return count;
    self.stopped = true;
    return 0;
  }

  // The address to go on to; nothing when this was the last response; an Error when we will not.
  Result<std::optional<std::string>> next_hop() {
    if (delivered || !is_redirect(head.status)) return std::nullopt;
    const std::string* location = head.find("location");
    if (location == nullptr) return std::nullopt;
    if (++redirects > limits->max_redirects) {
      return fail(ErrorCode::absent, fmt::format("more than {} redirects", limits->max_redirects));
    }
    const auto target = resolve_location(url, *location);
    if (!target) return fail(ErrorCode::absent, "redirected to something that is no URL");
    const UrlParts from = TRY(split_url(url));
    const UrlParts to = TRY_IN("redirected", split_url(*target));
    if (from.scheme == "https" && to.scheme != "https") {
      return fail(ErrorCode::absent, "redirected from https to " + to.scheme + ", not followed");
    }
    return target;
  }
};

struct HttpClient::Multi {
  HttpLimits limits;
  CURLM* handle = nullptr;
  std::list<Exchange> exchanges;

  explicit Multi(HttpLimits wanted) : limits(wanted) {
    initialise_curl_once();
    handle = curl_multi_init();
    CHECK(handle != nullptr);
    curl_multi_setopt(handle, CURLMOPT_MAX_HOST_CONNECTIONS, max_connections_to_a_host);
  }
  ~Multi() {
    for (Exchange& exchange : exchanges) curl_multi_remove_handle(handle, exchange.easy);
    exchanges.clear();
    curl_multi_cleanup(handle);
  }
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  void remove(const Exchange* gone) {
    curl_multi_remove_handle(handle, gone->easy);
    exchanges.remove_if([&](const Exchange& exchange) { return &exchange == gone; });
  }

  // The outcome, or nothing when the exchange goes on at another address.
  std::optional<HttpOutcome> settle(Exchange& exchange, CURLcode code) {
    HttpOutcome outcome{exchange.receiver, HttpFailure::none, {}};
    if (exchange.stopped) {
      outcome.failure = HttpFailure::stopped;
    } else if (exchange.endless) {
      outcome = {exchange.receiver, HttpFailure::refused, "headers or redirect without end"};
    } else if (code != CURLE_OK) {
      curl_off_t ready = 0;
      curl_easy_getinfo(exchange.easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
      outcome.failure = classify(code, ready > 0);
      outcome.reason =
          exchange.complaint[0] != '\0' ? exchange.complaint : curl_easy_strerror(code);
    } else {
      auto hop = exchange.next_hop();
      if (!hop) {
        outcome = {exchange.receiver, HttpFailure::refused, std::move(hop).error().message};
      } else if (*hop) {
        curl_multi_remove_handle(handle, exchange.easy);
        exchange.url = **hop;
        exchange.prepare();
        curl_multi_add_handle(handle, exchange.easy);
        return std::nullopt;
      } else if (!exchange.delivered) {
        outcome = {exchange.receiver, HttpFailure::broken, "no response"};
      }
    }
    remove(&exchange);
    return outcome;
  }

  std::optional<HttpOutcome> finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(handle, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* context = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
      auto outcome = settle(*static_cast<Exchange*>(context), message->data.result);
      if (outcome) return outcome;
    }
    return std::nullopt;
  }
};

HttpClient::HttpClient(HttpLimits limits) : multi_(std::make_unique<Multi>(limits)) {}
HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request, HttpReceiver& receiver) {
  Exchange& exchange = multi_->exchanges.emplace_back();
  exchange.request = std::move(request);
  exchange.receiver = &receiver;
  exchange.limits = &multi_->limits;
  exchange.url = exchange.request.url;
  if (const auto parts = split_url(exchange.url)) exchange.first_origin = parts->origin();
  exchange.prepare();
  curl_multi_add_handle(multi_->handle, exchange.easy);
}

void HttpClient::drop(HttpReceiver& receiver) {
  for (auto at = multi_->exchanges.begin(); at != multi_->exchanges.end();) {
    const Exchange* exchange = &*at++;
    if (exchange->receiver == &receiver) multi_->remove(exchange);
  }
}

std::size_t HttpClient::active() const {
  return multi_->exchanges.size();
}

std::optional<HttpOutcome> HttpClient::poll(std::chrono::milliseconds patience) {
  if (auto outcome = multi_->finished()) return outcome;
  int running = 0;
  curl_multi_perform(multi_->handle, &running);
  if (auto outcome = multi_->finished()) return outcome;
  curl_multi_poll(multi_->handle, nullptr, 0, static_cast<int>(patience.count()), nullptr);
  curl_multi_perform(multi_->handle, &running);
  return multi_->finished();
}

HttpClient::Page HttpClient::get(HttpRequest request, std::size_t max_bytes,
                                 const std::atomic<bool>* cancelled) {
  struct Reader : HttpReceiver {
    Page page;
    std::size_t max_bytes = 0;
    bool too_long = false;
    bool on_head(const HttpHead& head) override {
      page.head = head;
      return true;
    }
    bool on_body(std::span<const std::byte> bytes) override {
      too_long = bytes.size() > max_bytes - page.body.size();
      if (!too_long) page.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return !too_long;
    }
  };
  CHECK(active() == 0);
  Reader reader;
  reader.max_bytes = max_bytes;
  start(std::move(request), reader);
  while (true) {
    if (cancelled != nullptr && cancelled->load()) {
      drop(reader);
      reader.page.failure = HttpFailure::stopped;
      reader.page.reason = "interrupted";
      return reader.page;
    }
    auto outcome = poll(std::chrono::milliseconds(50));
    if (!outcome) continue;
    reader.page.failure = outcome->failure;
    reader.page.reason = std::move(outcome->reason);
    if (reader.too_long) {
      reader.page.failure = HttpFailure::refused;
      reader.page.reason = fmt::format("the answer is longer than {} bytes", max_bytes);
    }
    return reader.page;
  }
}

std::vector<HttpClient::Contact> HttpClient::reach(const std::vector<std::string>& urls,
                                                   const std::atomic<bool>* cancelled) {
  std::vector<Contact> contacts(urls.size());
  std::vector<CURL*> knocks;
  CURLM* multi = curl_multi_init();
  CHECK(multi != nullptr);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    CURL* easy = curl_easy_init();
    CHECK(easy != nullptr);
    set_common(easy, multi_->limits);
    curl_easy_setopt(easy, CURLOPT_URL, urls[i].c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &contacts[i]);
    contacts[i].reason = "interrupted";
    curl_multi_add_handle(multi, easy);
    knocks.push_back(easy);
  }
  int running = 1;
  while (running > 0 && !(cancelled != nullptr && cancelled->load())) {
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      void* contact = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &contact);
      const bool reached = message->data.result == CURLE_OK;
      *static_cast<Contact*>(contact) = {reached,
                                         reached ? "" : curl_easy_strerror(message->data.result)};
    }
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 50, nullptr);
  }
  for (CURL* easy : knocks) {
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(multi);
  return contacts;
}

Result<UrlParts> split_url(const std::string& url) {
  const UrlHandle handle;
  if (curl_url_set(handle.handle, CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(ErrorCode::usage, fmt::format("\"{}\" is no URL", url));
  }
  UrlParts parts;
  parts.scheme = lower(component(handle.handle, CURLUPART_SCHEME));
  parts.host = lower(component(handle.handle, CURLUPART_HOST));
  parts.port = component(handle.handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  parts.path = component(handle.handle, CURLUPART_PATH);
  const std::string query = component(handle.handle, CURLUPART_QUERY);
  if (!query.empty()) parts.path += "?" + query;
  if ((parts.scheme != "https" && parts.scheme != "http") || parts.host.empty()) {
    return fail(ErrorCode::usage, fmt::format("\"{}\" is no http or https address", url));
  }
  return parts;
}

std::string percent_encode(std::string_view text, bool keep_slashes) {
  constexpr std::string_view plain = "-._~";
  std::string result;
  for (const char letter : text) {
    const bool alphanumeric =
        (lower(letter) >= 'a' && lower(letter) <= 'z') || (letter >= '0' && letter <= '9');
    if (alphanumeric || plain.find(letter) != plain.npos || (keep_slashes && letter == '/')) {
      result += letter;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return result;
}

std::optional<std::int64_t> parse_retry_after(const std::string& value, std::int64_t unix_now_s) {
  constexpr std::int64_t longest_s = 1'000'000;
  const std::string_view text = trim(value);
  const bool number =
      !text.empty() && text.size() <= 7 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number) return std::min<std::int64_t>(std::stoll(std::string(text)), longest_s);
  const time_t date = curl_getdate(value.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::clamp<std::int64_t>(date - unix_now_s, 0, longest_s);
}

}  // namespace freehold::hub
