#include "hub/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace freehold::hub {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What If-Range may carry: a strong ETag, else a date.
std::string validator_of(const HttpHead& head) {
  const std::string* tag = head.find("etag");
  if (tag != nullptr && tag->starts_with('"')) return *tag;
  const std::string* date = head.find("last-modified");
  return date != nullptr ? *date : std::string();
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view unit = "bytes ";
  if (!value.starts_with(unit)) return std::nullopt;
  value.remove_prefix(unit.size());
  const auto slash = value.find('/');
  if (slash == value.npos) return std::nullopt;
  ContentRange range;
  if (value.substr(slash + 1) != "*") {
    range.total = parse_number(value.substr(slash + 1));
    if (!range.total) return std::nullopt;
  }
  const std::string_view span = value.substr(0, slash);
  if (span == "*") return range;
  const auto dash = span.find('-');
  if (dash == span.npos) return std::nullopt;
  const auto first = parse_number(span.substr(0, dash));
  const auto last = parse_number(span.substr(dash + 1));
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  if (range.total && *last >= *range.total) return std::nullopt;
  range.begin = *first;
  range.end = *last + 1;
  return range;
}

HttpRequest Stream::http_request() const {
  HttpRequest http{state_.request.url, {}, state_.request.secrets};
  if (state_.ranges_ignored) return http;
  http.headers.emplace_back("Range", fmt::format("bytes={}-{}", piece_.begin, piece_.end - 1));
  const std::string& validator = state_.file.identity().validator;
  if (!validator.empty()) http.headers.emplace_back("If-Range", validator);
  return http;
}

bool Stream::decide(Verdict wanted, std::string why) {
  verdict = wanted;
  reason = std::move(why);
  return false;
}

bool Stream::out_of_space(Error error) {
  state_.context.disk_full = true;
  decide(Verdict::give_up, std::move(error.message));
  return false;
}

bool Stream::on_head(const HttpHead& head) {
  if (generation_ != state_.generation) return decide(Verdict::fine, "overtaken");
  const std::string* encoding = head.find("content-encoding");
  if (head.status < 300 && encoding != nullptr && *encoding != "identity") {
    return decide(Verdict::give_up, fmt::format("sent as {} although nobody asked", *encoding));
  }
  if (head.status == 206) return take_part(head);
  if (head.status == 200) return take_whole(head);
  if (head.status == 416) return take_unsatisfied(head);
  return take_error(head);
}

// The file's size from whoever says it first; from then on everybody must agree.
bool Stream::settle_size(std::uint64_t total) {
  auto& known = state_.file.identity().bytes;
  if (known && *known != total) {
    if (state_.request.bytes) {
      return decide(Verdict::give_up,
                    fmt::format("has {} bytes where {} were promised", total, *known));
    }
    return decide(Verdict::changed, fmt::format("has {} bytes now, had {}", total, *known));
  }
  if (total > state_.context.limits.max_bytes) {
    return decide(Verdict::give_up, fmt::format("claims {} bytes, the limit is {}", total,
                                                state_.context.limits.max_bytes));
  }
  const std::uint64_t missing = total - std::min(total, state_.file.present().count());
  if (auto space = check_space(state_.file.data_path(), missing); !space) {
    return out_of_space(std::move(space).error());
  }
  known = total;
  return true;
}

bool Stream::take_part(const HttpHead& head) {
  const std::string* text = head.find("content-range");
  const auto range = text != nullptr ? parse_content_range(*text) : std::nullopt;
  if (!range || range->end == 0 || !range->total || range->begin != at_) {
    state_.ranges_ignored = true;
    return decide(Verdict::retry, "answered a range request with something else");
  }
  std::string& known = state_.file.identity().validator;
  const std::string validator = validator_of(head);
  if (!known.empty() && !validator.empty() && known != validator) {
    return decide(Verdict::changed, "changed while it was being fetched");
  }
  if (!settle_size(*range->total)) return false;
  if (known.empty()) known = validator;
  piece_.end = std::min(piece_.end, *range->total);
  // Less than was asked for, again and again, would be a request for every few bytes.
  if (range->end < piece_.end) {
    state_.ranges_ignored = true;
    return decide(Verdict::retry, "answered a range request with a part of it");
  }
  state_.ranges_work = true;
  return true;
}

