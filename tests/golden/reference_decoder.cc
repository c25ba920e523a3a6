#include "golden/reference_decoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace freehold::golden {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

void softmax(std::span<double> x) {
  const double most = *std::ranges::max_element(x);
  double sum = 0;
  for (double& each : x) sum += each = std::exp(each - most);
  for (double& each : x) each /= sum;
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

void add(std::vector<double>& sum, const std::vector<double>& x, double scale = 1) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += scale * x[i];
}

}  // namespace

double ReferenceDecoder::number(const char* key, double otherwise) const {
  const Value* value = checkpoint_.metadata(key);
  return value == nullptr ? otherwise : value->number_or(otherwise);
}

const Value* ReferenceDecoder::rope(const char* key) const {
  for (const char* holder : {"rope_scaling", "rope_parameters"}) {
    const Value* parameters = checkpoint_.metadata(holder);
    if (parameters != nullptr && parameters->find(key) != nullptr) return parameters->find(key);
  }
  return nullptr;
}

double ReferenceDecoder::rope_number(const char* key, double otherwise) const {
  const Value* value = rope(key);
  return value == nullptr ? otherwise : value->number_or(otherwise);
}

const float* ReferenceDecoder::data(const std::string& name) const {
  const NamedTensor* tensor = checkpoint_.find(name);
  return tensor == nullptr ? nullptr : reinterpret_cast<const float*>(tensor->view.data);
}

ReferenceDecoder::Row ReferenceDecoder::multiply(const std::string& name, const Row& x) const {
  const float* weight = data(name + ".weight");
  const float* bias = data(name + ".bias");
  Row y(checkpoint_.find(name + ".weight")->view.shape[0]);
  for (std::size_t r = 0; r < y.size(); ++r) {
    y[r] = bias == nullptr ? 0 : bias[r];
    for (std::size_t c = 0; c < x.size(); ++c) y[r] += weight[r * x.size() + c] * x[c];
  }
  return y;
}

ReferenceDecoder::Row ReferenceDecoder::rms_norm(const std::string& name,
                                                 std::span<const double> x) const {
  const float* weight = data(name + ".weight");
  double squares = 0;
  for (const double each : x) squares += each * each;
  const double root =
      std::sqrt(squares / static_cast<double>(x.size()) + number("rms_norm_eps", 1e-6));
  Row y(x.begin(), x.end());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] *= weight[i] / root;
  return y;
}

// Radians per position of each pair, for a prompt of `length` tokens.
ReferenceDecoder::Row ReferenceDecoder::frequencies(std::size_t length) const {
  const Value* named = rope("rope_type") != nullptr ? rope("rope_type") : rope("type");
  const std::string kind = named == nullptr ? "default" : *named->as_string();
  const double context = number("max_position_embeddings", 0);
  const double original = rope_number("original_max_position_embeddings", context);
  const double factor = rope_number("factor", context / original);
  const double d = number("head_dim", number("hidden_size", 0) / number("num_attention_heads", 1));
  double base = rope_number("rope_theta", number("rope_theta", 10000));
  if (kind == "dynamic" && static_cast<double>(length) > context) {
    base *= std::pow(factor * static_cast<double>(length) / context - (factor - 1), d / (d - 2));
  }
  const auto pair_turning = [&](double times) {
    return d * std::log(original / (times * two_pi)) / (2 * std::log(base));
  };
  double low = pair_turning(rope_number("beta_fast", 32));
  double high = pair_turning(rope_number("beta_slow", 1));
  if (rope("truncate") == nullptr || *rope("truncate")->as_bool()) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;
  Row result;
  for (double i = 0; i < d / 2; ++i) {
    double frequency = 1 / std::pow(base, 2 * i / d);
    if (kind == "linear") frequency /= factor;
    if (kind == "yarn") {
      const double ramp = std::clamp((i - low) / (high - low), 0.0, 1.0);
      frequency = frequency / factor * ramp + frequency * (1 - ramp);
    }
    if (kind == "llama3") {
      const double slow = rope_number("low_freq_factor", 1),
                   fast = rope_number("high_freq_factor", 4);
      const double wavelength = two_pi / frequency;
      const double smooth = (original / wavelength - slow) / (fast - slow);
      if (wavelength > original / slow) {
        frequency /= factor;
      } else if (wavelength >= original / fast) {
        frequency = (1 - smooth) * frequency / factor + smooth * frequency;
      }
    }
    result.push_back(frequency);
  }
  return result;
}

double ReferenceDecoder::attention_factor() const {
  const Value* named = rope("rope_type") != nullptr ? rope("rope_type") : rope("type");
  if (named == nullptr || *named->as_string() != "yarn") return 1;
  const double factor =
      rope_number("factor", number("max_position_embeddings", 1) /
                                rope_number("original_max_position_embeddings", 1));
  const auto scale = [&](double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
  };
  const double weight = rope_number("mscale", 0), weight_all = rope_number("mscale_all_dim", 0);
  const bool both = weight != 0 && weight_all != 0;
  return rope_number("attention_factor", both ? scale(weight) / scale(weight_all) : scale(1));
}

void ReferenceDecoder::rotate(std::span<double> head, std::size_t position,
                              const Row& frequencies) const {
  const std::size_t half = head.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = static_cast<double>(position) * frequencies[i];
    const double c = std::cos(angle) * attention_factor(), s = std::sin(angle) * attention_factor();
    const double x = head[i], y = head[i + half];
    head[i] = x * c - y * s;
    head[i + half] = y * c + x * s;
  }
}

