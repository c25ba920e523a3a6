#include <gtest/gtest.h>

#include "base/progress.h"
#include "base/table.h"

namespace freehold {
namespace {

TEST(Table, AlignsColumnsByWhatTheTerminalShows) {
  Table table({{"name"}, {"bytes", Table::Align::right}});
  table.add({"通义千问", "5"});
  table.add({"a", "1024"});
  EXPECT_EQ(table.text(), "name      bytes\n通义千问      5\na          1024\n");
}

TEST(Progress, SaysHowFarHowFastAndHowLongStill) {
  const Progress progress("model.gguf", 4096, "B");
  const std::string line = progress.line(1024, std::chrono::seconds(2), 200);
  EXPECT_NE(line.find("25 %"), std::string::npos) << line;
  EXPECT_NE(line.find("512 B/s"), std::string::npos) << line;
  EXPECT_NE(line.find("6 s left"), std::string::npos) << line;
}

TEST(HumanBytes, ShowsThreeDigits) {
  EXPECT_EQ(human_bytes(17), "17 B");
  EXPECT_EQ(human_bytes(1536), "1.50 KiB");
  EXPECT_EQ(human_bytes(std::uint64_t{322591712}), "308 MiB");
}

}  // namespace
}  // namespace freehold
