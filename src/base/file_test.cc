#include "base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/digest.h"

namespace freehold {
namespace {

std::filesystem::path fresh_folder() {
  std::string pattern = testing::TempDir() + "/file_test_XXXXXX";
  return ::mkdtemp(pattern.data());
}

TEST(ReplaceFile, LeavesNothingBesideTheWholeFile) {
  const auto folder = fresh_folder();
  ASSERT_TRUE(replace_file(folder / "a", "one"));
  ASSERT_TRUE(replace_file(folder / "a", "two"));
  EXPECT_EQ(read_file(folder / "a", 10).value(), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(ReadFile, RefusesMoreThanItsBoundAndSaysWhy) {
  const auto folder = fresh_folder();
  std::ofstream(folder / "a") << "four";
  EXPECT_TRUE(read_file(folder / "a", 4));
  const auto refused = read_file(folder / "a", 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_FALSE(read_file(folder / "missing", 3));
  EXPECT_FALSE(read_file(folder, 3));
}

TEST(MappedFile, ShowsTheBytesAndRefusesEmptyFiles) {
  const auto folder = fresh_folder();
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
  const auto folder = fresh_folder();
  std::ofstream(folder / "a") << "abc";
  EXPECT_EQ(sha256_file(folder / "a").value(), sha256("abc"));
}

}  // namespace
}  // namespace freehold
