// Bytes -> JSON -> requests: what a client's body can be made to do before a generator sees it.
#include <cstddef>
#include <cstdint>

#include "base/json.h"
#include "server/chat_request.h"
#include "server/completion_request.h"
#include "server/http.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)server::percent_decoded(text);
  const auto body = parse_json(text);
  if (!body) return 0;
  if (const auto chat = server::parse_chat_request(*body)) {
    for (const Value& message : chat->chat.messages) CHECK(message.find("role") != nullptr);
    CHECK(chat->choices >= 1);
    (void)server::choice_request(*chat, chat->chat, chat->choices - 1);
  } else {
    CHECK(chat.error().status == 400 && !chat.error().message.empty());
    (void)server::to_response(chat.error());
  }
  if (const auto completion = server::parse_completion_request(*body)) {
    CHECK(!completion->prompts.empty());
  } else {
    (void)server::to_response(completion.error());
  }
  return 0;
}
