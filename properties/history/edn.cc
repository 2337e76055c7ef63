#include "properties/history/edn.h"

#include <charconv>

#include "reference/api/json.h"

namespace kp::history {

namespace {

constexpr size_t kMaxDepth = 200;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ','; }
bool EndsToken(char c) {
  return IsBlank(c) || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '"' || c == ';';
}

Status Bad(std::string_view why) { return {Code::kInvalidArgument, std::string(why)}; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  std::string_view rest() const { return text_; }

  void SkipBlanks() {
    while (!text_.empty()) {
      if (IsBlank(text_[0])) {
        text_.remove_prefix(1);
      } else if (text_[0] == ';') {
        text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
      } else {
        return;
      }
    }
  }

  Result<api::Value> Form(size_t depth) {
    SkipBlanks();
    if (text_.empty()) return Bad("ends inside a form");
    if (depth > kMaxDepth) return Bad("is nested too deeply");
    char first = text_[0];
    if (first == '"') return String();
    if (first == '[') return List(']', depth);
    if (first == '(') return List(')', depth);
    if (first == '{') return Map(depth);
    if (first == '#') return Tagged(depth);
    if (first == ']' || first == ')' || first == '}') return Bad(std::string("has a lone ") + first);
    if (first == '\\') return Bad("has a character, which histories do not");
    return Token();
  }

 private:
  Result<api::Value> List(char close, size_t depth) {
    text_.remove_prefix(1);
    std::vector<api::Value> items;
    for (;;) {
      SkipBlanks();
      if (text_.empty()) return Bad(std::string("lacks a closing ") + close);
      if (text_[0] == close) break;
      Result<api::Value> item = Form(depth + 1);
      if (!item.ok()) return item;
      items.push_back(*std::move(item));
    }
    text_.remove_prefix(1);
    return api::Value::Array(std::move(items));
  }

  Result<api::Value> Map(size_t depth) {
    Result<api::Value> flat = List('}', depth);
    if (!flat.ok()) return flat;
    if (flat->size() % 2 != 0) return Bad("has a map with a key without value");
    std::vector<api::Member> members;
    for (size_t i = 0; i < flat->size(); i += 2) {
      const api::Value& key = (*flat)[i];
      std::string text = key.is_string() ? key.str() : api::ToJson(key);
      members.push_back({api::Key(text), (*flat)[i + 1]});
    }
    return api::Value::Object(std::move(members));
  }

  Result<api::Value> Tagged(size_t depth) {
    text_.remove_prefix(1);
    if (text_.empty()) return Bad("ends inside a tag");
    if (text_[0] == '{') return List('}', depth);
    if (text_[0] == '_') {
      text_.remove_prefix(1);
      if (Result<api::Value> left_out = Form(depth + 1); !left_out.ok()) return left_out;
      return Form(depth + 1);
    }
    while (!text_.empty() && !EndsToken(text_[0])) text_.remove_prefix(1);
    return Form(depth + 1);
  }

  Result<api::Value> String() {
    size_t end = 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return Bad("lacks a closing quote");
    Result<api::Value> value = api::ParseJson(text_.substr(0, end + 1));
    text_.remove_prefix(end + 1);
    return value;
  }

  Result<api::Value> Token() {
    size_t end = 0;
    while (end < text_.size() && !EndsToken(text_[end])) ++end;
    std::string_view token = text_.substr(0, end);
    text_.remove_prefix(end);
    if (token == "nil") return api::Value();
    if (token == "true") return api::Value(true);
    if (token == "false") return api::Value(false);
    if (token[0] == ':') return api::Value(token.substr(1));
    std::string_view digits = token[0] == '+' ? token.substr(1) : token;
    if (!digits.empty() && digits.back() == 'N') digits.remove_suffix(1);
    int64_t integer = 0;
    auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (error == std::errc() && at == digits.data() + digits.size()) return api::Value(integer);
    double real = 0;
    auto [until, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), real);
    if (wrong == std::errc() && until == digits.data() + digits.size()) return api::Value(real);
    return api::Value(token);  // a symbol
  }

  std::string_view text_;
};

void Append(std::string& out, const api::Value& value) {
  if (value.is_object()) {
    out += '{';
    for (const api::Member& member : value.members()) {
      if (out.back() != '{') out += ", ";
      out.append(":").append(member.key.text()).append(" ");
      Append(out, member.value);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (const api::Value& item : value.items()) {
      if (out.back() != '[') out += ' ';
      Append(out, item);
    }
    out += ']';
  } else if (value.is_null()) {
    out += "nil";
  } else {
    api::AppendJson(out, value);
  }
}

}  // namespace

Result<api::Value> TakeEdn(std::string_view& text) {
  Reader reader(text);
  reader.SkipBlanks();
  if (reader.rest().empty()) {
    text = {};
    return Status(Code::kOutOfRange, "nothing is left");
  }
  Result<api::Value> value = reader.Form(0);
  text = reader.rest();
  return value;
}

std::string ToEdn(const api::Value& value) {
  std::string out;
  Append(out, value);
  return out;
}

}  // namespace kp::history
