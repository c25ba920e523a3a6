// The kinds of sources: hubs by the shape of their APIs, package clients played by scripts, files,
// and how a pull falls through from one mirror to the next.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>

#include "base/json.h"
#include "bench.h"
#include "hub/catalogue.h"
#include "hub/child_process.h"

namespace freehold::hub {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* commit = "0123456789abcdef0123456789abcdef01234567";

Reply json_reply(const Value& value) {
  return Reply{.headers = {{"Content-Type", "application/json"}}, .body = to_json(value)};
}

Value object(Object members) {
  return Value(std::move(members));
}

// A hub with one repository, in the shapes of Hugging Face's and ModelScope's APIs.
struct FakeHub {
  std::string repository = "own/model";
  std::map<std::string, std::string> files;  // path → content
  std::string token;                         // needed for files when not empty

  Reply huggingface(const SeenRequest& request) const {
    if (request.target == "/api/models/" + repository + "/revision/main?blobs=true") {
      List siblings;
      for (const auto& [path, content] : files) {
        Value sibling = object({{"rfilename", path}, {"size", content.size()}});
        const bool large = path.ends_with(".gguf") || path.ends_with(".safetensors");
        if (large) sibling.set("lfs", object({{"sha256", sha256(content)}}));
        siblings.push_back(std::move(sibling));
      }
      return json_reply(object({{"sha", commit},
                                {"cardData", object({{"license", "apache-2.0"}})},
                                {"siblings", std::move(siblings)}}));
    }
    const std::string prefix = "/" + repository + "/resolve/" + commit + "/";
    if (!request.target.starts_with(prefix)) return Reply{.status = 404};
    if (!token.empty() && request.header("authorization") != "Bearer " + token) {
      return Reply{.status = 401, .headers = {{"X-Error-Code", "GatedRepo"}}};
    }
    const auto file = files.find(request.target.substr(prefix.size()));
    return file == files.end() ? Reply{.status = 404} : serve_file(request, file->second);
  }

  Reply modelscope(const SeenRequest& request) const {
    const std::string base = "/api/v1/models/" + repository + "/repo";
    if (request.target == base + "/files?Revision=master&Recursive=true") {
      List entries{object({{"Path", "folder"}, {"Type", "tree"}, {"Size", 0}})};
      for (const auto& [path, content] : files) {
        entries.push_back(object({{"Path", path},
                                  {"Type", "blob"},
                                  {"Size", content.size()},
                                  {"Sha256", sha256(content)},
                                  {"Revision", commit}}));
      }
      return json_reply(
          object({{"Code", 200},
                  {"Success", true},
                  {"Data", object({{"Files", std::move(entries)},
                                   {"LatestCommitter", object({{"Id", commit}})}})}}));
    }
    if (request.target.starts_with(base + "/files")) {
      return json_reply(object({{"Code", 200}, {"Data", object({{"Files", nullptr}})}}));
    }
    const std::string prefix = base + "?Revision=master&FilePath=";
    const auto file =
        files.find(request.target.substr(std::min(prefix.size(), request.target.size())));
    const bool ours = request.target.starts_with(prefix) && file != files.end();
    return ours ? serve_file(request, file->second) : Reply{.status = 404};
  }
};

class SourcesTest : public PullTest {
 protected:
  SourcesTest() {
    hub.files = {{"README.md", "hello"},
                 {"own-Q8_0.gguf", content_of(9000, 8)},
                 {"own-Q4_K_M.gguf", content_of(5000, 4)}};
  }

