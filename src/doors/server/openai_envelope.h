// What every object of one answer in OpenAI's two dialects says besides its choices: id, time,
// model, usage. The choices themselves are the dialects'.
#pragma once

#include <string>
#include <string_view>

#include "freehold/generator.h"
#include "freehold/value.h"

namespace freehold::server {

// What the two dialects call their objects.
struct ObjectNames {
  std::string_view id_prefix;
  std::string_view whole;
  std::string_view chunk;
};

class OpenAiEnvelope {
 public:
  OpenAiEnvelope(const ObjectNames& names, const ModelCard& card, bool include_usage);

  // The body of an answer that is not streamed.
  Value whole(List choices, const Usage& usage) const;
  // The event of a stream in which one choice goes on.
  std::string chunk(Object choice) const;
  // The end of a stream: the usage when it was asked for, and [DONE].
  std::string stream_end(const Usage& usage) const;

 private:
  Object object(std::string_view name, List choices) const;

  const ObjectNames names_;
  const std::string id_;
  const std::string model_;
  const std::string fingerprint_;
  const std::int64_t created_unix_s_;
  const bool include_usage_;
};

}  // namespace freehold::server
