// freehold tokenize: text to tokens and back, as the model's tokenizer does it.
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/table.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "text/tokenizer.h"

namespace freehold::cli {
namespace {

constexpr std::size_t max_input_bytes = 64u << 20;

class Tokenize : public Command {
 public:
  void declare(Options& options) override {
    options.add("model", &model_, "MODEL", model_help).short_name('m');
    options.flag("no-special", no_special_, "add no BOS or EOS");
    options.flag("parse-special", parse_special_, "read <|names|> in the text as special tokens");
    options.flag("decode", decode_, "the other way: a JSON list of ids on standard input to text");
  }

  Result<int> run(const Context& context) override {
    const auto path = TRY(find_model(context, model_));
    const auto checkpoint = TRY(formats::Checkpoint::open(path));
    const auto tokenizer = TRY(text::Tokenizer::open(checkpoint));
    const std::string input =
        TRY_IN("standard input", read_descriptor(STDIN_FILENO, max_input_bytes));
    if (decode_) return print_text(tokenizer, input, context.json);
    const auto pieces =
        tokenizer.encode(input, {.add_special = !no_special_, .parse_special = parse_special_});
    if (context.json) {
      print_json(as_json(tokenizer, pieces));
    } else {
      print_table(tokenizer, pieces);
    }
    return 0;
  }

 private:
  static Value as_json(const text::Tokenizer& tokenizer, const std::vector<text::Piece>& pieces) {
    List ids, tokens;
    for (const text::Piece& piece : pieces) {
      ids.emplace_back(piece.id);
      tokens.emplace_back(Object{{"id", piece.id},
                                 {"text", std::string(tokenizer.bytes(piece.id))},
                                 {"start", std::uint64_t{piece.start}},
                                 {"end", std::uint64_t{piece.end}}});
    }
    return Object{{"ids", std::move(ids)}, {"tokens", std::move(tokens)}};
  }

  static void print_table(const text::Tokenizer& tokenizer,
                          const std::vector<text::Piece>& pieces) {
    Table table({{"id", Table::Align::right}, {"bytes", Table::Align::right}, {"text"}});
    for (const text::Piece& piece : pieces) {
      table.add({std::to_string(piece.id), fmt::format("{}-{}", piece.start, piece.end),
                 to_json(std::string(tokenizer.bytes(piece.id)))});
    }
    print(table.text() + fmt::format("{} tokens\n", pieces.size()));
  }

  static Result<int> print_text(const text::Tokenizer& tokenizer, const std::string& input,
                                bool json) {
    const Value ids = TRY_IN("standard input", parse_json(input));
    const List* list = ids.as_list();
    if (list == nullptr) return fail(ErrorCode::invalid, "standard input: not a JSON list of ids");
    std::vector<Token> tokens;
    for (const Value& id : *list) {
      const std::int64_t* number = id.as_integer();
      if (number == nullptr || *number < 0 ||
          static_cast<std::uint64_t>(*number) >= tokenizer.vocabulary()) {
        return fail(ErrorCode::invalid, fmt::format("standard input: {} is not an id below {}",
                                                    to_json(id), tokenizer.vocabulary()));
      }
      tokens.push_back(static_cast<Token>(*number));
    }
    const std::string text = tokenizer.decode(tokens);
    if (json) {
      print_json(Object{{"text", text}});
    } else {
      print(text);
    }
    return 0;
  }

  std::string model_;
  bool no_special_ = false;
  bool parse_special_ = false;
  bool decode_ = false;
};

}  // namespace

const Verb tokenize_verb = {
    "tokenize", "Look inside", "Turn text into a model's tokens, or tokens into text",
    "  echo -n 'Hello' | freehold tokenize --model smollm2-135m-instruct\n"
    "  echo '[19556]' | freehold tokenize --decode --model smollm2-135m-instruct\n",
    make_command<Tokenize>};

}  // namespace freehold::cli
