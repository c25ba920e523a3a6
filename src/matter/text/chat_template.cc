#include "text/chat_template.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace freehold::text {
namespace {

// The sources a model brings: one for all conversations, and maybe one for those with tools.
struct Sources {
  std::optional<std::string> plain;
  std::optional<std::string> with_tools;
  std::string origin;  // the file or key that they come from, for errors
};

// A "chat_template" of JSON: the source itself, or a list of {"name": …, "template": …}.
Result<void> read_member(const Value& value, std::string origin, Sources& sources) {
  sources.origin = std::move(origin);
  if (const auto* text = value.as_string()) {
    sources.plain = *text;
    return {};
  }
  const auto take = [&](std::string_view name, const Value* source) -> Result<void> {
    if (name != "default" && name != "tool_use") return {};
    if (source == nullptr || source->as_string() == nullptr) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: the template \"{}\" is no text", sources.origin, name));
    }
    (name == "default" ? sources.plain : sources.with_tools) = *source->as_string();
    return {};
  };
  if (const auto* list = value.as_list()) {
    for (const Value& entry : *list) {
      const Value* name = entry.find("name");
      if (name == nullptr || name->as_string() == nullptr) {
        return fail(ErrorCode::invalid, sources.origin + ": a template without a name");
      }
      TRY(take(*name->as_string(), entry.find("template")));
    }
  } else if (const auto* object = value.as_object()) {
    for (const auto& [name, source] : *object) TRY(take(name, &source));
  } else if (!value.is_null()) {
    return fail(ErrorCode::invalid, sources.origin + ": neither a text nor a list of templates");
  }
  return {};
}

// In the order in which transformers prefers them; GGUF keeps them in its metadata.
Result<Sources> find_sources(const formats::Checkpoint& checkpoint) {
  Sources sources;
  if (checkpoint.container() == formats::Container::gguf) {
    if (const Value* plain = checkpoint.metadata("tokenizer.chat_template")) {
      TRY(read_member(*plain, "tokenizer.chat_template", sources));
    }
    for (const std::string_view name : {"default", "tool_use"}) {
      const std::string key = fmt::format("tokenizer.chat_template.{}", name);
      const Value* named = checkpoint.metadata(key);
      if (named == nullptr || named->as_string() == nullptr) continue;
      auto& place = name == "default" ? sources.plain : sources.with_tools;
      if (!place) place = *named->as_string();
      if (sources.origin.empty()) sources.origin = key;
    }
    if (sources.plain || sources.with_tools) return sources;
  }
  if (auto text = TRY(checkpoint.sidecar_text("chat_template.jinja"))) {
    sources.plain = *std::move(text);
    sources.origin = "chat_template.jinja";
    return sources;
  }
  for (const std::string_view file : {"tokenizer_config.json", "chat_template.json"}) {
    const Value* content = TRY(checkpoint.sidecar_json(file));
    const Value* member = content == nullptr ? nullptr : content->find("chat_template");
    if (member == nullptr) continue;
    TRY(read_member(*member, fmt::format("{}: chat_template", file), sources));
    if (sources.plain || sources.with_tools) return sources;
  }
  return sources;
}

constexpr std::array special_names = {"bos_token", "eos_token", "unk_token", "sep_token",
                                      "pad_token", "cls_token", "mask_token"};

// What JSON files name as special tokens: a text, or an object with the text as "content".
Result<Object> special_tokens_of_files(const formats::Checkpoint& checkpoint) {
  Value tokens = Object{};
  for (const std::string_view file : {"special_tokens_map.json", "tokenizer_config.json"}) {
    const Value* content = TRY(checkpoint.sidecar_json(file));
    if (content == nullptr) continue;
    for (const char* name : special_names) {
      const Value* token = content->find(name);
      if (token != nullptr && token->as_object() != nullptr) token = token->find("content");
      if (token != nullptr && token->as_string() != nullptr) tokens.set(name, *token);
    }
  }
  return *tokens.as_object();
}

Object special_tokens_of(const Tokenizer& tokenizer) {
  Object tokens;
  if (const auto bos = tokenizer.bos()) tokens.emplace_back("bos_token", tokenizer.bytes(*bos));
  if (const auto eos = tokenizer.eos()) tokens.emplace_back("eos_token", tokenizer.bytes(*eos));
  return tokens;
}

// GGUF has the other special tokens only as ids.
void add_tokens_of_metadata(const formats::Checkpoint& checkpoint, const Tokenizer& tokenizer,
                            Object& tokens) {
  constexpr std::pair<const char*, const char*> keys[] = {
      {"unk_token", "tokenizer.ggml.unknown_token_id"},
      {"sep_token", "tokenizer.ggml.seperator_token_id"},  // spelled so in the format
      {"pad_token", "tokenizer.ggml.padding_token_id"},
      {"cls_token", "tokenizer.ggml.cls_token_id"},
      {"mask_token", "tokenizer.ggml.mask_token_id"}};
  for (const auto& [name, key] : keys) {
    const Value* value = checkpoint.metadata(key);
    const auto* id = value == nullptr ? nullptr : value->as_integer();
    if (id == nullptr || *id < 0 || static_cast<std::size_t>(*id) >= tokenizer.vocabulary()) {
      continue;
    }
    tokens.emplace_back(name, tokenizer.bytes(static_cast<Token>(*id)));
  }
}

