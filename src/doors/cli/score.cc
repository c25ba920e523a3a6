// freehold score: log-probabilities of a text, and what greedy decoding appends. The oracle.
#include "model/score.h"

#include <unistd.h>

#include "base/file.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/score_report.h"
#include "cli/verbs.h"
#include "hub/store.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace freehold::cli {
namespace {

constexpr std::size_t max_text_bytes = 16u << 20;

class ScoreVerb : public Command {
 public:
  void declare(Options& options) override {
    options.add("model", &model_, "MODEL", std::string(model_help) + "; default: pulled last")
        .short_name('m');
    options.add("tokens", &ids_, "IDS", "token ids with commas between them, used as they stand");
    options.add("text", &text_, "FILE", "text, tokenized as the model does; - is standard input");
    options.add("top", &score_.top, "K", "show the K likeliest at every place");
    options.add("greedy", &score_.greedy, "N", "append N tokens by greedy decoding");
    options.add("logits", &logits_, "FILE",
                "write all logits after every token: float32, little-endian, (tokens, vocabulary)");
    options.add("kv", &kv_, "TYPE", "type of the key-value cache").one_of(kv_type_names());
    options.add("threads", &threads_, "T", threads_help).short_name('t');
  }

  Result<int> run(const Context& context) override {
    if (ids_.empty() == text_.empty()) {
      return fail(ErrorCode::usage, "give either --tokens or --text", "freehold help score");
    }
    score_.kv_type = kv_type_named(kv_);
    std::vector<Token> ids;
    if (!ids_.empty()) ids = TRY(parse_ids(ids_));
    const auto path = TRY(find_model(context, model_));
    const auto checkpoint =
        std::make_shared<const formats::Checkpoint>(TRY(formats::Checkpoint::open(path)));
    ThreadPool pool(tuned_threads(context, threads_));
    const auto decoder =
        TRY(model::open_decoder(checkpoint, pool, hub::Store(context.home).packed_folder()));
    TRY(open_tokenizer(*checkpoint));
    if (ids_.empty()) ids = TRY(read_text());
    std::optional<FileReplacement> logits;
    if (!logits_.empty()) {
      const std::uint64_t bytes = sizeof(float) * ids.size() * decoder->recipe().vocabulary;
      logits.emplace(TRY_IN("--logits", FileReplacement::begin(logits_, bytes)));
      score_.each_logits = [&logits, written = std::uint64_t{0}](
                               std::span<const float> row) mutable -> Result<void> {
        TRY(logits->write(written, std::as_bytes(row)));
        written += row.size_bytes();
        return {};
      };
    }
    const model::Score score = TRY(model::score(*decoder, ids, score_));
    if (logits) TRY_IN("--logits", logits->commit());
    const text::Tokenizer* names = tokenizer_ ? &*tokenizer_ : nullptr;
    if (context.json) {
      print_json(score_json(model_, score, score_.greedy > 0, names));
    } else {
      print(score_text(score, names));
    }
    return 0;
  }

 private:
  // Ids need no tokenizer; a model without one scores them with empty texts.
  Result<void> open_tokenizer(const formats::Checkpoint& checkpoint) {
    auto opened = text::Tokenizer::open(checkpoint);
    if (opened) {
      tokenizer_.emplace(std::move(*opened));
    } else if (opened.error().code != ErrorCode::absent || !text_.empty()) {
      return fail(std::move(opened).error());
    }
    return {};
  }

  Result<std::vector<Token>> read_text() const {
    const std::string text =
        TRY_IN("--text", text_ == "-" ? read_descriptor(STDIN_FILENO, max_text_bytes)
                                      : read_file(text_, max_text_bytes));
    std::vector<Token> ids =
        tokenizer_->tokens(text, {.add_special = true, .parse_special = false});
    if (ids.empty()) return fail(ErrorCode::invalid, "--text: there is nothing to score");
    return ids;
  }

  std::string model_, ids_, text_, logits_, kv_ = "f32";
  model::ScoreOptions score_;
  std::uint32_t threads_ = 0;
  std::optional<text::Tokenizer> tokenizer_;
};

}  // namespace

const Verb score_verb = {"score", "Look inside",
                         "Show log-probabilities of a text, and what greedy decoding appends",
                         "  echo -n 'The sky is blue' | freehold score --text - --top 3\n"
                         "  freehold score --model model.gguf --tokens 1,2,3 --greedy 8 --json\n",
                         make_command<ScoreVerb>};

}  // namespace freehold::cli
