#include "server/openai_envelope.h"

#include "base/clock.h"
#include "server/fingerprint.h"
#include "server/request_id.h"
#include "server/sse.h"
#include "server/text_answer.h"

namespace freehold::server {

OpenAiEnvelope::OpenAiEnvelope(const ObjectNames& names, const ModelCard& card, bool include_usage)
    : names_(names),
      id_(fresh_id(names.id_prefix)),
      model_(card.name),
      fingerprint_(fingerprint(card)),
      created_unix_s_(Clock::system().unix_time_s()),
      include_usage_(include_usage) {}

Object OpenAiEnvelope::object(std::string_view name, List choices) const {
  return {{"id", id_},
          {"object", name},
          {"created", created_unix_s_},
          {"model", model_},
          {"system_fingerprint", fingerprint_},
          {"choices", std::move(choices)}};
}

Value OpenAiEnvelope::whole(List choices, const Usage& usage) const {
  Object answer = object(names_.whole, std::move(choices));
  answer.emplace_back("usage", usage_value(usage));
  return answer;
}

std::string OpenAiEnvelope::chunk(Object choice) const {
  Object event = object(names_.chunk, List{std::move(choice)});
  if (include_usage_) event.emplace_back("usage", nullptr);
  return sse_event(event);
}

std::string OpenAiEnvelope::stream_end(const Usage& usage) const {
  std::string events;
  if (include_usage_) {
    Object last = object(names_.chunk, List{});
    last.emplace_back("usage", usage_value(usage));
    events = sse_event(last);
  }
  return events + sse_done();
}

}  // namespace freehold::server