bool Stream::take_whole(const HttpHead& head) {
  const std::string validator = validator_of(head);
  const std::string& known = state_.file.identity().validator;
  // Either the server cannot do ranges, or If-Range told it that we hold parts of another file.
  const bool changed = !known.empty() && !validator.empty() && known != validator;
  if (!changed) state_.ranges_ignored = true;
  ++state_.generation;
  generation_ = state_.generation;
  auto& identity = state_.file.identity();
  identity.bytes = state_.request.bytes;
  identity.validator = validator;
  if (auto restarted = state_.file.restart(); !restarted) {
    return out_of_space(std::move(restarted).error());
  }
  const std::string* length = head.find("content-length");
  const auto total = length != nullptr ? parse_number(*length) : std::nullopt;
  if (total && !settle_size(*total)) return false;
  open_ended_ = !identity.bytes;
  at_ = 0;
  piece_ = {0, state_.limit_bytes()};
  return true;
}

bool Stream::take_unsatisfied(const HttpHead& head) {
  const std::string* text = head.find("content-range");
  const auto range = text != nullptr ? parse_content_range(*text) : std::nullopt;
  if (range && range->total && *range->total == state_.file.present().count() &&
      !state_.file.identity().bytes) {
    if (!settle_size(*range->total)) return false;  // an empty file, or all of it is here
    piece_ = {at_, at_};
    return decide(Verdict::fine, "");
  }
  if (range && range->total)
    return decide(Verdict::changed, fmt::format("is only {} bytes long", *range->total));
  state_.ranges_ignored = true;
  return decide(Verdict::retry, "refused a range");
}

bool Stream::take_error(const HttpHead& head) {
  const int status = head.status;
  const bool passing = status == 408 || status == 425 || status == 429 || status == 500 ||
                       (status >= 502 && status <= 504);
  if (passing) {
    if (const std::string* after = head.find("retry-after")) {
      wait_s = parse_retry_after(*after, state_.context.clock.unix_time_s()).value_or(0);
    }
    return decide(Verdict::retry, fmt::format("HTTP {}", status));
  }
  std::string why = fmt::format("HTTP {}", status);
  if (status == 401 || status == 403) why += ": access denied";
  if (status == 404 || status == 410) why += ": not there";
  return decide(Verdict::give_up, std::move(why));
}

bool Stream::on_body(std::span<const std::byte> bytes) {
  if (generation_ != state_.generation) return decide(Verdict::fine, "overtaken");
  if (state_.context.is_cancelled()) return decide(Verdict::fine, "interrupted");
  const std::uint64_t room = piece_.end - at_;
  const bool too_much = bytes.size() > room;
  if (too_much) bytes = bytes.first(static_cast<std::size_t>(room));
  if (auto written = state_.file.write(at_, bytes); !written) {
    return out_of_space(std::move(written).error());
  }
  at_ += bytes.size();
  state_.received = state_.received || !bytes.empty();
  state_.context.observer.progress({"fetching " + state_.request.name,
                                    state_.file.present().count(), state_.file.identity().bytes});
  if (!too_much) return true;
  return decide(open_ended_ ? Verdict::give_up : Verdict::retry, "sent more bytes than announced");
}

void Stream::on_end() {
  if (generation_ != state_.generation) return;
  if (open_ended_) {
    state_.file.identity().bytes = at_;  // the connection's end is the file's end
  } else if (at_ < piece_.end) {
    decide(Verdict::retry, fmt::format("the body ended {} bytes early", piece_.end - at_));
  }
}

}  // namespace freehold::hub
