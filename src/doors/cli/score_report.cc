#include "cli/score_report.h"

#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "base/table.h"

namespace freehold::cli {
namespace {

List as_list(const std::vector<model::Scored>& scored) {
  List list;
  for (const model::Scored& one : scored) {
    list.push_back(Object{{"id", one.id}, {"logprob", one.logprob}});
  }
  return list;
}

std::string text_of(Token id, const text::Tokenizer* tokenizer) {
  return tokenizer != nullptr ? std::string(tokenizer->bytes(id)) : "";
}

}  // namespace

Result<std::vector<Token>> parse_ids(std::string_view list) {
  std::vector<Token> ids;
  while (true) {
    const std::string_view item = list.substr(0, list.find(','));
    Token id = 0;
    const auto [end, status] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (status != std::errc() || end != item.data() + item.size()) {
      return fail(ErrorCode::usage, fmt::format("--tokens: \"{}\" is not a token id", item));
    }
    ids.push_back(id);
    if (item.size() == list.size()) return ids;
    list.remove_prefix(item.size() + 1);
  }
}

Value score_json(const std::string& model, const model::Score& score, bool with_greedy,
                 const text::Tokenizer* tokenizer) {
  List tokens, greedy;
  for (const model::ScoredToken& token : score.tokens) {
    tokens.push_back(Object{{"id", token.id},
                            {"text", text_of(token.id, tokenizer)},
                            {"logprob", token.logprob ? Value(*token.logprob) : Value()},
                            {"top", as_list(token.top)}});
  }
  for (const Token id : score.greedy) greedy.emplace_back(id);
  Object document = {
      {"model", model}, {"tokens", std::move(tokens)}, {"next", as_list(score.next)}};
  if (with_greedy) document.emplace_back("greedy", std::move(greedy));
  return document;
}

std::string score_text(const model::Score& score, const text::Tokenizer* tokenizer) {
  Table table(
      {{"logprob", Table::Align::right}, {"id", Table::Align::right}, {"text"}, {"likeliest"}});
  for (const model::ScoredToken& token : score.tokens) {
    std::string likeliest;
    for (const model::Scored& other : token.top) {
      likeliest += fmt::format("{}{} {:.2f}", likeliest.empty() ? "" : ", ",
                               to_json(text_of(other.id, tokenizer)), other.logprob);
    }
    table.add({token.logprob ? fmt::format("{:.4f}", *token.logprob) : "", std::to_string(token.id),
               to_json(text_of(token.id, tokenizer)), likeliest});
  }
  std::string appended;
  for (const Token id : score.greedy) appended += text_of(id, tokenizer);
  if (score.greedy.empty()) return table.text();
  return table.text() + fmt::format("greedy: {}\n", to_json(appended));
}

}  // namespace freehold::cli
