#include "text/tokenizer_json_steps.h"

#include <fmt/format.h>

#include "text/gguf_pretokenizers.h"
#include "text/tokenizer_json_fields.h"
#include "text/vocabulary_builder.h"

namespace freehold::text {
namespace {

constexpr int deepest_sequence = 8;

std::unexpected<Error> unsupported(std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("{} is not supported", what));
}

// Calls `read` for the section, or for each of a Sequence, under the name that it has there.
template <class Read>
Result<void> for_each_step(const Value& section, std::string_view name, std::string_view members,
                           int depth, const Read& read) {
  if (section.is_null()) return {};
  const std::string type = TRY_IN(name, required_text(section, "type"));
  if (type != "Sequence") {
    TRY_IN(name, read(type, section));
    return {};
  }
  if (depth >= deepest_sequence) return unsupported(fmt::format("{}: this much nesting", name));
  const List* steps = TRY_IN(name, list_field(section, members));
  if (steps == nullptr) {
    return fail(ErrorCode::invalid, fmt::format("{}.{} is missing", name, members));
  }
  for (std::size_t i = 0; i < steps->size(); ++i) {
    TRY(for_each_step((*steps)[i], fmt::format("{}.{}[{}]", name, members, i), members, depth + 1,
                      read));
  }
  return {};
}

Result<TextPattern> read_pattern(const Value& step) {
  const Value* pattern = present(step, "pattern");
  if (pattern == nullptr) return fail(ErrorCode::invalid, "pattern is missing");
  if (pattern->as_string() != nullptr) return TextPattern{*pattern->as_string(), false};
  const bool is_regex = pattern->find("Regex") != nullptr;
  return TextPattern{TRY_IN("pattern", required_text(*pattern, is_regex ? "Regex" : "String")),
                     is_regex};
}

Result<SplitBehavior> read_behavior(const Value& step, std::string_view otherwise) {
  const std::string name = TRY(text_field(step, "behavior", otherwise));
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  return unsupported(fmt::format("behavior \"{}\"", name));
}

Result<NormalizerStep> read_normalizer_step(const std::string& type, const Value& step) {
  using Kind = NormalizerStep::Kind;
  if (type == "NFC") return NormalizerStep{.kind = Kind::nfc};
  if (type == "NFD") return NormalizerStep{.kind = Kind::nfd};
  if (type == "NFKC") return NormalizerStep{.kind = Kind::nfkc};
  if (type == "NFKD") return NormalizerStep{.kind = Kind::nfkd};
  if (type == "Lowercase") return NormalizerStep{.kind = Kind::lowercase};
  if (type == "StripAccents") return NormalizerStep{.kind = Kind::strip_accents};
  if (type == "Prepend") {
    return NormalizerStep{.kind = Kind::prepend, .content = TRY(required_text(step, "prepend"))};
  }
  if (type == "Replace") {
    return NormalizerStep{.kind = Kind::replace,
                          .pattern = TRY(read_pattern(step)),
                          .content = TRY(text_field(step, "content", ""))};
  }
  if (type == "Strip") {
    return NormalizerStep{.kind = Kind::strip,
                          .strip_left = TRY(bool_field(step, "strip_left", true)),
                          .strip_right = TRY(bool_field(step, "strip_right", true))};
  }
  return unsupported(fmt::format("the type \"{}\"", type));
}

PretokenizerStep split_at(std::string_view regex, SplitBehavior behavior, bool invert = false) {
  return {.kind = PretokenizerStep::Kind::split,
          .pattern = {std::string(regex), true},
          .behavior = behavior,
          .invert = invert};
}

Result<PretokenizerStep> read_metaspace(const Value& step) {
  using Prepend = PretokenizerStep::Prepend;
  PretokenizerStep result{.kind = PretokenizerStep::Kind::metaspace};
  result.content = TRY(text_field(step, "replacement", metaspace_mark));
  result.cut = TRY(bool_field(step, "split", true));
  const bool add = TRY(bool_field(step, "add_prefix_space", true));
  const std::string scheme = TRY(text_field(step, "prepend_scheme", add ? "always" : "never"));
  if (scheme == "always") {
    result.prepend = Prepend::always;
  } else if (scheme == "first") {
    result.prepend = Prepend::first;
  } else if (scheme == "never") {
    result.prepend = Prepend::never;
  } else {
    return unsupported(fmt::format("prepend_scheme \"{}\"", scheme));
  }
  if (result.content.empty()) return unsupported("an empty replacement");
  return result;
}

Result<PretokenizerStep> read_split(const std::string& type, const Value& step) {
  if (type == "Split") {
    return PretokenizerStep{.kind = PretokenizerStep::Kind::split,
                            .pattern = TRY(read_pattern(step)),
                            .behavior = TRY(read_behavior(step, "")),
                            .invert = TRY(bool_field(step, "invert", false))};
  }
  if (type == "Digits") {
    const bool single = TRY(bool_field(step, "individual_digits", false));
    return split_at(R"(\p{N})", single ? SplitBehavior::isolated : SplitBehavior::contiguous);
  }
  if (type == "Punctuation") {
    return split_at(R"([\p{P}!-\/:-@\[-`{-~])", TRY(read_behavior(step, "Isolated")));
  }
  if (type == "Whitespace") return split_at(R"(\w+|[^\w\s]+)", SplitBehavior::removed, true);
  if (type == "WhitespaceSplit") return split_at(R"(\s)", SplitBehavior::removed);
  if (type == "Metaspace") return read_metaspace(step);
  return unsupported(fmt::format("the type \"{}\"", type));
}

Result<void> read_byte_level(const Value& step, PretokenizerSection& result) {
  result.byte_level = true;
  if (TRY(bool_field(step, "add_prefix_space", true))) {
    result.steps.push_back({.kind = PretokenizerStep::Kind::prefix, .content = " "});
  }
  if (TRY(bool_field(step, "use_regex", true))) {
    result.steps.push_back(split_at(gpt2_pattern, SplitBehavior::isolated));
  }
  return {};
}

// Decoder: {"type": "Strip", "content": " ", "start": 1, "stop": 0}.
Result<void> read_strip_decoder(const Value& step, DecoderSection& result) {
  const std::string content = TRY(required_text(step, "content"));
  const Value* start = present(step, "start");
  const Value* stop = present(step, "stop");
  const bool one_space = content == " " && start != nullptr && start->number_or(0) == 1 &&
                         (stop == nullptr || stop->number_or(1) == 0);
  if (!one_space) return unsupported("a Strip that is not one leading space");
  result.drops_leading_space = true;
  return {};
}

Result<Token> template_token(const Value& item, const Value& section, std::size_t vocabulary) {
  const std::string name = TRY(required_text(item, "id"));
  const Value* tokens = present(section, "special_tokens");
  const Value* entry = tokens == nullptr ? nullptr : tokens->find(name);
  const List* ids = entry == nullptr ? nullptr : TRY(list_field(*entry, "ids"));
  if (ids == nullptr || ids->size() != 1) {
    return fail(ErrorCode::invalid,
                fmt::format("special_tokens has no single id for \"{}\"", name));
  }
  return token_in(ids->front(), fmt::format("special_tokens[\"{}\"].ids[0]", name), vocabulary);
}

Result<void> read_template(const Value& section, std::size_t vocabulary,
                           PostprocessorSection& result) {
  const List* items = TRY(list_field(section, "single"));
  if (items == nullptr) return fail(ErrorCode::invalid, "single is missing");
  bool behind = false;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string context = fmt::format("single[{}]", i);
    if (const Value* item = present((*items)[i], "SpecialToken")) {
      auto& side = behind ? result.epilogue : result.prologue;
      side.push_back(TRY_IN(context, template_token(*item, section, vocabulary)));
    } else if (present((*items)[i], "Sequence") != nullptr && !behind) {
      behind = true;
    } else {
      return unsupported(context);
    }
  }
  if (!behind) return fail(ErrorCode::invalid, "single does not contain the text");
  return {};
}

