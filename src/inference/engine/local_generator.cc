#include "engine/local_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/log.h"
#include "engine/cache_size.h"
#include "engine/constraints.h"
#include "engine/generation_defaults.h"
#include "model/model.h"
#include "text/answer_format.h"
#include "text/detokenizer.h"

namespace freehold::engine {
namespace {

// The model's own tokenizer as the speller of one answer. Special tokens are told, never shown, but
// for those by which an answer is taken apart.
class TokenizerSpeller : public Speller {
 public:
  // `format` may be nullptr: the answer is not taken apart.
  TokenizerSpeller(const text::Tokenizer& tokenizer, const text::AnswerFormat* format,
                   bool at_start)
      : tokenizer_(tokenizer), format_(format), detokenizer_(tokenizer, at_start) {}

  std::string add(Token token) override {
    if (!tokenizer_.is_special(token)) return detokenizer_.add(token);
    const std::string_view name = tokenizer_.bytes(token);
    return format_ != nullptr && text::is_mark(*format_, name) ? std::string(name) : std::string();
  }
  std::string finish() override { return detokenizer_.finish(); }
  std::string_view bytes(Token token) const override { return tokenizer_.bytes(token); }

 private:
  const text::Tokenizer& tokenizer_;
  const text::AnswerFormat* format_;
  text::Detokenizer detokenizer_;
};

std::string default_name(const std::filesystem::path& path) {
  const std::filesystem::path name =
      path.has_filename() ? path.filename() : path.parent_path().filename();
  return name.extension() == ".gguf" ? name.stem().string() : name.string();
}

std::int64_t written_unix_s(const std::filesystem::path& path) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

ModelCard describe(const formats::Checkpoint& checkpoint, const model::Recipe& recipe,
                   std::uint32_t context_length, const std::string& name) {
  ModelCard card{.name = name.empty() ? default_name(checkpoint.path()) : name,
                 .architecture = recipe.architecture,
                 .context_length = context_length,
                 .created_unix_s = written_unix_s(checkpoint.path())};
  std::map<DType, std::uint64_t> bytes_of_type;
  for (const NamedTensor& tensor : checkpoint.tensors()) {
    card.parameters += tensor.view.elements();
    card.bytes += tensor.bytes;
    bytes_of_type[tensor.view.type] += tensor.bytes;
  }
  const auto most = std::ranges::max_element(
      bytes_of_type, {}, [](const auto& type_and_bytes) { return type_and_bytes.second; });
  if (most != bytes_of_type.end()) card.quantization = traits(most->first).name;
  return card;
}

Result<std::optional<text::Tokenizer>> open_tokenizer(const formats::Checkpoint& checkpoint) {
  auto tokenizer = text::Tokenizer::open(checkpoint);
  if (tokenizer) return std::move(*tokenizer);
  if (tokenizer.error().code == ErrorCode::absent) return std::nullopt;
  return fail(std::move(tokenizer).error());
}

std::unexpected<Error> no_tokenizer(std::string_view wish) {
  return fail(ErrorCode::invalid, fmt::format("the model has no tokenizer: {}", wish),
              "send the prompt as tokens");
}

}  // namespace

// In the order of dependence: the engine ends before what it works with.
struct LocalGenerator::Parts {
  explicit Parts(const LocalOptions& options)
      : pool(options.threads, options.pin_threads ? Pinning::on : Pinning::off) {}

  const Clock* clock = nullptr;
  std::shared_ptr<const formats::Checkpoint> checkpoint;
  ThreadPool pool;
  std::unique_ptr<model::Decoder> decoder;
  std::optional<text::Tokenizer> tokenizer;
  std::optional<text::ChatTemplate> chat_template;
  const text::AnswerFormat* answer_format = nullptr;  // of the chat template
  GenerationDefaults defaults;
  std::vector<Token> end_tokens;
  ModelCard card;
  std::unique_ptr<Constraints> constraints;  // with a tokenizer only
  std::unique_ptr<Engine> engine;

