#include "text/gguf_pretokenizers.h"

#include <fmt/format.h>

#include <string>

namespace freehold::text {

const std::string_view gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

// GPT-4's: English contractions, words with one sign before them, numbers, punctuation with the
// line ends behind it, and spaces. Families differ in how they cut numbers.
std::string gpt4_pattern(std::string_view numbers) {
  return fmt::format(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{})"
                     R"(| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
                     numbers);
}

// The same with words in camel case cut before their capitals. `without` is taken from the letters,
// `contraction` may end a word, `ends` are what punctuation takes with it.
std::string camel_pattern(std::string_view without, std::string_view contraction,
                          std::string_view numbers, std::string_view ends) {
  const std::string upper = fmt::format(R"([\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{}])", without);
  const std::string lower = fmt::format(R"([\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{}])", without);
  constexpr std::string_view sign = R"([^\r\n\p{L}\p{N}]?)";
  return fmt::format(
      "{}{}*{}+{}|{}{}+{}*{}|{}"
      R"(| ?[^\s\p{{L}}\p{{N}}]+[{}]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      sign, upper, lower, contraction, sign, upper, lower, contraction, numbers, ends);
}

constexpr std::string_view digit = R"(\p{N})";
constexpr std::string_view three_digits = R"(\p{N}{1,3})";
constexpr std::string_view contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";

// Qwen 3.5: marks belong to words.
constexpr std::string_view qwen35_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N})"
    R"(| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

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

PretokenizerStep isolate(std::string pattern) {
  return {.kind = PretokenizerStep::Kind::split,
          .pattern = {std::move(pattern), true},
          .behavior = SplitBehavior::isolated};
}

struct Entry {
  std::string_view names;  // each between spaces
  std::vector<std::string> patterns;
  bool nfc = false;
  bool ignore_merges = false;
  bool add_bos = false;
};

const std::vector<Entry>& entries() {
  static const std::string gpt2(gpt2_pattern);
  static const std::string ideographs(deepseek_ideographs);
  static const std::string o200k = camel_pattern("", contraction, three_digits, R"(\r\n/)");
  static const std::vector<Entry> all = {
      {" gpt-2 phi-2 exaone4 jais trillion ", {gpt2}},
      {" mpt olmo ", {gpt2}, true},
      {" smollm starcoder refact codeshell exaone ", {std::string(digit), gpt2}},
      {" command-r ", {std::string(digit), gpt2}, true},
      {" llama-bpe llama3 llama-v3 falcon3 lfm2 midm-2.0 ",
       {gpt4_pattern(three_digits)},
       false,
       true,
       true},
      {" dbrx smaug-bpe glm4 chatglm-bpe ", {gpt4_pattern(three_digits)}},
      {" qwen2 deepseek-r1-qwen ", {gpt4_pattern(digit)}, true},
      // These two were published as tiktoken vocabularies, which look up whole words first.
      {" hunyuan stablelm2 ", {gpt4_pattern(digit)}, true, true},
      {" minicpm5 ", {std::string(three_digits), gpt4_pattern(R"(\p{N}+)")}, false, true},
      {" seed-coder ", {std::string(seed_coder_pattern)}},
      {" bailingmoe bailingmoe2 llada-moe ", {std::string(bailing_pattern)}},
      {" qwen35 ", {std::string(qwen35_pattern)}},
      {" deepseek-llm ",
       {R"([\r\n])", std::string(deepseek_llm_words), std::string(deepseek_llm_punctuation),
        R"(\s+$)", ideographs, R"(\p{N}+)"}},
      {" deepseek-v3 hunyuan-dense joyai-llm ",
       {std::string(three_digits), "[一-龥぀-ゟ゠-ヿ]+", std::string(deepseek3_words)}},
      {" deepseek-coder ",
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", ideographs, std::string(digit)}},
      {" gpt-4o minimax-m2 ", {o200k}},
      {" llama4 ", {o200k}, false, true, true},
      {" tekken ", {camel_pattern("", "", digit, R"(\r\n/)")}, false, true, true},
      // Kimi keeps Chinese apart from everything else.
      {" kimi-k2 ",
       {R"([\p{Han}]+|)" + camel_pattern(R"(&&[^\p{Han}])", contraction, three_digits, R"(\r\n)")},
       false,
       true},
      {" falcon ", {R"([\p{P}$+<=>\^~|`]+)", gpt2, "[0-9][0-9][0-9]"}},
      {" default ", {R"([\p{P}$+<=>\^~|]+)", gpt2, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
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
    for (const std::string& pattern : entry.patterns) result.steps.push_back(isolate(pattern));
    result.ignore_merges = entry.ignore_merges;
    result.add_bos = entry.add_bos;
    return result;
  }
  return std::nullopt;
}

}  // namespace freehold::text
