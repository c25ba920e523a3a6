// Configurations that no model can be built from: refused by the key that is wrong, before anything
// is reserved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "golden/checkpoint_writer.h"
#include "golden/fixture.h"
#include "model/model.h"
#include "model/score.h"

namespace freehold::golden {
namespace {

struct Hostile {
  const char* what;
  const char* fixture;
  const char* members;  // of config.json or of GGUF's metadata, that replace its own
  const char* named;    // in the message
};

const Hostile hostile[] = {
    {"no_architecture", "llama-tiny", R"({"architectures":null,"model_type":null})",
     "architectures"},
    {"unknown_architecture", "llama-tiny", R"({"architectures":["RwkvForCausalLM"]})",
     "'RwkvForCausalLM' is not supported"},
    {"unknown_type", "llama-tiny", R"({"architectures":[],"model_type":"bert"})", "'bert'"},
    {"no_layers", "llama-tiny", R"({"num_hidden_layers":0})", "num_hidden_layers"},
    {"missing_layers", "llama-tiny", R"({"num_hidden_layers":null})",
     "num_hidden_layers: is missing"},
    {"huge_layers", "llama-tiny", R"({"num_hidden_layers":4000000000})", "num_hidden_layers"},
    {"more_layers", "llama-tiny", R"({"num_hidden_layers":4096})", "model.layers.2."},
    {"negative_width", "llama-tiny", R"({"hidden_size":-32})", "hidden_size"},
    {"huge_width", "llama-tiny", R"({"hidden_size":9223372036854775807})", "hidden_size"},
    {"worded_width", "llama-tiny", R"({"hidden_size":"32"})", "hidden_size"},
    {"broken_width", "llama-tiny", R"({"hidden_size":32.5})", "hidden_size"},
    {"other_width", "llama-tiny", R"({"hidden_size":64})", "hidden_size"},
    {"no_vocabulary", "llama-tiny", R"({"vocab_size":0})", "vocab_size"},
    {"other_vocabulary", "llama-tiny", R"({"vocab_size":257})", "vocab_size"},
    {"no_heads", "llama-tiny", R"({"num_attention_heads":0})", "num_attention_heads"},
    {"no_kv_heads", "llama-tiny", R"({"num_key_value_heads":0})", "num_key_value_heads"},
    {"undivided_kv_heads", "llama-tiny", R"({"num_key_value_heads":3})", "num_key_value_heads"},
    {"undivided_width", "llama-tiny", R"({"num_attention_heads":5,"num_key_value_heads":5,
     "head_dim":null})",
     "num_attention_heads"},
    {"huge_heads", "llama-tiny", R"({"num_attention_heads":4096,"num_key_value_heads":4096,
     "head_dim":4096})",
     "num_attention_heads * head_dim"},
    {"odd_head", "llama-tiny", R"({"head_dim":7})", "head_dim"},
    {"no_head", "llama-tiny", R"({"head_dim":0})", "head_dim"},
    {"no_hidden", "llama-tiny", R"({"intermediate_size":0})", "intermediate_size"},
    {"no_epsilon", "llama-tiny", R"({"rms_norm_eps":null})", "rms_norm_eps"},
    {"negative_epsilon", "llama-tiny", R"({"rms_norm_eps":-1.0})", "rms_norm_eps"},
    {"huge_epsilon", "llama-tiny", R"({"rms_norm_eps":1e300})", "rms_norm_eps"},
    {"no_context", "llama-tiny", R"({"max_position_embeddings":0})", "max_position_embeddings"},
    {"activation", "llama-tiny", R"({"hidden_act":"gelu"})", "hidden_act: 'gelu'"},
    {"tied_by_word", "llama-tiny", R"({"tie_word_embeddings":"yes"})", "tie_word_embeddings"},
    {"bias_without_tensors", "llama-tiny", R"({"attention_bias":true})", "q_proj.bias"},
    {"quantized", "llama-tiny", R"({"quantization_config":{"quant_method":"bitsandbytes"}})",
     "quantization 'bitsandbytes'"},
    {"quantized_by_nothing", "llama-tiny", R"({"quantization_config":4})", "quantization '?'"},
    {"gptq_of_three_bits", "llama-tiny",
     R"({"quantization_config":{"quant_method":"gptq","bits":3,"group_size":128}})", "bits '3'"},
    {"gptq_without_groups", "llama-tiny",
     R"({"quantization_config":{"quant_method":"gptq","bits":4}})", "group_size"},
    {"gptq_of_no_columns", "llama-tiny",
     R"({"quantization_config":{"quant_method":"gptq","bits":4,"group_size":0}})",
     "group_size '0'"},
    {"gptq_for_marlin", "llama-tiny",
     R"({"quantization_config":{"quant_method":"gptq","bits":4,"group_size":128,
     "checkpoint_format":"marlin"}})",
     "checkpoint_format 'marlin'"},
    {"gptq_by_module", "llama-tiny",
     R"({"quantization_config":{"quant_method":"gptq","bits":4,"group_size":128,
     "dynamic":{"+:.*":{"bits":8}}}})",
     "dynamic is not supported"},
    {"awq_gemv", "llama-tiny",
     R"({"quantization_config":{"quant_method":"awq","bits":4,"group_size":128,
     "version":"gemv"}})",
     "version 'gemv'"},
    {"compressed_floats", "llama-tiny",
     R"({"quantization_config":{"quant_method":"compressed-tensors",
     "format":"float-quantized","config_groups":{}}})",
     "format 'float-quantized'"},
    {"compressed_by_nothing", "llama-tiny",
     R"({"quantization_config":{"quant_method":"compressed-tensors"}})", "config_groups"},
    {"compressed_of_three_bits", "llama-tiny",
     R"({"quantization_config":{"quant_method":"compressed-tensors","config_groups":{"a":
     {"weights":{"num_bits":3}}}}})",
     "config_groups.a.weights.num_bits '3'"},
    {"compressed_and_sparse", "llama-tiny",
     R"({"quantization_config":{"quant_method":"compressed-tensors","config_groups":{},
     "sparsity_config":{"format":"sparse-24-bitmask"}}})",
     "sparsity_config.format 'sparse-24-bitmask'"},
    {"partial_rotation", "llama-tiny", R"({"partial_rotary_factor":0.5})", "partial_rotary_factor"},
    {"no_theta", "llama-linear", R"({"rope_theta":0})", "rope_theta"},
    {"scaling_by_word", "llama-linear", R"({"rope_scaling":"linear"})", "rope_scaling"},
    {"unknown_scaling", "llama-linear", R"({"rope_scaling":{"type":"longrope","factor":2.0}})",
     "'longrope' is not supported"},
    {"scaling_by_number", "llama-linear", R"({"rope_scaling":{"type":3}})", "rope_type"},
    {"no_factor", "llama-linear", R"({"rope_scaling":{"type":"linear"}})", "rope_scaling.factor"},
    {"zero_factor", "llama-linear", R"({"rope_scaling":{"type":"linear","factor":0.0}})",
     "rope_scaling.factor"},
    {"low_above_high", "llama-llama3", R"({"rope_scaling":{"rope_type":"llama3","factor":8.0,
     "low_freq_factor":4.0,"high_freq_factor":1.0,"original_max_position_embeddings":64}})",
     "high_freq_factor"},
    {"original_zero", "llama-llama3", R"({"rope_scaling":{"rope_type":"llama3","factor":8.0,
     "original_max_position_embeddings":0}})",
     "original_max_position_embeddings"},
    {"scaling_by_layer", "llama-yarn",
     R"({"rope_parameters":{"full_attention":{"rope_type":"yarn"}}})", "full_attention"},
    {"negative_window", "mistral-tiny", R"({"sliding_window":-1})", "sliding_window"},
    {"few_layer_types", "qwen2-tiny", R"({"layer_types":["full_attention"]})", "layer_types"},
    {"odd_layer_types", "qwen2-tiny", R"({"layer_types":["full_attention","linear","linear"]})",
     "layer_types: entry 1"},
    {"no_experts", "qwen3-moe-tiny", R"({"num_experts":0})", "num_experts"},
    {"more_active", "qwen3-moe-tiny", R"({"num_experts_per_tok":9})", "num_experts_per_tok"},
    {"other_experts", "qwen3-moe-tiny", R"({"num_experts":9})", "num_experts"},
    {"no_step", "qwen3-moe-tiny", R"({"decoder_sparse_step":0})", "decoder_sparse_step"},
    {"layer_out_of_range", "qwen3-moe-tiny", R"({"mlp_only_layers":[7]})", "mlp_only_layers"},
    {"listless", "qwen3-moe-tiny", R"({"mlp_only_layers":1})", "mlp_only_layers"},
    {"gguf_architecture", "qwen3-tiny/gguf", R"({"general.architecture":"mamba"})",
     "general.architecture: 'mamba'"},
    {"gguf_width", "qwen3-tiny/gguf", R"({"qwen3.embedding_length":0})", "qwen3.embedding_length"},
    {"gguf_heads", "qwen3-tiny/gguf", R"({"qwen3.attention.head_count":[4,2]})",
     "qwen3.attention.head_count: differs"},
    {"gguf_values", "qwen3-tiny/gguf", R"({"qwen3.attention.value_length":8})",
     "qwen3.attention.value_length"},
    {"gguf_dimensions", "qwen3-tiny/gguf", R"({"qwen3.rope.dimension_count":17})",
     "qwen3.rope.dimension_count"},
    {"gguf_odd_dimensions", "qwen3-tiny/gguf", R"({"qwen3.rope.dimension_count":7})",
     "qwen3.rope.dimension_count"},
    {"gguf_scaling", "qwen3-tiny/gguf", R"({"qwen3.rope.scaling.type":"longrope"})",
     "qwen3.rope.scaling.type: 'longrope'"},
};

