// POST /tokenize: text or a conversation as tokens. Understands two servers' bodies: with `content`
// llama.cpp's, with `prompt` or `messages` vLLM's; each is answered in its own shape.
#include "base/json.h"
#include "server/chat_request.h"
#include "server/endpoints.h"
#include "server/value_answer.h"

namespace freehold::server {
namespace {

constexpr Field fields[] = {
    {"model", FieldKind::string, 0, 0, "what /v1/models lists; may be left out when it is one"},
    {"prompt", FieldKind::string, 0, 0, "a text, as vLLM names it"},
    {"messages", FieldKind::list, 1, 16384, "or a conversation"},
    {"add_special_tokens", FieldKind::boolean, 0, 0,
     "add what the tokenizer adds (BOS): to a prompt unless false"},
    {"return_token_strs", FieldKind::boolean, 0, 0, "also say what each token stands for"},
    {"content", FieldKind::string, 0, 0, "a text, as llama.cpp names it"},
    {"add_special", FieldKind::boolean, 0, 0, "add what the tokenizer adds (BOS): only if true"},
    {"parse_special", FieldKind::boolean, 0, 0,
     "read names of special tokens as these tokens: unless false"},
    {"with_pieces", FieldKind::boolean, 0, 0, "tokens as objects of id and piece"},
};

List numbers(const std::vector<Token>& tokens) {
  return List(tokens.begin(), tokens.end());
}

// A piece that is no text of its own, which JSON would repair, is told as its bytes.
Value piece_value(const std::string& piece) {
  if (parse_json(to_json(piece)) == Value(piece)) return piece;
  List bytes;
  for (const char c : piece) bytes.emplace_back(static_cast<int>(static_cast<unsigned char>(c)));
  return bytes;
}

struct Wish {
  bool add_special_tokens, return_token_strs;    // vLLM's
  bool add_special, parse_special, with_pieces;  // llama.cpp's
};

Result<Value> llama_cpp_answer(const Generator& generator, const std::string& content,
                               const Wish& wish) {
  const auto tokens = TRY(generator.tokenize_text(content, wish.add_special, wish.parse_special));
  if (!wish.with_pieces) return Object{{"tokens", numbers(tokens)}};
  const auto pieces = TRY(generator.pieces(tokens));
  List list;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    list.push_back(Object{{"id", tokens[i]}, {"piece", piece_value(pieces[i])}});
  }
  return Object{{"tokens", std::move(list)}};
}

Result<Value> vllm_answer(const Generator& generator, Result<std::vector<Token>> tokenized,
                          const Wish& wish) {
  const auto tokens = TRY(std::move(tokenized));
  Value strings;
  if (wish.return_token_strs) {
    const auto pieces = TRY(generator.pieces(tokens));
    strings = List(pieces.begin(), pieces.end());
  }
  return Object{{"count", tokens.size()},
                {"max_model_len", generator.card().context_length},
                {"tokens", numbers(tokens)},
                {"token_strs", std::move(strings)}};
}

// As they would be computed; what `add_special_tokens` says is heard only when it is said, for
// templates mostly write BOS themselves.
Result<std::vector<Token>> conversation_tokens(const Generator& generator, const Chat& chat,
                                               const Value* add_special) {
  const bool* add = add_special != nullptr ? add_special->as_bool() : nullptr;
  if (add == nullptr) return generator.tokenize(chat);
  return generator.tokenize_text(TRY(generator.render(chat)), *add, true);
}

Parsed<Value> answer(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  FieldReader reader(body, {fields});
  const std::string model = reader.string("model");
  const Wish wish{.add_special_tokens = reader.boolean("add_special_tokens", true),
                  .return_token_strs = reader.boolean("return_token_strs", false),
                  .add_special = reader.boolean("add_special", false),
                  .parse_special = reader.boolean("parse_special", true),
                  .with_pieces = reader.boolean("with_pieces", false)};
  const std::string prompt = reader.string("prompt");
  const std::string content = reader.string("content");
  const bool conversation = reader.list("messages") != nullptr;
  TRY(reader.verdict());
  const Generator& generator = *TRY(service.find(model));
  Result<Value> said = Value();
  if (conversation) {
    const ChatRequest chat = TRY(parse_chat_request(body));
    said = vllm_answer(generator,
                       conversation_tokens(generator, chat.chat, body.find("add_special_tokens")),
                       wish);
  } else if (body.find("prompt") != nullptr) {
    said = vllm_answer(generator, generator.tokenize_text(prompt, wish.add_special_tokens, true),
                       wish);
  } else if (body.find("content") != nullptr) {
    said = llama_cpp_answer(generator, content, wish);
  } else {
    return fail(invalid_field("prompt", "one of 'prompt', 'messages' and 'content' is needed"));
  }
  if (!said) return fail(from_error(said.error()));
  return *std::move(said);
}

}  // namespace

Route tokenize_route(Service& service) {
  return {.method = "POST",
          .pattern = "/tokenize",
          .summary = "Text or a conversation as tokens",
          .handler = value_handler(service, answer),
          .request_schema = schema_of({fields}, {}),
          .answer_schema = {{"$ref", "#/components/schemas/Tokens"}}};
}

}  // namespace freehold::server