// A message as transformers hands it on: without the members that are null, and with reasoning
// under each of the names that templates read.
Result<Value> normalize(const Value& message, std::size_t index) {
  const Object* members = message.as_object();
  if (members == nullptr) {
    return fail(ErrorCode::invalid, fmt::format("messages[{}] is not an object", index));
  }
  Value result = Object{};
  const Value* reasoning = nullptr;
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    const Value* value = message.find(name);
    if (reasoning == nullptr && value != nullptr && !value->is_null()) reasoning = value;
  }
  if (reasoning != nullptr) result.set("thinking", *reasoning);
  for (const auto& [name, value] : *members) {
    if (!value.is_null()) result.set(name, value);
  }
  if (reasoning != nullptr) result.set("reasoning_content", *reasoning);
  return result;
}

// Drops what a template puts behind the last message's text. Templates may have trimmed the text;
// its own white space at the end is kept where it can be found (as transformers does).
Result<void> end_within(const Value& last, std::string& rendered) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  const Value* content = last.find("content");
  const std::string* whole = content != nullptr ? content->as_string() : nullptr;
  const std::size_t begin = whole != nullptr ? whole->find_first_not_of(blanks) : std::string::npos;
  if (begin == std::string::npos) {
    return fail(ErrorCode::invalid, "the last message has no text that could be continued");
  }
  const std::string_view text = std::string_view(*whole).substr(begin);
  const std::size_t trimmed = text.find_last_not_of(blanks) + 1;
  const std::size_t at = rendered.rfind(text.substr(0, trimmed));
  if (at == std::string::npos) {
    return fail(ErrorCode::invalid,
                "the chat template changes the last message's text: it cannot be continued");
  }
  const bool untrimmed = std::string_view(rendered).substr(at).starts_with(text);
  rendered.resize(at + (untrimmed ? text.size() : trimmed));
  return {};
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, Template plain, std::optional<Template> with_tools,
                           Object special_tokens)
    : source_(std::move(source)),
      plain_(std::move(plain)),
      with_tools_(std::move(with_tools)),
      special_tokens_(std::move(special_tokens)) {}

Result<std::optional<ChatTemplate>> ChatTemplate::open(const formats::Checkpoint& checkpoint,
                                                       const Tokenizer& tokenizer) {
  Sources sources = TRY(find_sources(checkpoint));
  if (!sources.plain) sources.plain = std::exchange(sources.with_tools, std::nullopt);
  if (!sources.plain) return std::nullopt;
  Template plain = TRY_IN(sources.origin, Template::parse(*sources.plain));
  std::optional<Template> with_tools;
  if (sources.with_tools) {
    with_tools = TRY_IN(sources.origin + " (tool_use)", Template::parse(*sources.with_tools));
  }
  Object tokens = TRY(special_tokens_of_files(checkpoint));
  if (tokens.empty()) {
    tokens = special_tokens_of(tokenizer);
    add_tokens_of_metadata(checkpoint, tokenizer, tokens);
  }
  return ChatTemplate(*std::move(sources.plain), std::move(plain), std::move(with_tools),
                      std::move(tokens));
}

Result<ChatTemplate> ChatTemplate::from_source(std::string_view source,
                                               const Tokenizer* tokenizer) {
  Template plain = TRY(Template::parse(source));
  Object tokens;
  if (tokenizer != nullptr) tokens = special_tokens_of(*tokenizer);
  return ChatTemplate(std::string(source), std::move(plain), std::nullopt, std::move(tokens));
}

Result<std::string> ChatTemplate::render(const Chat& chat, std::int64_t now_unix_s) const {
  if (chat.messages.empty()) {
    return fail(ErrorCode::invalid, "a conversation needs at least one message");
  }
  List messages;
  for (std::size_t i = 0; i < chat.messages.size(); ++i) {
    messages.push_back(TRY(normalize(chat.messages[i], i)));
  }
  Value context = special_tokens_;
  context.set("documents", Value());
  for (const auto& [name, value] : chat.template_arguments) context.set(name, value);
  context.set("messages", std::move(messages));
  context.set("tools", chat.tools.empty() ? Value() : Value(chat.tools));
  context.set("add_generation_prompt", chat.add_generation_prompt && !chat.continue_final_message);
  const bool for_tools = !chat.tools.empty() && with_tools_.has_value();
  std::string text =
      TRY_IN("chat template",
             (for_tools ? *with_tools_ : plain_).render(*context.as_object(), now_unix_s));
  if (chat.continue_final_message) TRY(end_within(chat.messages.back(), text));
  return text;
}

}  // namespace freehold::text
