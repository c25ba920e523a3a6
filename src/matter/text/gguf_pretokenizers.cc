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

// MiniCPM 5, whose numbers a step before has already cut into threes.
constexpr std::string_view minicpm5_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// ByteDance's Seed-Coder: punctuation does not take the line ends behind it.
constexpr std::string_view seed_coder_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Ant's Ling: one line end at a time.
constexpr std::string_view bailing_pattern =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*)"
    R"(|\s*[\r\n]|\s+(?!\S)|\s+)";

// The first DeepSeek: cased letters as its tokenizer.json lists them, range by range.
constexpr std::string_view deepseek_llm_words =
    R"(\s?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293})"
    R"(\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386})"
    R"(\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f})"
    R"(\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd})"
    R"(\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77})"
    R"(\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45})"
    R"(\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d})"
    R"(\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc})"
    R"(\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4})"
    R"(\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d})"
    R"(\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139})"
    R"(\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b})"
    R"(\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e})"
    R"(\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a})"
    R"(\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb})"
    R"(\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943})"
    R"(]+)";
constexpr std::string_view deepseek_llm_punctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)";
constexpr std::string_view deepseek_ideographs =
    R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

constexpr std::string_view deepseek3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Words in camel case are cut before their capitals; o200k keeps English contractions together;
// Kimi keeps Chinese apart from everything else.
#define CAMEL_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define CAMEL_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define NO_HAN_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"
#define NO_HAN_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"
#define CONTRACTION R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
#define CAMEL_REST R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
constexpr std::string_view gpt4o_pattern =
    R"([^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "*" CAMEL_LOWER "+" CONTRACTION
    R"(|[^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "+" CAMEL_LOWER "*" CONTRACTION
    R"(|\p{N}{1,3})" CAMEL_REST;
constexpr std::string_view tekken_pattern =
    R"([^\r\n\p{L}\p{N}]?)" CAMEL_UPPER "*" CAMEL_LOWER R"(+|[^\r\n\p{L}\p{N}]?)" CAMEL_UPPER
    "+" CAMEL_LOWER R"(*|\p{N})" CAMEL_REST;
constexpr std::string_view kimi_pattern =
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?)" NO_HAN_UPPER "*" NO_HAN_LOWER "+" CONTRACTION
    R"(|[^\r\n\p{L}\p{N}]?)" NO_HAN_UPPER "+" NO_HAN_LOWER "*" CONTRACTION
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
#undef CAMEL_UPPER
#undef CAMEL_LOWER
#undef NO_HAN_UPPER
#undef NO_HAN_LOWER
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
      {" gpt-2 phi-2 exaone4 jais trillion ", {gpt2_pattern}},
      {" mpt olmo ", {gpt2_pattern}, true},
      {" smollm starcoder refact codeshell exaone ", {R"(\p{N})", gpt2_pattern}},
      {" command-r ", {R"(\p{N})", gpt2_pattern}, true},
      {" llama-bpe llama3 llama-v3 falcon3 lfm2 midm-2.0 ", {llama3_pattern}, false, true, true},
      {" dbrx smaug-bpe glm4 chatglm-bpe ", {llama3_pattern}},
      {" qwen2 deepseek-r1-qwen ", {qwen2_pattern}, true},
      // These two were published as tiktoken vocabularies, which look up whole words first.
      {" hunyuan stablelm2 ", {qwen2_pattern}, true, true},
      {" minicpm5 ", {R"(\p{N}{1,3})", minicpm5_pattern}, false, true},
      {" seed-coder ", {seed_coder_pattern}},
      {" bailingmoe bailingmoe2 llada-moe ", {bailing_pattern}},
      {" qwen35 ", {qwen35_pattern}},
      {" deepseek-llm ",
       {R"([\r\n])", deepseek_llm_words, deepseek_llm_punctuation, R"(\s+$)", deepseek_ideographs,
        R"(\p{N}+)"}},
      {" deepseek-v3 hunyuan-dense joyai-llm ",
       {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", deepseek3_words}},
      {" deepseek-coder ",
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", deepseek_ideographs, R"(\p{N})"}},
      {" gpt-4o minimax-m2 ", {gpt4o_pattern}},
      {" kimi-k2 ", {kimi_pattern}, false, true},
      {" llama4 ", {gpt4o_pattern}, false, true, true},
      {" tekken ", {tekken_pattern}, false, true, true},
      {" falcon ", {R"([\p{P}$+<=>\^~|`]+)", gpt2_pattern, "[0-9][0-9][0-9]"}},
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