  Result<void> open_text();
  Result<void> open_engine(const LocalOptions& options);
  bool is_text_free(std::span<const Token> tokens) const;
};

Result<void> LocalGenerator::Parts::open_text() {
  const std::size_t vocabulary = decoder->recipe().vocabulary;
  tokenizer = TRY(open_tokenizer(*checkpoint));
  if (tokenizer) chat_template = TRY(text::ChatTemplate::open(*checkpoint, *tokenizer));
  if (chat_template) answer_format = &text::answer_format_of(chat_template->source());
  defaults = TRY(read_generation_defaults(*checkpoint, vocabulary));
  end_tokens = defaults.end_tokens;
  if (tokenizer) {
    const std::span<const Token> own = tokenizer->end_tokens();
    end_tokens.insert(end_tokens.end(), own.begin(), own.end());
    constraints = std::make_unique<Constraints>(*tokenizer, vocabulary, end_tokens);
  }
  return {};
}

Result<void> LocalGenerator::Parts::open_engine(const LocalOptions& options) {
  const model::Recipe& recipe = decoder->recipe();
  const CacheWish wish{.context_length = options.context_length,
                       .sequences = options.max_sequences,
                       .kv_bytes = options.kv_bytes,
                       .type = options.kv_type};
  const CacheSize size =
      TRY(size_cache(recipe, wish, weights_bytes(*checkpoint), free_memory_bytes()));
  if (options.context_length == 0 && size.context_length < recipe.context_length) {
    log::warning("engine.context_reduced",
                 {{"model", recipe.context_length}, {"memory_allows", size.context_length}});
  }
  auto cache = TRY(model::KvCache::make(recipe, options.kv_type, size.blocks));
  EngineOptions engine_options{
      .context_length = size.context_length, .queue = options.max_queue, .scheduler = {}};
  engine_options.scheduler.running = options.max_sequences;
  engine = std::make_unique<Engine>(*decoder, std::move(cache), engine_options, *clock);
  card = describe(*checkpoint, recipe, size.context_length, options.name);
  log::info(
      "engine.cache",
      {{"model", card.name},
       {"positions", std::uint64_t{size.blocks} * model::KvCache::block_positions},
       {"mebibytes", size.blocks * model::KvCache::bytes_per_block(recipe, wish.type) >> 20}});
  engine->start();
  return {};
}

// Whether the answer's text begins the whole text: nothing but special tokens before it.
bool LocalGenerator::Parts::is_text_free(std::span<const Token> tokens) const {
  return std::ranges::all_of(tokens, [&](Token token) { return tokenizer->is_special(token); });
}

LocalGenerator::LocalGenerator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LocalGenerator::~LocalGenerator() = default;

Result<std::unique_ptr<LocalGenerator>> LocalGenerator::open(const std::filesystem::path& path,
                                                             const LocalOptions& options,
                                                             const Clock& clock) {
  auto parts = std::make_unique<Parts>(options);
  parts->clock = &clock;
  parts->checkpoint =
      std::make_shared<const formats::Checkpoint>(TRY(formats::Checkpoint::open(path)));
  parts->decoder = TRY(model::open_decoder(parts->checkpoint, parts->pool, options.packed_folder));
  TRY(parts->open_text());
  TRY(parts->open_engine(options));
  return std::unique_ptr<LocalGenerator>(new LocalGenerator(std::move(parts)));
}

const ModelCard& LocalGenerator::card() const {
  return parts_->card;
}

std::optional<GeneratorStatus> LocalGenerator::status() const {
  return parts_->engine->status();
}

const text::Tokenizer* LocalGenerator::tokenizer() const {
  return parts_->tokenizer ? &*parts_->tokenizer : nullptr;
}

Result<std::string> LocalGenerator::render(const Chat& chat) const {
  if (!parts_->chat_template) {
    return fail(ErrorCode::invalid,
                fmt::format("the model {} has no chat template", parts_->card.name),
                "send the prompt as text, in the form that the model was trained on");
  }
  return parts_->chat_template->render(chat, parts_->clock->unix_time_s());
}

Result<std::vector<Token>> LocalGenerator::tokenize(const Prompt& prompt) const {
  if (const auto* tokens = std::get_if<std::vector<Token>>(&prompt)) return *tokens;
  const text::Tokenizer* own = tokenizer();
  if (own == nullptr) return no_tokenizer("it cannot read text");
  if (const auto* text = std::get_if<std::string>(&prompt)) {
    return own->tokens(*text, {.add_special = true, .parse_special = true});
  }
  return tokenize_rendered(TRY(render(std::get<Chat>(prompt))));
}

Result<std::vector<Token>> LocalGenerator::tokenize_text(std::string_view text, bool add_special,
                                                         bool parse_special) const {
  const text::Tokenizer* own = tokenizer();
  if (own == nullptr) return no_tokenizer("it cannot read text");
  return own->tokens(text, {.add_special = add_special, .parse_special = parse_special});
}

Result<std::string> LocalGenerator::detokenize(std::span<const Token> tokens) const {
  TRY(check_vocabulary(tokens));
  return tokenizer()->decode(tokens);
}

Result<std::vector<std::string>> LocalGenerator::pieces(std::span<const Token> tokens) const {
  TRY(check_vocabulary(tokens));
  std::vector<std::string> pieces;
  pieces.reserve(tokens.size());
  for (const Token token : tokens) pieces.emplace_back(tokenizer()->bytes(token));
  return pieces;
}

// Whether a tokenizer is there that knows all of these.
Result<void> LocalGenerator::check_vocabulary(std::span<const Token> tokens) const {
  const text::Tokenizer* own = tokenizer();
  if (own == nullptr) return no_tokenizer("it cannot spell tokens");
  for (const Token token : tokens) {
    if (token >= 0 && static_cast<std::size_t>(token) < own->vocabulary()) continue;
    return fail(ErrorCode::invalid, fmt::format("token {} is not in the vocabulary of {} tokens",
                                                token, own->vocabulary()));
  }
  return {};
}

// What a template renders holds its special tokens already.
std::vector<Token> LocalGenerator::tokenize_rendered(std::string_view text) const {
  const text::Tokenizer* own = tokenizer();
  const bool has_bos = own->bos() && text.starts_with(own->bytes(*own->bos()));
  auto pieces = own->encode(text, {.add_special = !has_bos, .parse_special = true});
  // An end-of-text token that the tokenizer adds would close the turn that is to be continued.
  while (!pieces.empty() && pieces.back().start == pieces.back().end && pieces.size() > 1) {
    pieces.pop_back();
  }
  std::vector<Token> tokens;
  for (const text::Piece& piece : pieces) tokens.push_back(piece.id);
  return tokens;
}

Result<std::unique_ptr<Ticket>> LocalGenerator::start(Request request, Listener listener) {
  const std::size_t vocabulary = parts_->decoder->recipe().vocabulary;
  std::unique_ptr<text::AnswerReader> reader;
  std::vector<Token> prompt;
  Thinking thinking;
  const bool constrained = !std::holds_alternative<std::monostate>(request.constraint);
  if (Chat* chat = std::get_if<Chat>(&request.prompt); chat != nullptr && tokenizer() != nullptr) {
    const std::string text = TRY(render(*chat));
    const text::AnswerFormat& format = *parts_->answer_format;
    prompt = tokenize_rendered(text);
    if (constrained) thinking = thinking_after(text, format, *tokenizer(), *chat);
    // What must have a form of its own is no call of a tool.
    reader = std::make_unique<text::AnswerReader>(
        format, constrained ? List{} : std::move(chat->tools), text::ends_in_thought(text, format));
  } else {
    prompt = TRY(tokenize(request.prompt));
  }
  Submission submission{
      .prompt = std::move(prompt),
      .sampling = TRY(resolve(request.sampling, parts_->defaults.sampling, vocabulary)),
      .stop = TRY(resolve(request.stop, parts_->end_tokens)),
      .speller = {},
      .echo_prompt_logprobs = request.echo_prompt_logprobs,
      .cache_salt = std::move(request.cache_salt)};
  if (constrained) {
    if (tokenizer() == nullptr) return no_tokenizer("it cannot keep an answer to a form");
    submission.guide = TRY(parts_->constraints->guide(request.constraint, std::move(thinking)));
  }
  if (const text::Tokenizer* own = tokenizer(); own != nullptr) {
    submission.speller = std::make_unique<TokenizerSpeller>(
        *own, reader ? parts_->answer_format : nullptr, parts_->is_text_free(submission.prompt));
    submission.reader = std::move(reader);
  } else if (!request.stop.strings.empty()) {
    return no_tokenizer("it cannot find stop strings");
  }
  return parts_->engine->submit(std::move(submission), std::move(listener));
}

}  // namespace freehold::engine
