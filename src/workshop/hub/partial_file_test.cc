#include "hub/partial_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/file.h"

namespace freehold::hub {
namespace {

namespace fs = std::filesystem;

class PartialFileTest : public testing::Test {
 protected:
  ~PartialFileTest() override { fs::remove_all(folder); }

  static fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "partial-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  static std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
  }
  // "01234" of "0123456789", saved.
  void leave_half(const FileIdentity& identity) {
    auto file = PartialFile::open(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->adopt(identity));
    ASSERT_TRUE(file->write(0, bytes("01234")));
    ASSERT_TRUE(file->save());
  }
  std::uint64_t kept(const FileIdentity& identity) {
    auto file = PartialFile::open(path);
    EXPECT_TRUE(file && file->adopt(identity));
    return file->present().count();
  }

  const fs::path folder = make_folder();
  const fs::path path = folder / "f";
  const std::string digest = std::string(64, 'd');
};

TEST_F(PartialFileTest, IsFinishedOnlyWhenWhole) {
  auto file = PartialFile::open(path);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->adopt({"u", "", digest, 10}));
  ASSERT_TRUE(file->write(5, bytes("56789")));
  EXPECT_FALSE(file->complete());
  ASSERT_TRUE(file->write(0, bytes("01234")));
  EXPECT_TRUE(file->complete());
  ASSERT_TRUE(file->finish());
  EXPECT_EQ(*read_file(path, 100), "0123456789");
  EXPECT_FALSE(fs::exists(path.string() + ".state"));
}

TEST_F(PartialFileTest, KeepsBytesForTheSameDigestFromAnotherPlace) {
  leave_half({"one", "", digest, 10});
  EXPECT_EQ(kept({"two", "", digest, 10}), 5u);
}

TEST_F(PartialFileTest, KeepsBytesForTheSamePlaceOnlyWithAValidator) {
  leave_half({"one", "\"tag\"", "", 10});
  EXPECT_EQ(kept({"one", "", "", {}}), 5u);
  leave_half({"two", "", "", 10});
  EXPECT_EQ(kept({"two", "", "", {}}), 0u);
}

TEST_F(PartialFileTest, ForgetsBytesOfAnythingElse) {
  leave_half({"one", "\"tag\"", digest, 10});
  EXPECT_EQ(kept({"two", "", std::string(64, 'e'), 10}), 0u);
  leave_half({"one", "\"tag\"", digest, 10});
  EXPECT_EQ(kept({"one", "", digest, 11}), 0u);
}

TEST_F(PartialFileTest, DoesNotTrustAStateThatCannotBeTrue) {
  for (const char* state :
       {"", "nonsense", "{}", "{\"present\":[[0,5]]}", R"({"url":"u","present":[[0,99]]})",
        R"({"url":"u","validator":"v","present":[[5,0]]})",
        R"({"url":"u","validator":"v","present":[[-1,5]]})",
        R"({"url":"u","validator":"v","present":[[0]]})",
        R"({"url":"u","validator":"v","present":[[0,9223372036854775807]]})"}) {
    ASSERT_TRUE(replace_file(path.string() + ".part", "01234"));
    ASSERT_TRUE(replace_file(path.string() + ".state", state));
    EXPECT_EQ(kept({"u", "", "", {}}), 0u) << state;
  }
}

TEST_F(PartialFileTest, DoesNotTrustBytesWithoutAState) {
  ASSERT_TRUE(replace_file(path.string() + ".part", "01234"));
  EXPECT_EQ(kept({"u", "", digest, 10}), 0u);
}

}  // namespace
}  // namespace freehold::hub
