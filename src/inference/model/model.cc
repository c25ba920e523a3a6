#include "model/model.h"

#include "model/architecture.h"
#include "model/cpu_decoder.h"
#include "model/packed_weights.h"
#include "model/weights.h"

namespace freehold::model {

Result<Recipe> read_recipe(const formats::Checkpoint& checkpoint) {
  const std::string path = checkpoint.path().string();
  const Architecture* architecture = TRY_IN(path, find_architecture(checkpoint));
  Recipe recipe = TRY_IN(path, architecture->read(Keys(checkpoint, architecture->gguf_name)));
  recipe.architecture = architecture->name;
  CHECK(!recipe.pattern.empty() && recipe.layers > 0);
  return recipe;
}

Result<std::unique_ptr<Decoder>> open_decoder(std::shared_ptr<const formats::Checkpoint> checkpoint,
                                              ThreadPool& pool,
                                              const std::filesystem::path& packed_folder) {
  CHECK(checkpoint != nullptr);
  const std::string path = checkpoint->path().string();
  Recipe recipe = TRY(read_recipe(*checkpoint));
  const Architecture* architecture = TRY_IN(path, find_architecture(*checkpoint));
  Weights weights = TRY_IN(path, bind_weights(*checkpoint, *architecture, recipe));
  PackedWeights packed =
      TRY_IN(path, PackedWeights::bind(weights, *checkpoint, packed_folder, pool));
  return std::make_unique<CpuDecoder>(std::move(checkpoint), std::move(recipe), std::move(weights),
                                      std::move(packed), pool);
}

}  // namespace freehold::model
