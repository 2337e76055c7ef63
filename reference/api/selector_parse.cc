#include <set>

#include "reference/api/names.h"
#include "reference/api/selector.h"
#include "reference/base/strings.h"

// Parser for the text form of label selectors, token by token as upstream's, because its error texts
// name the token that was met.

namespace kp::api {
namespace {

enum class Token : unsigned char {
  kError,
  kEnd,
  kClose,
  kComma,
  kNot,
  kDoubleEquals,
  kEquals,
  kGreater,
  kIdentifier,
  kIn,
  kLess,
  kNotEquals,
  kNotIn,
  kOpen,
};

struct Lexeme {
  Token token = Token::kEnd;
  std::string text;
};

Token SymbolToken(std::string_view text) {
  static constexpr std::pair<std::string_view, Token> kSymbols[] = {
      {")", Token::kClose},         {",", Token::kComma},      {"!", Token::kNot},
      {"==", Token::kDoubleEquals}, {"=", Token::kEquals},     {">", Token::kGreater},
      {"<", Token::kLess},          {"!=", Token::kNotEquals}, {"(", Token::kOpen},
  };
  for (const auto& [symbol, token] : kSymbols) {
    if (symbol == text) return token;
  }
  return Token::kError;
}

bool IsSymbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The longest symbol that starts at `at`; upstream knows none longer than two characters.
Lexeme TakeSymbol(std::string_view text, size_t& at) {
  size_t length = at + 1 < text.size() && SymbolToken(text.substr(at, 2)) != Token::kError ? 2 : 1;
  std::string_view symbol = text.substr(at, length);
  at += length;
  return {SymbolToken(symbol), std::string(symbol)};
}

std::vector<Lexeme> Scan(std::string_view text) {
  std::vector<Lexeme> lexemes;
  size_t at = 0;
  for (;;) {
    while (at < text.size() && IsBlank(text[at])) ++at;
    if (at == text.size()) break;
    if (IsSymbol(text[at])) {
      lexemes.push_back(TakeSymbol(text, at));
      continue;
    }
    size_t start = at;
    while (at < text.size() && !IsSymbol(text[at]) && !IsBlank(text[at])) ++at;
    std::string word(text.substr(start, at - start));
    Token token = word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier;
    lexemes.push_back({token, std::move(word)});
  }
  lexemes.push_back({});
  return lexemes;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(Scan(text)) {}

  Result<Selector> Parse() {
    std::vector<Requirement> requirements;
    for (;;) {
      Token token = Look();
      if (token == Token::kEnd) break;
      if (token != Token::kIdentifier && token != Token::kNot) {
        return Found(Text(), ", expected: !, identifier, or 'end of string'");
      }
      Result<Requirement> requirement = ParseRequirement();
      if (!requirement.ok()) {
        return Status(Code::kInvalidArgument, "unable to parse requirement: " + requirement.error().message());
      }
      requirements.push_back(std::move(*requirement));
      if (Look() == Token::kEnd) break;
      if (Look() != Token::kComma) return Found(Text(), ", expected: ',' or 'end of string'");
      Advance();
      if (Look() != Token::kIdentifier && Look() != Token::kNot) {
        return Found(Text(), ", expected: identifier after ','");
      }
    }
    return Selector::Of(std::move(requirements));
  }

 private:
  static Status Found(const std::string& text, std::string_view expected) {
    return {Code::kInvalidArgument, "found '" + text + "'" + std::string(expected)};
  }

  // "in" and "notin" are words like any other except where an operator stands.
  Token Look() const {
    Token token = lexemes_[at_].token;
    return token == Token::kIn || token == Token::kNotIn ? Token::kIdentifier : token;
  }
  const std::string& Text() const { return lexemes_[at_].text; }
  void Advance() {
    if (at_ + 1 < lexemes_.size()) ++at_;
  }

  Result<Requirement> ParseRequirement() {
    bool negated = Look() == Token::kNot;
    if (negated) Advance();
    if (Look() != Token::kIdentifier) return Found(Text(), ", expected: identifier");
    std::string key = Text();
    Advance();
    NameErrors errors = CheckQualifiedName(key);
    if (!errors.empty()) {
      // The path is nil here in upstream's parser too.
      return Status(Code::kInvalidArgument, "<nil>: Invalid value: " + Quote(key) + ": " + Join(errors, "; "));
    }
    if (Look() == Token::kEnd || Look() == Token::kComma) {
      return Requirement::Make(key, negated ? SelectorOperator::kDoesNotExist : SelectorOperator::kExists, {});
    }
    if (negated) return Requirement::Make(key, SelectorOperator::kDoesNotExist, {});
    return ParseOperation(std::move(key));
  }

  Result<Requirement> ParseOperation(std::string key) {
    SelectorOperator op = SelectorOperator::kEquals;
    bool set = false;
    switch (lexemes_[at_].token) {
      case Token::kIn: op = SelectorOperator::kIn, set = true; break;
      case Token::kNotIn: op = SelectorOperator::kNotIn, set = true; break;
      case Token::kEquals: op = SelectorOperator::kEquals; break;
      case Token::kDoubleEquals: op = SelectorOperator::kDoubleEquals; break;
      case Token::kNotEquals: op = SelectorOperator::kNotEquals; break;
      case Token::kGreater: op = SelectorOperator::kGreaterThan; break;
      case Token::kLess: op = SelectorOperator::kLessThan; break;
      default: return Found(Text(), ", expected: in, notin, =, ==, !=, gt, lt");
    }
    Advance();
    std::set<std::string> values;
    Status status = set ? ParseSet(values) : ParseExact(values);
    if (!status.ok()) return status;
    return Requirement::Make(std::move(key), op, {values.begin(), values.end()});
  }

  // "()" and "(,)" hold the empty value.
  Status ParseSet(std::set<std::string>& values) {
    if (Look() != Token::kOpen) return Found(Text(), " expected: '('");
    Advance();
    if (Look() != Token::kClose && Look() != Token::kComma && Look() != Token::kIdentifier) {
      return Found(Text(), ", expected: ',', ')' or identifier");
    }
    for (;;) {
      std::string value;
      if (Look() == Token::kIdentifier) {
        value = Text();
        Advance();
      }
      values.insert(std::move(value));
      if (Look() == Token::kClose) break;
      if (Look() != Token::kComma) return Found(Text(), ", expected: ',' or ')'");
      Advance();
    }
    Advance();
    return Status::Ok();
  }

  Status ParseExact(std::set<std::string>& values) {
    if (Look() == Token::kEnd || Look() == Token::kComma) {
      values.insert("");
      return Status::Ok();
    }
    if (Look() != Token::kIdentifier) return Found(Text(), ", expected: identifier");
    values.insert(Text());
    Advance();
    return Status::Ok();
  }

  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
};

}  // namespace

Result<Selector> Selector::Parse(std::string_view text) { return Parser(text).Parse(); }

}  // namespace kp::api
