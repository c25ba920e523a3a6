#include "model/tensor_names.h"

#include <gtest/gtest.h>

#include <set>

#include "model/architecture.h"
#include "model/schema.h"

namespace freehold::model {
namespace {

using formats::Container;

TEST(TensorNames, FillInLayerAndExpert) {
  EXPECT_EQ(filled("model.norm.weight", 3), "model.norm.weight");
  EXPECT_EQ(filled("blk.{}.attn_q.weight", 12), "blk.12.attn_q.weight");
  EXPECT_EQ(filled("model.layers.{}.mlp.experts.{}.up_proj.weight", 0, 127),
            "model.layers.0.mlp.experts.127.up_proj.weight");
}

TEST(TensorNames, TellStacksFromSingleExperts) {
  EXPECT_TRUE(names_experts(pattern_of(common_names(), Container::safetensors, Role::expert_down)));
  EXPECT_FALSE(names_experts(pattern_of(common_names(), Container::gguf, Role::expert_down)));
}

TEST(TensorNames, NameEveryRoleOnceInEachContainer) {
  std::set<Role> roles;
  std::set<std::string_view> names;
  for (const TensorName& each : common_names()) {
    EXPECT_TRUE(roles.insert(each.role).second);
    EXPECT_TRUE(names.insert(each.gguf).second);
    EXPECT_TRUE(names.insert(each.hugging_face).second);
    const bool layered = each.gguf.find("{}") != std::string_view::npos;
    EXPECT_EQ(layered, in_layers(each.role)) << each.gguf;
  }
}

TEST(Architectures, AreListedInAlphabeticalOrderWithWhatProvesThem) {
  std::string_view before;
  for (const Architecture* each : architectures()) {
    EXPECT_LT(before, each->name);
    EXPECT_FALSE(each->hf_class.empty());
    EXPECT_FALSE(each->golden.empty());
    EXPECT_FALSE(each->tensors().empty());
    before = each->name;
  }
}

}  // namespace
}  // namespace freehold::model
