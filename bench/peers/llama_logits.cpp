// llama.cpp's logits for a window of tokens, for bench/peers/accuracy.py:
//   llama_logits MODEL f16|f32 THREADS OUTPUT < IDS
// IDS are token numbers with spaces between them; OUTPUT becomes float32 (tokens, vocabulary). One
// batch, one sequence, no flash attention: each value of the cache is read as it was stored.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "llama_logits: %s\n", why);
  std::exit(1);
}

llama_context* open(llama_model* model, bool exact_cache, int threads, std::size_t tokens) {
  llama_context_params settings = llama_context_default_params();
  settings.n_ctx = settings.n_batch = settings.n_ubatch = static_cast<uint32_t>(tokens);
  settings.n_threads = settings.n_threads_batch = threads;
  settings.type_k = settings.type_v = exact_cache ? GGML_TYPE_F32 : GGML_TYPE_F16;
  settings.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  llama_context* context = llama_init_from_model(model, settings);
  if (context == nullptr) give_up("no context");
  return context;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: MODEL f16|f32 THREADS OUTPUT");
  std::vector<llama_token> ids;
  for (llama_token id = 0; std::cin >> id;) ids.push_back(id);
  if (ids.empty()) give_up("no tokens");
  llama_backend_init();
  llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (model == nullptr) give_up("no model");
  llama_context* context = open(model, std::string(argv[2]) == "f32", std::atoi(argv[3]), ids.size());
  llama_batch batch = llama_batch_init(static_cast<int32_t>(ids.size()), 0, 1);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    batch.token[i] = ids[i];
    batch.pos[i] = static_cast<llama_pos>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  batch.n_tokens = static_cast<int32_t>(ids.size());
  if (llama_decode(context, batch) != 0) give_up("decoding failed");
  const auto vocabulary = static_cast<std::size_t>(llama_vocab_n_tokens(llama_model_get_vocab(model)));
  std::FILE* output = std::fopen(argv[4], "wb");
  if (output == nullptr) give_up("cannot write the output");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float* logits = llama_get_logits_ith(context, static_cast<int32_t>(i));
    if (std::fwrite(logits, sizeof *logits, vocabulary, output) != vocabulary) give_up("disk full");
  }
  return std::fclose(output);
}