class HostileConfig : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileConfig, IsRefusedByTheKeyThatIsWrong) {
  const Hostile& test = GetParam();
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(fixture_folder(test.fixture)));
  const auto members = parse_json(test.members);
  ASSERT_TRUE(members.has_value()) << members.error().message;
  for (const auto& [key, value] : *members->as_object()) draft.metadata.set(key, value);
  const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
  ASSERT_NE(checkpoint, nullptr);
  const auto decoder = model::open_decoder(checkpoint, pool());
  ASSERT_FALSE(decoder.has_value());
  EXPECT_EQ(decoder.error().code, ErrorCode::invalid);
  EXPECT_THAT(decoder.error().message, ::testing::HasSubstr(test.named));
}

INSTANTIATE_TEST_SUITE_P(All, HostileConfig, ::testing::ValuesIn(hostile),
                         [](const auto& test) { return std::string(test.param.what); });

TEST(HostileWeights, OfATypeThatNoKernelReadsAreRefusedByName) {
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(fixture_folder("llama-tiny")));
  Draft& tensor = *draft.find("model.layers.1.mlp.up_proj.weight");
  tensor.type = DType::i32;
  const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
  ASSERT_NE(checkpoint, nullptr);
  const auto decoder = model::open_decoder(checkpoint, pool());
  ASSERT_FALSE(decoder.has_value());
  EXPECT_THAT(decoder.error().message,
              ::testing::HasSubstr("model.layers.1.mlp.up_proj.weight: type I32"));
}