  // A program of that name first in PATH.
  void install(const std::string& name, const std::string& script) {
    const auto folder_of_programs = folder / "bin";
    std::filesystem::create_directories(folder_of_programs);
    std::ofstream(folder_of_programs / name) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(folder_of_programs / name, std::filesystem::perms::owner_all);
  }
  // An archive as package clients bring it.
  std::string make_archive(const std::string& name, bool zip,
                           const std::vector<std::pair<std::string, std::string>>& members) {
    const std::string path = (folder / name).string();
    struct ::archive* writer = ::archive_write_new();
    if (zip) ::archive_write_set_format_zip(writer);
    if (!zip) ::archive_write_set_format_pax_restricted(writer);
    if (!zip) ::archive_write_add_filter_gzip(writer);
    EXPECT_EQ(::archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
    for (const auto& [member, content] : members) {
      struct ::archive_entry* entry = ::archive_entry_new();
      ::archive_entry_set_pathname(entry, member.c_str());
      ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
      ::archive_entry_set_filetype(entry, AE_IFREG);
      ::archive_entry_set_perm(entry, 0644);
      ::archive_write_header(writer, entry);
      ::archive_write_data(writer, content.data(), content.size());
      ::archive_entry_free(entry);
    }
    ::archive_write_free(writer);
    return path;
  }

  FakeHub hub;
  const std::string home = (folder / "nobody").string();
  Setting home_setting{"HOME", home};
  Setting hf_home_setting{"HF_HOME", home};
  Setting token_setting{"HF_TOKEN", ""};
  Setting path_setting{"PATH", (folder / "bin").string() + ":/usr/bin:/bin"};
};

TEST_F(SourcesTest, PullsFromHuggingFacePinnedToTheCommit) {
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto receipt = pull(store, "hf:own/model:Q4_K_M", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->model, "model-q4_k_m");
  EXPECT_EQ(receipt->revision, commit);
  EXPECT_EQ(receipt->license, "apache-2.0");
  EXPECT_EQ(receipt->mirror, server.url());
  EXPECT_EQ(receipt->source, "hf:own/model:Q4_K_M");
  EXPECT_EQ(stored(*receipt), content_of(5000, 4));
  EXPECT_EQ(store.path_of(*receipt)->extension(), ".gguf");
}

TEST_F(SourcesTest, PullsFromModelScope) {
  MisbehavingServer server([&](const SeenRequest& r) { return hub.modelscope(r); });
  const Setting endpoint("MODELSCOPE_ENDPOINT", server.url());
  const Setting token("MODELSCOPE_API_TOKEN", "sesame");
  const auto receipt = pull(store, "modelscope:own/model:own-Q8_0.gguf", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->revision, commit);
  EXPECT_EQ(stored(*receipt), content_of(9000, 8));
  EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer sesame");
  EXPECT_EQ(server.requests()[0].header("cookie"), "m_session_id=sesame");
}

TEST_F(SourcesTest, SaysWhenModelScopeKnowsNoSuchRevision) {
  MisbehavingServer server([&](const SeenRequest& r) { return hub.modelscope(r); });
  const Setting endpoint("MODELSCOPE_ENDPOINT", server.url());
  const auto receipt = pull(store, "modelscope:own/model@elsewhere", options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(receipt.error().message, HasSubstr("elsewhere"));
}

TEST_F(SourcesTest, ExplainsAGatedRepository) {
  hub.token = "sesame";
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto refused = pull(store, "hf:own/model", options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::absent);
  EXPECT_THAT(refused.error().message, HasSubstr("access denied"));
  EXPECT_THAT(refused.error().hint, HasSubstr("HF_TOKEN"));
  const Setting token("HF_TOKEN", "sesame");
  EXPECT_TRUE(pull(store, "hf:own/model", options));
}

TEST_F(SourcesTest, PullsADirectoryOfSafetensorsWithoutCodeAndPickles) {
  hub.files = {{"config.json", "{}"},
               {"tokenizer.json", "{}"},
               {"model.safetensors", "weights"},
               {"modeling_own.py", "import os"},
               {"pytorch_model.bin", "pickle"},
               {"onnx/model.onnx", "x"},
               {"README.md", "hello"}};
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto receipt = pull(store, "hf:own/model", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  std::vector<std::string> names;
  for (const StoredFile& file : receipt->files) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("config.json", "model.safetensors", "tokenizer.json"));
  const auto path = store.path_of(*receipt);
  ASSERT_TRUE(path);
  EXPECT_EQ(*read_file(*path / "model.safetensors", 100), "weights");
}

TEST_F(SourcesTest, PullsAllPartsOfASplitModel) {
  hub.files = {{"Q4/big-Q4_K_M-00001-of-00002.gguf", content_of(3000, 1)},
               {"Q4/big-Q4_K_M-00002-of-00002.gguf", content_of(2000, 2)},
               {"big-Q8_0.gguf", content_of(100, 3)}};
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto receipt = pull(store, "hf:own/model:q4_k_m", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  ASSERT_THAT(receipt->files, SizeIs(2));
  EXPECT_EQ(store.path_of(*receipt)->filename(), "big-Q4_K_M-00001-of-00002.gguf");
  EXPECT_EQ(stored(*receipt, 1), content_of(2000, 2));
}

TEST_F(SourcesTest, ResumesBetweenTheFilesOfOneModel) {
  hub.files = {{"big-Q4_K_M-00001-of-00002.gguf", content_of(300'000, 1)},
               {"big-Q4_K_M-00002-of-00002.gguf", content_of(300'000, 2)}};
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  listener.on_progress = [&](const Progress& now) {
    if (now.what == "fetching big-Q4_K_M-00002-of-00002.gguf") cancelled = true;
  };
  const auto interrupted = pull(store, "hf:own/model", options);
  ASSERT_FALSE(interrupted);
  ASSERT_EQ(interrupted.error().code, ErrorCode::interrupted);
  cancelled = false;
  listener.on_progress = {};
  server.forget_requests();
  const auto receipt = pull(store, "hf:own/model", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  for (const SeenRequest& r : server.requests()) EXPECT_THAT(r.target, Not(HasSubstr("00001-of")));
  EXPECT_EQ(stored(*receipt, 0), content_of(300'000, 1));
  EXPECT_EQ(stored(*receipt, 1), content_of(300'000, 2));
}

TEST_F(SourcesTest, ListsWhatThereIsWhenTheQuantizationIsNot) {
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto receipt = pull(store, "hf:own/model:Q2_K", options);
  ASSERT_FALSE(receipt);
  EXPECT_THAT(receipt.error().hint, HasSubstr("own-Q4_K_M.gguf"));
}

TEST_F(SourcesTest, RefusesAHubThatListsFilesOutsideTheModel) {
  hub.files = {{"../../evil.gguf", content_of(10)}};
  MisbehavingServer server([&](const SeenRequest& r) { return hub.huggingface(r); });
  const Setting endpoint("HF_ENDPOINT", server.url());
  const auto receipt = pull(store, "hf:own/model", options);
  // The base name is all that is used of it, and the hub has no such file to give.
  EXPECT_FALSE(receipt);
  EXPECT_FALSE(std::filesystem::exists(folder.parent_path() / "evil.gguf"));
}

TEST_F(SourcesTest, UnpacksAWheelThatPipDownloaded) {
  const std::string content = content_of(20'000);
  const std::string wheel = make_archive("tiny-1.2-py3-none-any.whl", true,
                                         {{"tiny/__init__.py", "raise"}, {"tiny/m.gguf", content}});
  install("python3", fmt::format("case \"$*\" in *--version*) echo 'pip 99.1 from /x';; *)\n"
                                 "while [ \"$1\" != --dest ]; do shift; done\n"
                                 "cp {} \"$2\"; echo \"$3\" > {}/asked;; esac\n",
                                 wheel, folder.string()));
  const auto receipt = pull(store, "pypi:tiny==1.2/tiny/m.gguf", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->client, "pip 99.1");
  EXPECT_EQ(receipt->revision, "1.2");
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_EQ(*read_file(folder / "asked", 100), "tiny==1.2\n");
  EXPECT_FALSE(anything_under("pulls"));
}

TEST_F(SourcesTest, TriesTheNextSpellingOfPipWhenOneIsMissing) {
  const std::string content = content_of(2000);
  const std::string wheel = make_archive("tiny-1.2.whl", true, {{"m.gguf", content}});
  install("python3", "echo 'python3: No module named pip' >&2; exit 1\n");
  install("pip3", fmt::format("case \"$*\" in *--version*) echo 'pip 3';; *)\n"
                              "while [ \"$1\" != --dest ]; do shift; done\ncp {} \"$2\";; esac\n",
                              wheel));
  const auto receipt = pull(store, "pypi:tiny==1.2/m.gguf", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(stored(*receipt), content);
}

TEST_F(SourcesTest, JoinsThePartsOfTwoTarballsFromNpm) {
  const std::string content = content_of(30'000);
  make_archive("a.tgz", false, {{"package/model.part", content.substr(0, 17'000)}});
  make_archive("b.tgz", false, {{"package/model.part", content.substr(17'000)}});
  install("npm", fmt::format("case $1 in --version) echo 10.1;; pack)\n"
                             "cp {0}/${{2%@*}}.tgz $4; echo $2 >> {0}/asked;; esac\n",
                             folder.string()));
  const std::string target = "npm:a@0.1.0/package/model.part+npm:b@0.1.0/package/model.part";
  options.name = "joined";
  const auto receipt = pull(store, target, options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->model, "joined");
  EXPECT_EQ(receipt->client, "npm 10.1");
  EXPECT_EQ(stored(*receipt), content);
  EXPECT_EQ(*read_file(folder / "asked", 100), "a@0.1.0\nb@0.1.0\n");
}

TEST_F(SourcesTest, ShowsWhatThePackageClientComplainedAbout) {
  install("npm", "echo 'npm ERR! 404 no such package' >&2; exit 1\n");
  const auto receipt = pull(store, "npm:a@0.1.0/package/model.part", options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(receipt.error().message, HasSubstr("404 no such package"));
  EXPECT_FALSE(anything_under("pulls"));
}

TEST_F(SourcesTest, RefusesAnArchiveWithoutTheMember) {
  make_archive("a.tgz", false, {{"package/../model.part", "GGUF"}, {"/model.part", "GGUF"}});
  install("npm", fmt::format("case $1 in pack) cp {0}/a.tgz $4;; esac\n", folder.string()));
  const auto receipt = pull(store, "npm:a@0.1.0/model.part", options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::invalid);
  EXPECT_THAT(receipt.error().message, HasSubstr("has no model.part"));
}

TEST_F(SourcesTest, RefusesWhatIsNoArchive) {
  install("npm", "case $1 in pack) echo nonsense > $4/a.tgz;; esac\n");
  const auto receipt = pull(store, "npm:a@0.1.0/model.part", options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::invalid);
}

TEST_F(SourcesTest, EndsThePackageClientWhenInterrupted) {
  install("npm", fmt::format("echo $$ > {}/pid; sleep 60 & wait\n", folder.string()));
  listener.on_progress = [&](const Progress&) {
    cancelled = std::filesystem::exists(folder / "pid");
  };
  const Duration begin = Clock::system().now();
  const auto receipt = pull(store, "npm:a@0.1.0/model.part", options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::interrupted);
  EXPECT_LT(Clock::system().now() - begin, std::chrono::seconds(5));
  const int process = std::stoi(*read_file(folder / "pid", 100));
  EXPECT_NE(::kill(process, 0), 0);
}

TEST_F(SourcesTest, GivesArgumentsToAChildAsTheyAre) {
  const auto outcome =
      run_child({{"printf", "%s|", "$HOME", "a b", "; rm -rf x", "*"}, {}}, nullptr);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "$HOME|a b|; rm -rf x|*|");
}

TEST_F(SourcesTest, CopiesALocalFileAndLeavesItAlone) {
  const auto path = folder / "Local Model.gguf";
  ASSERT_TRUE(replace_file(path, content_of(1000)));
  const auto receipt = pull(store, "file:" + path.string(), options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->model, "local-model");
  EXPECT_EQ(stored(*receipt), content_of(1000));
  EXPECT_EQ(*read_file(path, 2000), content_of(1000));
}

TEST_F(SourcesTest, SaysWhichLocalFileIsMissing) {
  const auto receipt = pull(store, "file:" + (folder / "nothing.gguf").string(), options);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(receipt.error().message, HasSubstr("nothing.gguf"));
}

TEST_F(SourcesTest, FallsThroughToThePackageDoorWhenTheHubsAreSilent) {
  const SilentServer one, two;
  const Setting hf("HF_ENDPOINT", one.url());
  const Setting modelscope("MODELSCOPE_ENDPOINT", two.url());
  options.http.connect_timeout = std::chrono::milliseconds(300);
  const Duration begin = Clock::system().now();
  const auto receipt = pull(store, "qwen3-0.6b", options);
  EXPECT_LT(Clock::system().now() - begin, std::chrono::seconds(3));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::absent);
  EXPECT_THAT(listener.notes, SizeIs(Catalogue::builtin().find("qwen3-0.6b")->sources.size()));
  for (const std::string& note : listener.notes) EXPECT_THAT(note, HasSubstr("left "));
}

TEST_F(SourcesTest, TakesTheNextMirrorWhenOneHasOtherContent) {
  hub.files = {{"Qwen3-0.6B-Q4_K_M.gguf", content_of(5000)}};
  hub.repository = "unsloth/Qwen3-0.6B-GGUF";
  MisbehavingServer bad([&](const SeenRequest& r) {
    Reply reply = hub.huggingface(r);
    if (reply.status == 206) reply.body[10] = static_cast<char>(reply.body[10] + 1);
    return reply;
  });
  MisbehavingServer good([&](const SeenRequest& r) { return hub.modelscope(r); });
  const Setting hf("HF_ENDPOINT", bad.url());
  const Setting modelscope("MODELSCOPE_ENDPOINT", good.url());
  const auto receipt = pull(store, "qwen3-0.6b", options);
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->mirror, good.url());
  EXPECT_EQ(receipt->license, "Apache-2.0");
  EXPECT_EQ(stored(*receipt), content_of(5000));
  EXPECT_THAT(listener.notes, Contains(HasSubstr("wrong digest")));
}

TEST_F(SourcesTest, KeepsANameForTheSourceThatHasIt) {
  MisbehavingServer server([&](const SeenRequest& r) { return serve_file(r, content_of(100)); });
  ASSERT_TRUE(pull(store, server.url("/one/m.gguf"), options));
  const auto second = pull(store, server.url("/two/m.gguf"), options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::usage);
  options.force = true;
  EXPECT_TRUE(pull(store, server.url("/two/m.gguf"), options));
}

}  // namespace
}  // namespace freehold::hub
