#include "reference/api/json_pointer.h"

#include "reference/base/strings.h"

namespace kp::api {
namespace {

std::optional<std::string> Unescape(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      out += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    out += token[i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

std::optional<PointerTokens> ParsePointer(std::string_view text) {
  PointerTokens tokens;
  if (text.empty()) return tokens;
  if (text[0] != '/') return std::nullopt;
  for (std::string_view part : Split(text.substr(1), '/')) {
    std::optional<std::string> token = Unescape(part);
    if (!token) return std::nullopt;
    tokens.push_back(std::move(*token));
  }
  return tokens;
}

std::string PointerText(const PointerTokens& tokens) {
  std::string out;
  for (const std::string& token : tokens) {
    out += '/';
    for (char c : token) {
      if (c == '~') {
        out += "~0";
      } else if (c == '/') {
        out += "~1";
      } else {
        out += c;
      }
    }
  }
  return out;
}

std::optional<size_t> PointerIndex(std::string_view token, size_t limit) {
  if (token.empty() || token[0] == '-' || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::optional<int64_t> index = ParseInt(token);
  if (!index || static_cast<size_t>(*index) > limit) return std::nullopt;
  return static_cast<size_t>(*index);
}

const Value* FindPointer(const Value& root, const PointerTokens& tokens) {
  const Value* at = &root;
  for (const std::string& token : tokens) {
    if (at->is_object() && at->Has(token)) {
      at = &(*at)[token];
    } else if (at->is_array() && !at->empty()) {
      std::optional<size_t> index = PointerIndex(token, at->size() - 1);
      if (!index) return nullptr;
      at = &(*at)[*index];
    } else {
      return nullptr;
    }
  }
  return at;
}

}  // namespace kp::api
