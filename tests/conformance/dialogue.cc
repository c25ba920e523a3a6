#include "dialogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/test_client.h"

namespace freehold::conformance {
namespace {

constexpr std::size_t fresh_characters = 24;

// Headers that dialogues show; dates, lengths and the like are HTTP's own business.
constexpr std::string_view told_headers[] = {"Content-Type",
                                             "Transfer-Encoding",
                                             "Allow",
                                             "Retry-After",
                                             "WWW-Authenticate",
                                             "Access-Control-Allow-Origin",
                                             "Access-Control-Allow-Methods",
                                             "Access-Control-Allow-Headers",
                                             "Cache-Control",
                                             "Connection"};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "created":1795541332 -> "created":*, unless it is the scripted models' own date.
void mask_numbers(std::string& text, std::string_view key) {
  for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    const std::size_t from = at + key.size();
    std::size_t to = from;
    while (to < text.size() && is_digit(text[to])) ++to;
    if (to > from && text.substr(from, to - from) != "1700000000") {
      text.replace(from, to - from, "*");
    }
  }
}

void mask_after(std::string& text, std::string_view prefix, std::size_t characters) {
  for (std::size_t at = text.find(prefix); at != text.npos; at = text.find(prefix, at + 1)) {
    text.replace(at + prefix.size(), characters, "*");
  }
}

// Items of a response are named after it: "msg_*_0".
void mask_response_ids(std::string& text) {
  for (const char* prefix : {"\"resp_", "\"rs_", "\"fc_", "\"fco_", "\"msg_"}) {
    mask_after(text, prefix, fresh_characters);
  }
}

std::string masked(std::string text) {
  mask_numbers(text, "\"created\":");
  mask_numbers(text, "\"created_at\":");
  mask_response_ids(text);
  mask_after(text, "\"id\":\"chatcmpl-", fresh_characters);
  mask_after(text, "\"id\":\"cmpl-", fresh_characters);
  mask_after(text, "\"id\":\"toolu_", fresh_characters);
  mask_after(text, "id\":\"call_", fresh_characters);
  mask_after(text, "\"fp_", 10);
  mask_after(text, "\"created_at\":\"", 20);
  mask_after(text, "\"digest\":\"", 64);
  for (const char* name : {"total", "prompt_eval", "eval"}) {
    mask_numbers(text, fmt::format("\"{}_duration\":", name));
  }
  return text;
}

}  // namespace

Result<std::vector<Turn>> parse_dialogue(std::string_view text) {
  std::vector<Turn> turns;
  bool expecting = true;  // the next request line begins a turn
  std::vector<std::string> comment;
  std::size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const std::string content = line.size() > 2 ? line.substr(2) : "";
    if (line.empty() || line[0] == '#') {
      comment.push_back(line);
      expecting = true;
    } else if (line[0] == '>') {
      if (expecting) turns.push_back({std::exchange(comment, {}), {}, {}});
      turns.back().request.push_back(content);
      expecting = false;
    } else if (line[0] == '<' && !turns.empty()) {
      turns.back().expected.push_back(content);
      expecting = true;
    } else {
      return fail(ErrorCode::invalid, fmt::format("line {} begins with none of # > <", number));
    }
  }
  return turns;
}

std::string to_text(const std::vector<Turn>& turns) {
  std::string text;
  const auto add = [&](std::string_view mark, const std::string& line) {
    text.append(mark).append(line.empty() ? "" : " ").append(line).append("\n");
  };
  for (const Turn& turn : turns) {
    for (const std::string& line : turn.comment) text += line + "\n";
    for (const std::string& line : turn.request) add(">", line);
    for (const std::string& line : turn.expected) add("<", line);
  }
  return text;
}

std::vector<std::string> replay(const Turn& turn, std::uint16_t port) {
  const auto empty = std::ranges::find(turn.request, "");
  const std::string& first = turn.request.front();
  const std::string method = first.substr(0, first.find(' '));
  const std::string path = first.substr(std::min(first.size(), method.size() + 1));
  std::string headers;
  for (auto line = turn.request.begin() + 1; line < empty; ++line) headers += *line + "\r\n";
  const std::string body = empty == turn.request.end()
                               ? ""
                               : fmt::format("{}", fmt::join(empty + 1, turn.request.end(), "\n"));
  server::TestClient client(port);
  client.request(method, path, body, headers);
  const server::Reply reply = client.reply(method == "HEAD");
  std::vector<std::string> lines = {reply.head.substr(9, reply.head.find('\r') - 9)};
  for (const std::string_view name : told_headers) {
    const std::string value = reply.header(name);
    if (!value.empty()) lines.push_back(fmt::format("{}: {}", name, value));
  }
  if (reply.body.empty()) return lines;
  lines.emplace_back();
  for (std::string& line : lines_of(masked(reply.body))) lines.push_back(std::move(line));
  return lines;
}

}  // namespace freehold::conformance
