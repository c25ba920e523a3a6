#include "hub/store.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

namespace freehold::hub {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreTest : public testing::Test {
 protected:
  ~StoreTest() override { fs::remove_all(home); }

  static fs::path make_home() {
    std::string pattern = (fs::temp_directory_path() / "store-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  // A model of files with these contents, named a.bin, b.bin, …
  Receipt add(const std::string& name, const std::vector<std::string>& contents,
              const std::string& suffix = ".bin") {
    Receipt receipt;
    receipt.model = name;
    receipt.source = "file:/somewhere";
    const fs::path folder = *store.pull_folder(name);
    for (const std::string& content : contents) {
      const std::string file =
          std::string(1, static_cast<char>('a' + receipt.files.size())) + suffix;
      EXPECT_TRUE(replace_file(folder / file, content));
      receipt.files.push_back({file, sha256(content), content.size()});
    }
    const auto done = store.commit(receipt, folder);
    EXPECT_TRUE(done) << done.error().message;
    return receipt;
  }
  fs::path receipt_path(const std::string& name) const {
    return home / "models/receipts" / (name + ".json");
  }

  const fs::path home = make_home();
  Store store{home};
};

TEST_F(StoreTest, IsEmptyAtFirst) {
  EXPECT_THAT(*store.list(), IsEmpty());
  EXPECT_EQ(store.find("m").error().code, ErrorCode::absent);
}

TEST_F(StoreTest, ListsWhatWasCommitted) {
  add("two", {"2"});
  add("one", {"1"});
  const auto receipts = store.list();
  ASSERT_TRUE(receipts);
  ASSERT_THAT(*receipts, SizeIs(2));
  EXPECT_EQ((*receipts)[0].model, "one");
  EXPECT_EQ(store.find("two")->files[0].sha256, sha256("2"));
}

TEST_F(StoreTest, GivesADirectoryOrTheFirstGguf) {
  const Receipt directory = add("directory", {"1", "2"});
  const Receipt parts = add("parts", {"3", "4"}, ".gguf");
  EXPECT_EQ(*store.path_of(directory), home / "models/files/directory");
  EXPECT_EQ(*store.path_of(parts), home / "models/files/parts/a.gguf");
  EXPECT_EQ(*read_file(*store.path_of(parts), 10), "3");
}

TEST_F(StoreTest, MendsNamesThatSomebodyRemoved) {
  const Receipt receipt = add("m", {"1"}, ".gguf");
  fs::remove_all(home / "models/files");
  EXPECT_EQ(*read_file(*store.path_of(receipt), 10), "1");
}

TEST_F(StoreTest, SaysWhenBlobsAreMissing) {
  const Receipt receipt = add("m", {"1"});
  fs::remove_all(home / "models/blobs");
  const auto path = store.path_of(receipt);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().hint, "`freehold pull m` fetches them again");
}

TEST_F(StoreTest, KeepsBlobsReadOnly) {
  const Receipt receipt = add("m", {"1"}, ".gguf");
  const auto mode = fs::status(*store.path_of(receipt)).permissions();
  EXPECT_EQ(mode & fs::perms::owner_write, fs::perms::none);
}

TEST_F(StoreTest, RefusesNamesThatClimbOut) {
  for (const char* name : {"../x", "a/b", "..", ".", "", "A", "a\nb", "-x"}) {
    EXPECT_FALSE(store.find(name)) << name;
    EXPECT_FALSE(store.remove(name)) << name;
    EXPECT_FALSE(store.pull_folder(name)) << name;
  }
}

TEST_F(StoreTest, RemovesTheReceiptAndLeavesBlobsToGarbageCollection) {
  add("m", {"12345"});
  ASSERT_TRUE(store.remove("m"));
  EXPECT_THAT(*store.list(), IsEmpty());
  EXPECT_EQ(store.usage()->garbage_bytes, 5u);
  const auto freed = store.collect_garbage();
  ASSERT_TRUE(freed);
  EXPECT_EQ(freed->files, 1u);
  EXPECT_EQ(freed->bytes, 5u);
  EXPECT_EQ(store.usage()->blob_bytes, 0u);
  EXPECT_EQ(store.remove("m").error().code, ErrorCode::absent);
}

TEST_F(StoreTest, CountsSharedBlobsOnceAndKeepsThemWhileAnyoneNamesThem) {
  add("one", {"shared", "1"});
  add("two", {"shared", "22"});
  const auto usage = store.usage();
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->blob_bytes, 9u);
  EXPECT_EQ(usage->models[0].bytes, 7u);
  EXPECT_EQ(usage->models[0].alone_bytes, 1u);
  ASSERT_TRUE(store.remove("one"));
  EXPECT_EQ(store.collect_garbage()->bytes, 1u);
  EXPECT_TRUE(store.is_whole(*store.find("two")));
}

TEST_F(StoreTest, CollectsPackedWeightsWithTheFilesTheyWereMadeOf) {
  const Receipt receipt = add("kept", {"weights"}, ".gguf");
  const std::string source = store.path_of(receipt)->string();
  fs::create_directories(store.packed_folder());
  const auto pack = [&](const std::string& name, const std::string& header) {
    ASSERT_TRUE(replace_file(store.packed_folder() / name, header + std::string(100, '\0')));
  };
  pack("a.panels", "freehold panels\nsource " + source + "\n");
  pack("b.panels", "freehold panels\nsource " + source + "\nsource /nowhere/b.gguf\n");
  pack("c.panels", "no page");
  pack("d.panels.x7Gh2k", "");
  EXPECT_GT(store.usage()->packed_bytes, 400u);
  EXPECT_EQ(store.packed_bytes_of({source}), fs::file_size(store.packed_folder() / "a.panels") +
                                                 fs::file_size(store.packed_folder() / "b.panels"));
  EXPECT_EQ(store.packed_bytes_of({"/nowhere/a.gguf"}), 0u);
  EXPECT_EQ(store.collect_garbage()->files, 2u);
  EXPECT_TRUE(fs::exists(store.packed_folder() / "a.panels"));
  EXPECT_TRUE(fs::exists(store.packed_folder() / "d.panels.x7Gh2k"));
  ASSERT_TRUE(store.remove("kept"));
  EXPECT_EQ(store.collect_garbage()->files, 2u);  // the blob and what was packed of it
}

TEST_F(StoreTest, DoesNotCollectWhatIsBeingPulled) {
  const fs::path folder = *store.pull_folder("m");
  ASSERT_TRUE(replace_file(folder / "model.gguf.part", "half"));
  EXPECT_EQ(store.collect_garbage()->files, 0u);
  EXPECT_TRUE(fs::exists(folder / "model.gguf.part"));
  EXPECT_GT(store.usage()->partial_bytes, 0u);
  fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  EXPECT_EQ(store.collect_garbage()->files, 1u);
}

TEST_F(StoreTest, ShowsTheOthersWhenOneReceiptIsBroken) {
  add("good", {"1"});
  add("bad", {"2"});
  ASSERT_TRUE(replace_file(receipt_path("bad"), "{\"version\":1,"));
  std::vector<Error> broken;
  const auto receipts = store.list(&broken);
  ASSERT_TRUE(receipts);
  ASSERT_THAT(*receipts, SizeIs(1));
  ASSERT_THAT(broken, SizeIs(1));
  EXPECT_EQ(broken[0].code, ErrorCode::invalid);
  EXPECT_THAT(broken[0].message, HasSubstr("bad.json"));
  EXPECT_THAT(broken[0].hint, HasSubstr("freehold rm bad"));
  EXPECT_TRUE(store.remove("bad"));
}

TEST_F(StoreTest, CollectsNothingWhileAReceiptIsBroken) {
  add("bad", {"2"});
  ASSERT_TRUE(replace_file(receipt_path("bad"), "nonsense"));
  const auto freed = store.collect_garbage();
  ASSERT_FALSE(freed);
  EXPECT_EQ(freed.error().code, ErrorCode::invalid);
  EXPECT_EQ(store.usage()->blob_bytes, 1u);
}

TEST_F(StoreTest, RefusesReceiptsThatPointOutOfTheStore) {
  const Receipt good = add("m", {"1"});
  for (const auto& [field, value] : std::vector<std::pair<std::string, Value>>{
           {"model", "../x"}, {"model", 5}, {"files", List{}}, {"version", 99}}) {
    Value receipt = to_value(good);
    receipt.set(field, value);
    EXPECT_FALSE(parse_receipt(to_json(receipt))) << field;
  }
  for (const auto& [field, value] : std::vector<std::pair<std::string, Value>>{
           {"name", "../x"}, {"name", ".x"}, {"sha256", "../../x"}, {"bytes", -1}}) {
    Value receipt = to_value(good);
    Value file = (*receipt.find("files")->as_list())[0];
    file.set(field, value);
    receipt.set("files", List{file});
    EXPECT_FALSE(parse_receipt(to_json(receipt))) << field;
  }
  EXPECT_TRUE(parse_receipt(to_json(to_value(good))));
}

TEST_F(StoreTest, RefusesAReceiptUnderAnotherModelsName) {
  add("one", {"1"});
  fs::copy(receipt_path("one"), receipt_path("two"));
  EXPECT_EQ(store.find("two").error().code, ErrorCode::invalid);
}

TEST_F(StoreTest, ReplacesAModelWhole) {
  add("m", {"1", "2"});
  const Receipt second = add("m", {"3"});
  EXPECT_FALSE(fs::exists(home / "models/files/m/b.bin"));
  EXPECT_EQ(*read_file(*store.path_of(second) / "a.bin", 10), "3");
}

TEST_F(StoreTest, ResolvesPathsBeforeNamesAndNamesBeforeTheCatalogue) {
  const Receipt receipt = add("mine", {"1"}, ".gguf");
  EXPECT_EQ(*resolve_model(store, home.string()), home);
  EXPECT_EQ(*resolve_model(store, "mine"), *store.path_of(receipt));
  const auto known = resolve_model(store, "smollm2-135m-instruct");
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().code, ErrorCode::absent);
  EXPECT_EQ(known.error().hint, "freehold pull smollm2-135m-instruct");
  EXPECT_EQ(resolve_model(store, "smollm2-135m-instrct").error().hint,
            "did you mean \"smollm2-135m-instruct\"?");
  EXPECT_EQ(resolve_model(store, "./nothing.gguf").error().code, ErrorCode::invalid);
  EXPECT_EQ(resolve_model(store, "hf:a/b:Q8_0").error().hint, "freehold pull hf:a/b:Q8_0");
  EXPECT_EQ(resolve_model(store, "").error().code, ErrorCode::invalid);
}

TEST(Home, IsTakenFromTheEnvironmentInOrder) {
  const auto keep = [](const char* name) {
    const char* value = ::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  const std::string old_home = keep("FREEHOLD_HOME"), old_data = keep("XDG_DATA_HOME");
  ::setenv("FREEHOLD_HOME", "/one", 1);
  ::setenv("XDG_DATA_HOME", "/two", 1);
  EXPECT_EQ(*home_directory(), "/one");
  ::unsetenv("FREEHOLD_HOME");
  EXPECT_EQ(*home_directory(), "/two/freehold");
  ::unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(home_directory()->filename(), "freehold");
  if (!old_home.empty()) ::setenv("FREEHOLD_HOME", old_home.c_str(), 1);
  if (!old_data.empty()) ::setenv("XDG_DATA_HOME", old_data.c_str(), 1);
}

}  // namespace
}  // namespace freehold::hub