TEST(HostileWeights, ThatAreNoNumbersEndInAnError) {
  for (const char* name : {"model.layers.0.mlp.gate.weight", "model.norm.weight",
                           "model.layers.1.self_attn.k_proj.weight"}) {
    CheckpointDraft draft =
        CheckpointDraft::from(*open_checkpoint(fixture_folder("qwen3-moe-tiny")));
    std::ranges::fill(draft.find(name)->bytes, std::byte{0xff});
    const auto decoder = open(draft.write(scratch_folder()));
    ASSERT_NE(decoder, nullptr);
    const auto score = model::score(*decoder, std::vector<Token>{5, 6, 7}, {.top = 3});
    ASSERT_FALSE(score.has_value());
    EXPECT_THAT(score.error().message, ::testing::HasSubstr("not finite"));
  }
}

TEST(HostileWeights, ThatDivideFrequenciesByNothingAreRefused) {
  const auto path = fixture_folder("llama-llama3") / "gguf/model.gguf";
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(path));
  std::ranges::fill(draft.find("rope_freqs.weight")->bytes, std::byte{0});
  const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
  const auto decoder = model::open_decoder(checkpoint, pool());
  ASSERT_FALSE(decoder.has_value());
  EXPECT_THAT(decoder.error().message, ::testing::HasSubstr("rope_freqs.weight[0]"));
}

}  // namespace
}  // namespace freehold::golden
