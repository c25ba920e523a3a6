// Columns of text for a terminal. Not for machines: they use --json.
#pragma once

#include <string>
#include <vector>

namespace freehold {

class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Title line and rows, two spaces between columns, no trailing spaces, each line ended.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Columns a terminal needs for UTF-8 text: wide East Asian characters count two.
std::size_t display_width(const std::string& text);

}  // namespace freehold
