#include "server/response_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"

namespace freehold::server {
namespace {

namespace fs = std::filesystem;

Value saying(std::string text) {
  return Object{{"text", std::move(text)}};
}

class ResponseFolder : public testing::Test {
 protected:
  ResponseFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("freehold-") + test->name());
    fs::remove_all(folder_);
  }
  ~ResponseFolder() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST(ResponseStore, KeepsWhatIsPutAndForgetsWhatIsRemoved) {
  ResponseStore store;
  ASSERT_TRUE(store.put("resp_1", saying("one")));
  EXPECT_EQ(store.get("resp_1"), saying("one"));
  EXPECT_EQ(store.get("resp_2"), std::nullopt);
  EXPECT_TRUE(store.remove("resp_1"));
  EXPECT_FALSE(store.remove("resp_1"));
  EXPECT_EQ(store.get("resp_1"), std::nullopt);
}

TEST(ResponseStore, LetsTheOldestGoWhenThereAreTooMany) {
  ResponseStore store({.responses = 2});
  for (const char* id : {"resp_1", "resp_2", "resp_3"}) ASSERT_TRUE(store.put(id, saying(id)));
  EXPECT_EQ(store.get("resp_1"), std::nullopt);
  EXPECT_EQ(store.get("resp_2"), saying("resp_2"));
  EXPECT_EQ(store.get("resp_3"), saying("resp_3"));
}

TEST(ResponseStore, LetsTheOldestGoWhenTheyAreTooLarge) {
  const std::uint64_t each = to_json(saying(std::string(100, 'x'))).size();
  ResponseStore store({.bytes = 2 * each});
  for (const char* id : {"resp_1", "resp_2", "resp_3"}) {
    ASSERT_TRUE(store.put(id, saying(std::string(100, 'x'))));
  }
  EXPECT_EQ(store.get("resp_1"), std::nullopt);
  EXPECT_NE(store.get("resp_2"), std::nullopt);
  EXPECT_FALSE(store.put("resp_4", saying(std::string(3 * each, 'x'))));
}

TEST_F(ResponseFolder, OutlivesTheStore) {
  {
    ResponseStore store;
    ASSERT_TRUE(store.open(folder_));
    ASSERT_TRUE(store.put("resp_1", saying("one")));
    ASSERT_TRUE(store.put("resp_2", saying("two")));
    ASSERT_TRUE(store.remove("resp_2"));
  }
  ResponseStore store;
  ASSERT_TRUE(store.open(folder_));
  EXPECT_EQ(store.get("resp_1"), saying("one"));
  EXPECT_EQ(store.get("resp_2"), std::nullopt);
}

TEST_F(ResponseFolder, BoundsWhatItFinds) {
  {
    ResponseStore store;
    ASSERT_TRUE(store.open(folder_));
    for (const char* id : {"resp_1", "resp_2", "resp_3"}) ASSERT_TRUE(store.put(id, saying(id)));
  }
  ResponseStore store({.responses = 1});
  ASSERT_TRUE(store.open(folder_));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(ResponseFolder, NeverReachesBeyondItself) {
  ResponseStore store;
  ASSERT_TRUE(store.open(folder_));
  for (const char* id : {"../resp_1", "resp_", "resp_../x", "resp_A", "resp_1/2", ""}) {
    EXPECT_FALSE(store.put(id, saying("x"))) << id;
    EXPECT_EQ(store.get(id), std::nullopt) << id;
    EXPECT_FALSE(store.remove(id)) << id;
  }
}

TEST_F(ResponseFolder, TreatsABrokenFileAsAbsentAndLeavesOthersAlone) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "resp_1.json") << "{";
  std::ofstream(folder_ / "notes.txt") << "mine";
  ResponseStore store({.responses = 1});
  ASSERT_TRUE(store.open(folder_));
  EXPECT_EQ(store.get("resp_1"), std::nullopt);
  ASSERT_TRUE(store.put("resp_2", saying("two")));
  EXPECT_FALSE(fs::exists(folder_ / "resp_1.json"));
  EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

}  // namespace
}  // namespace freehold::server
