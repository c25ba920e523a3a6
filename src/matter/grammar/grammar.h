// What an answer must be, compiled: from a JSON Schema, a regular expression, a grammar in GBNF or
// a choice of texts. Fails closed: what cannot be enforced is an error that says what and where,
// never left out. Not the state of an answer: that is a Matcher.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/constraint.h"
#include "freehold/result.h"
#include "grammar/program.h"

namespace freehold::grammar {

class Grammar {
 public:
  // Any JSON object: what OpenAI's json_object promises.
  static Result<Grammar> json();
  // Draft 2020-12. Errors name the keyword and its JSON pointer.
  static Result<Grammar> json_schema(const Value& schema);
  // Of the whole answer. Errors name the byte offset.
  static Result<Grammar> regex(std::string_view pattern);
  // llama.cpp's EBNF; the rule `root` is the answer. Errors name the line.
  static Result<Grammar> gbnf(std::string_view text);
  static Result<Grammar> choice(const std::vector<std::string>& texts);
  // Whichever it is; not for no constraint at all.
  static Result<Grammar> of(const Constraint& constraint);

  const Program& program() const { return program_; }
  // Whether names of members are free, so that none may come twice in an object.
  bool is_json() const { return json_; }

 private:
  Grammar(Program program, bool json) : program_(std::move(program)), json_(json) {}

  Program program_;
  bool json_;
};

}  // namespace freehold::grammar