// {"cls": ["<s>", 0], "sep": ["</s>", 2]}
Result<void> read_cls_sep(const Value& section, std::size_t vocabulary,
                          PostprocessorSection& result) {
  for (const char* name : {"cls", "sep"}) {
    const List* pair = TRY(list_field(section, name));
    if (pair == nullptr || pair->size() != 2) {
      return fail(ErrorCode::invalid, fmt::format("{} is no pair of name and id", name));
    }
    const Token id = TRY(token_in((*pair)[1], name, vocabulary));
    (std::string_view(name) == "cls" ? result.prologue : result.epilogue).push_back(id);
  }
  return {};
}

}  // namespace

Result<std::vector<NormalizerStep>> read_normalizer(const Value& section) {
  std::vector<NormalizerStep> steps;
  TRY(for_each_step(section, "normalizer", "normalizers", 0,
                    [&](const std::string& type, const Value& step) -> Result<void> {
                      steps.push_back(TRY(read_normalizer_step(type, step)));
                      return {};
                    }));
  return steps;
}

Result<PretokenizerSection> read_pretokenizer(const Value& section) {
  PretokenizerSection result;
  TRY(for_each_step(section, "pre_tokenizer", "pretokenizers", 0,
                    [&](const std::string& type, const Value& step) -> Result<void> {
                      // What follows would see the bytes' letters, not the text.
                      if (result.byte_level) return unsupported("a step behind ByteLevel");
                      if (type == "ByteLevel") return read_byte_level(step, result);
                      result.steps.push_back(TRY(read_split(type, step)));
                      return {};
                    }));
  return result;
}

Result<DecoderSection> read_decoder(const Value& section) {
  DecoderSection result;
  TRY(for_each_step(
      section, "decoder", "decoders", 0,
      [&](const std::string& type, const Value& step) -> Result<void> {
        if (type == "ByteLevel") {
          result.byte_level = true;
        } else if (type == "ByteFallback") {
          result.byte_fallback = true;
        } else if (type == "Replace") {
          const TextPattern what = TRY(read_pattern(step));
          if (what.is_regex) return unsupported("a Replace by regular expression");
          result.replacements.emplace_back(what.text, TRY(text_field(step, "content", "")));
        } else if (type == "Strip") {
          return read_strip_decoder(step, result);
        } else if (type == "Metaspace") {
          const PretokenizerStep metaspace = TRY(read_metaspace(step));
          result.replacements.emplace_back(metaspace.content, " ");
          result.drops_leading_space = metaspace.prepend != PretokenizerStep::Prepend::never;
        } else if (type != "Fuse") {
          return unsupported(fmt::format("the type \"{}\"", type));
        }
        return {};
      }));
  return result;
}

Result<PostprocessorSection> read_postprocessor(const Value& section, std::size_t vocabulary) {
  PostprocessorSection result;
  TRY(for_each_step(section, "post_processor", "processors", 0,
                    [&](const std::string& type, const Value& step) -> Result<void> {
                      if (type == "TemplateProcessing") {
                        return read_template(step, vocabulary, result);
                      }
                      if (type == "BertProcessing" || type == "RobertaProcessing") {
                        return read_cls_sep(step, vocabulary, result);
                      }
                      if (type == "ByteLevel") return {};  // only trims offsets
                      return unsupported(fmt::format("the type \"{}\"", type));
                    }));
  return result;
}

}  // namespace freehold::text
