#include "cli/line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <iostream>

namespace freehold::cli {
namespace {

constexpr int history_lines = 1000;

}  // namespace

struct LineEditor::State {
  std::filesystem::path history_path;
  EditLine* editor = nullptr;  // only at a terminal
  History* lines = nullptr;
  std::string prompt;
  bool interrupted = false;

  // libedit calls plain functions; its client data leads back here.
  static State& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }
  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }
  static unsigned char on_interrupt(EditLine* editor, int) {
    of(editor).interrupted = true;
    return CC_EOF;
  }

  void open() {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    editor = el_init("freehold", stdin, stdout, stderr);
    lines = history_init();
    if (editor == nullptr || lines == nullptr) return;
    HistEvent event;
    history(lines, &event, H_SETSIZE, history_lines);
    history(lines, &event, H_SETUNIQUE, 1);
    if (!history_path.empty()) history(lines, &event, H_LOAD, history_path.c_str());
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_PROMPT, &show_prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, ::history, lines);
    // While a line is edited Ctrl-C is a key of ours, not a signal.
    el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
    el_set(editor, EL_ADDFN, "freehold-interrupt", "abandon the line", &on_interrupt);
    el_set(editor, EL_BIND, "^C", "freehold-interrupt", nullptr);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }

  void close() {
    HistEvent event;
    if (lines != nullptr && !history_path.empty()) {
      history(lines, &event, H_SAVE, history_path.c_str());
    }
    if (lines != nullptr) history_end(lines);
    if (editor != nullptr) el_end(editor);
  }

  Got edit(std::string& line) {
    interrupted = false;
    int count = 0;
    const char* text = el_gets(editor, &count);
    if (interrupted) {
      el_set(editor, EL_UNBUFFERED, 0);
      std::fputs("\n", stdout);
      return Got::interrupted;
    }
    if (text == nullptr || count <= 0) return Got::end;
    line.assign(text, static_cast<std::size_t>(count));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    HistEvent event;
    if (!line.empty()) history(lines, &event, H_ENTER, line.c_str());
    return Got::line;
  }
};

LineEditor::LineEditor(std::filesystem::path history_path) : state_(std::make_unique<State>()) {
  state_->history_path = std::move(history_path);
  if (::isatty(STDIN_FILENO) == 1) state_->open();
}

LineEditor::~LineEditor() {
  state_->close();
}

LineEditor::Got LineEditor::read(const std::string& prompt, std::string& line) {
  state_->prompt = prompt;
  if (state_->editor != nullptr && state_->lines != nullptr) return state_->edit(line);
  return std::getline(std::cin, line) ? Got::line : Got::end;
}

}  // namespace freehold::cli
