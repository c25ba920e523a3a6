#include "model/recipe_value.h"

#include <gtest/gtest.h>

#include <functional>

namespace freehold::model {
namespace {

// Each changes one field; a field that is added to the recipe is added here.
const std::function<void(Recipe&)> changes[] = {
    [](Recipe& r) { r.architecture = "other"; },
    [](Recipe& r) { r.layers += 1; },
    [](Recipe& r) { r.width += 1; },
    [](Recipe& r) { r.vocabulary += 1; },
    [](Recipe& r) { r.context_length += 1; },
    [](Recipe& r) { r.norm.epsilon = 1e-3f; },
    [](Recipe& r) { r.attention.heads += 1; },
    [](Recipe& r) { r.attention.kv_heads += 1; },
    [](Recipe& r) { r.attention.head_dim += 1; },
    [](Recipe& r) { r.attention.query_key_value_bias = true; },
    [](Recipe& r) { r.attention.output_bias = true; },
    [](Recipe& r) { r.attention.qk_norm_per_head = true; },
    [](Recipe& r) { r.attention.rope.theta = 5; },
    [](Recipe& r) { r.attention.rope.dimensions = 2; },
    [](Recipe& r) { r.attention.rope.layout = RopeLayout::adjacent; },
    [](Recipe& r) { r.attention.rope.scaling.kind = RopeScalingKind::linear; },
    [](Recipe& r) { r.attention.rope.scaling.factor = 2; },
    [](Recipe& r) { r.attention.rope.scaling.original_context = 3; },
    [](Recipe& r) { r.attention.rope.scaling.low_frequency_factor = 2; },
    [](Recipe& r) { r.attention.rope.scaling.high_frequency_factor = 8; },
    [](Recipe& r) { r.attention.rope.scaling.beta_fast = 8; },
    [](Recipe& r) { r.attention.rope.scaling.beta_slow = 2; },
    [](Recipe& r) { r.attention.rope.scaling.truncate = false; },
    [](Recipe& r) { r.attention.rope.scaling.attention_factor = 2; },
    [](Recipe& r) { r.feedforward.hidden += 1; },
    [](Recipe& r) { r.feedforward.bias = true; },
    [](Recipe& r) { r.feedforward.experts.count += 1; },
    [](Recipe& r) { r.feedforward.experts.active += 1; },
    [](Recipe& r) { r.feedforward.experts.hidden += 1; },
    [](Recipe& r) { r.feedforward.experts.renormalize = false; },
    [](Recipe& r) { r.pattern[0].sliding_window = 7; },
    [](Recipe& r) { r.pattern[0].experts = true; },
    [](Recipe& r) { r.head.tied = true; },
};

TEST(RecipeValue, ShowsEveryFieldThatMakesRecipesDiffer) {
  Recipe recipe;
  recipe.pattern = {LayerKind{}};
  const Value shown = to_value(recipe);
  EXPECT_EQ(to_value(Recipe(recipe)), shown);
  for (const auto& change : changes) {
    Recipe changed = recipe;
    change(changed);
    EXPECT_NE(changed, recipe);
    EXPECT_NE(to_value(changed), shown);
  }
}

}  // namespace
}  // namespace freehold::model