std::size_t ReferenceDecoder::window(std::size_t layer) const {
  const std::string type = *checkpoint_.metadata("model_type")->as_string();
  const auto width = static_cast<std::size_t>(number("sliding_window", 0));
  if (type == "mistral") return width;
  const Value* use = checkpoint_.metadata("use_sliding_window");
  if (use == nullptr || use->as_bool() == nullptr || !*use->as_bool()) return 0;
  if (type == "qwen3_moe") return width;
  const Value* types = checkpoint_.metadata("layer_types");
  const bool windowed = types != nullptr && types->as_list() != nullptr
                            ? *(*types->as_list())[layer].as_string() == "sliding_attention"
                            : static_cast<double>(layer) >= number("max_window_layers", 28);
  return windowed ? width : 0;
}

ReferenceDecoder::Rows ReferenceDecoder::attention(const std::string& prefix, std::size_t layer,
                                                   const Rows& x) const {
  const auto heads = static_cast<std::size_t>(number("num_attention_heads", 1));
  const auto kv_heads = static_cast<std::size_t>(number("num_key_value_heads", 1));
  const Row turn = frequencies(x.size());
  const std::size_t d = turn.size() * 2;
  Rows queries, keys, values, out;
  const auto prepare = [&](Rows& rows, const std::string& part, std::size_t t) {
    rows.push_back(multiply(prefix + part + "_proj", x[t]));
    const std::string norm = prefix + part + "_norm";
    for (std::size_t at = 0; at < rows[t].size(); at += d) {
      const std::span<double> head = std::span(rows[t]).subspan(at, d);
      if (data(norm + ".weight") != nullptr) std::ranges::copy(rms_norm(norm, head), head.begin());
      rotate(head, t, turn);
    }
  };
  for (std::size_t t = 0; t < x.size(); ++t) {
    prepare(queries, "q", t);
    prepare(keys, "k", t);
    values.push_back(multiply(prefix + "v_proj", x[t]));
    Row mixed(heads * d, 0);
    const std::size_t seen = window(layer) == 0 ? t + 1 : std::min(t + 1, window(layer));
    for (std::size_t h = 0; h < heads; ++h) {
      const std::size_t shared = h / (heads / kv_heads);
      Row scores(seen);
      for (std::size_t p = 0; p < seen; ++p) {
        for (std::size_t i = 0; i < d; ++i) {
          scores[p] += queries[t][h * d + i] * keys[t + 1 - seen + p][shared * d + i];
        }
        scores[p] /= std::sqrt(static_cast<double>(d));
      }
      softmax(scores);
      for (std::size_t p = 0; p < seen; ++p) {
        for (std::size_t i = 0; i < d; ++i) {
          mixed[h * d + i] += scores[p] * values[t + 1 - seen + p][shared * d + i];
        }
      }
    }
    out.push_back(multiply(prefix + "o_proj", mixed));
  }
  return out;
}

ReferenceDecoder::Row ReferenceDecoder::gated(const std::string& prefix, const Row& x) const {
  Row gate = multiply(prefix + "gate_proj", x);
  const Row up = multiply(prefix + "up_proj", x);
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = silu(gate[i]) * up[i];
  return multiply(prefix + "down_proj", gate);
}

ReferenceDecoder::Row ReferenceDecoder::experts(const std::string& prefix, const Row& x) const {
  Row share = multiply(prefix + "gate", x);
  softmax(share);
  std::vector<std::size_t> order(share.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return share[a] > share[b]; });
  order.resize(static_cast<std::size_t>(number("num_experts_per_tok", 1)));
  double sum = 0;
  for (const std::size_t expert : order) sum += share[expert];
  const Value* renormalize = checkpoint_.metadata("norm_topk_prob");
  if (renormalize == nullptr || !*renormalize->as_bool()) sum = 1;
  Row out(x.size(), 0);
  for (const std::size_t expert : order) {
    add(out, gated(prefix + "experts." + std::to_string(expert) + ".", x), share[expert] / sum);
  }
  return out;
}

std::vector<std::vector<double>> ReferenceDecoder::logprobs(std::span<const Token> tokens) const {
  const auto width = static_cast<std::size_t>(number("hidden_size", 0));
  Rows hidden;
  for (const Token token : tokens) {
    const float* row = data("model.embed_tokens.weight") + static_cast<std::size_t>(token) * width;
    hidden.emplace_back(row, row + width);
  }
  const auto normed = [&](const std::string& name) {
    Rows rows;
    for (const Row& row : hidden) rows.push_back(rms_norm(name, row));
    return rows;
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(number("num_hidden_layers", 0)); ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    const Rows attended = attention(layer + "self_attn.", i, normed(layer + "input_layernorm"));
    for (std::size_t t = 0; t < hidden.size(); ++t) add(hidden[t], attended[t]);
    const bool routed = data(layer + "mlp.gate.weight") != nullptr;
    for (Row& row : hidden) {
      const Row x = rms_norm(layer + "post_attention_layernorm", row);
      add(row, routed ? experts(layer + "mlp.", x) : gated(layer + "mlp.", x));
    }
  }
  const Value* tied = checkpoint_.metadata("tie_word_embeddings");
  const bool own_head = tied == nullptr || tied->as_bool() == nullptr || !*tied->as_bool();
  Rows result;
  for (const Row& row : normed("model.norm")) {
    Row logits = multiply(own_head ? "lm_head" : "model.embed_tokens", row);
    softmax(logits);
    for (double& each : logits) each = std::log(each);
    result.push_back(std::move(logits));
  }
  return result;
}

}  // namespace freehold::golden
