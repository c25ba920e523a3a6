// The second oracle: a decoder in double precision, without cache, threads, batches or tricks, that
// computes every position anew from the formulas. Reads Hugging Face checkpoints in f32. Shares no
// code with model and kernels: what is a slot there is a line here, found by the tensors that
// exist.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/sampling.h"

namespace freehold::golden {

class ReferenceDecoder {
 public:
  // The checkpoint must outlive the decoder. Believes it: only for fixtures.
  explicit ReferenceDecoder(const formats::Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  // Natural log-probabilities of every token after each position: (tokens, vocabulary).
  std::vector<std::vector<double>> logprobs(std::span<const Token> tokens) const;

 private:
  using Row = std::vector<double>;
  using Rows = std::vector<Row>;

  double number(const char* key, double otherwise) const;
  const Value* rope(const char* key) const;
  double rope_number(const char* key, double otherwise) const;

  const float* data(const std::string& name) const;           // nullptr when missing
  Row multiply(const std::string& name, const Row& x) const;  // weight * x + bias
  Row rms_norm(const std::string& name, std::span<const double> x) const;

  Row frequencies(std::size_t length) const;
  double attention_factor() const;
  void rotate(std::span<double> head, std::size_t position, const Row& frequencies) const;
  std::size_t window(std::size_t layer) const;  // 0: none

  Rows attention(const std::string& prefix, std::size_t layer, const Rows& x) const;
  Row gated(const std::string& prefix, const Row& x) const;
  Row experts(const std::string& prefix, const Row& x) const;

  const formats::Checkpoint& checkpoint_;
};

}  // namespace freehold::golden
