#include "text/gguf_pretokenizers.h"

#include <algorithm>
#include <string>

namespace freehold::text {

const std::string_view gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Llama 3's with numbers cut into single digits.
constexpr std::string_view qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Qwen 3.5: marks belong to words.
constexpr std::string_view qwen35_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::string_view deepseek3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Words in camel case are cut before their capitals; o200k keeps English contractions together.
#define CAMEL_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define CAMEL_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CONTRACTION R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
#define CAMEL_REST R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
constexpr std::string_view gpt4o_pattern =
    R"([^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "*" CAMEL_LOWER "+" CONTRACTION
    R"(|[^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "+" CAMEL_LOWER "*" CONTRACTION
    R"(|\p{N}{1,3})" CAMEL_REST;
constexpr std::string_view tekken_pattern =
    R"([^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "*" CAMEL_LOWER R"(+|[^\r\n\p{L}\p{N}]?)" CAMEL_UPPER
    "+" CAMEL_LOWER R"(*|\p{N})" CAMEL_REST;
#undef CAMEL_UPPER
#undef CAMEL_LOWER
#undef CONTRACTION
#undef CAMEL_REST

PretokenizerStep isolate(std::string_view pattern) {
  return {.kind = PretokenizerStep::Kind::split,
          .pattern = {std::string(pattern), true},
          .behavior = SplitBehavior::isolated};
}

struct Entry {
  std::string_view names;  // each between spaces
  std::vector<std::string_view> patterns;
  bool nfc = false;
  bool ignore_merges = false;
  bool add_bos = false;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {" gpt-2 phi-2 olmo mpt jais exaone4 ", {gpt2_pattern}},
      {" smollm starcoder refact codeshell exaone minerva-7b ", {R"(\p{N})", gpt2_pattern}},
      {" command-r ", {R"(\p{N})", gpt2_pattern}, true},
      {" llama-bpe llama3 llama-v3 ", {llama3_pattern}, false, true, true},
      {" dbrx smaug-bpe glm4 chatglm-bpe ", {llama3_pattern}},
      {" qwen2 ", {qwen2_pattern}, true},
      {" stablelm2 ", {qwen2_pattern}, true},
      {" qwen35 ", {qwen35_pattern}, true},
      {" deepseek-v3 ", {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", deepseek3_words}},
      {" deepseek-coder ",
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", R"(\p{N})"}},
      {" gpt-4o ", {gpt4o_pattern}},
      {" llama4 ", {gpt4o_pattern}, false, true, true},
      {" tekken ", {tekken_pattern}, false, true, true},
      {" default ", {R"([\p{P}$+<=>\^~|]+)", gpt2_pattern, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
  };
  return all;
}

}  // namespace

std::optional<GgufPretokenizer> gguf_pretokenizer(std::string_view name) {
  if (name.empty() || name.find(' ') != name.npos) return std::nullopt;
  for (const Entry& entry : entries()) {
    if (entry.names.find(' ' + std::string(name) + ' ') == entry.names.npos) continue;
    GgufPretokenizer result;
    if (entry.nfc) result.normalizer.push_back({.kind = NormalizerStep::Kind::nfc});
    for (const std::string_view pattern : entry.patterns) result.steps.push_back(isolate(pattern));
    result.ignore_merges = entry.ignore_merges;
    result.add_bos = entry.add_bos;
    return result;
  }
  return std::nullopt;
}

}  // namespace freehold::text
