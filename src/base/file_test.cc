#include "base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/digest.h"

namespace freehold {
namespace {

// A folder of the test's own, gone when the test is.
class FreshFolder {
 public:
  FreshFolder() {
    std::string pattern = testing::TempDir() + "/file_test_XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~FreshFolder() { std::filesystem::remove_all(path_); }
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST(ReplaceFile, LeavesNothingBesideTheWholeFile) {
  const FreshFolder folder;
  ASSERT_TRUE(replace_file(folder / "a", "one"));
  ASSERT_TRUE(replace_file(folder / "a", "two"));
  EXPECT_EQ(read_file(folder / "a", 10).value(), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReadFile, RefusesMoreThanItsBoundAndSaysWhy) {
  const FreshFolder folder;
  std::ofstream(folder / "a") << "four";
  EXPECT_TRUE(read_file(folder / "a", 4));
  const auto refused = read_file(folder / "a", 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_FALSE(read_file(folder / "missing", 3));
  EXPECT_FALSE(read_file(folder.path(), 3));
}

TEST(MappedFile, ShowsTheBytesAndRefusesEmptyFiles) {
  const FreshFolder folder;
  std::ofstream(folder / "a") << "bytes";
  std::ofstream(folder / "empty");
  const auto file = MappedFile::open(folder / "a");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->text(), "bytes");
  EXPECT_FALSE(MappedFile::open(folder / "empty"));
}

TEST(Sha256, MatchesThePublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const FreshFolder folder;
  std::ofstream(folder / "a") << "abc";
  EXPECT_EQ(sha256_file(folder / "a").value(), sha256("abc"));
}

}  // namespace
}  // namespace freehold
