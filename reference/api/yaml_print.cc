#include <algorithm>

#include "reference/api/json.h"
#include "reference/api/yaml.h"
#include "reference/api/yaml_scalar.h"

// The layout and the choice of quotes are go-yaml v2's (emitterc.go), so that output can be compared
// with kubectl's.

namespace kp::api {
namespace {

enum class Style : unsigned char { kPlain, kSingleQuoted, kDoubleQuoted, kLiteral };

unsigned char Byte(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

size_t Width(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

// go-yaml knows no characters beyond U+FFFF as printable.
bool IsPrintable(std::string_view text, size_t at) {
  unsigned char a = Byte(text, at);
  unsigned char b = Byte(text, at + 1);
  unsigned char c = Byte(text, at + 2);
  if (a == '\n' || (a >= 0x20 && a <= 0x7e)) return true;
  if (a == 0xc2) return b >= 0xa0;
  // U+2028 and U+2029 are line breaks.
  if (a == 0xe2 && b == 0x80 && (c == 0xa8 || c == 0xa9)) return false;
  if (a > 0xc2 && a < 0xed) return true;
  if (a == 0xed) return b < 0xa0;
  if (a == 0xee) return true;
  return a == 0xef && !(b == 0xbb && c == 0xbf) && !(b == 0xbf && (c == 0xbe || c == 0xbf));
}

bool IsBlankOrEnd(std::string_view text, size_t at) {
  return at >= text.size() || text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r';
}

// What a text allows.
struct Analysis {
  bool lines = false;       // has line breaks
  bool indicators = false;  // would read as syntax when plain
  bool special = false;     // needs escapes
  bool space_before_break = false;
  bool break_before_space = false;
  bool leading_blank = false;
  bool trailing_blank = false;
  bool trailing_space = false;
};

Analysis Analyze(std::string_view text) {
  Analysis found;
  found.indicators = text.starts_with("---") || text.starts_with("...");
  for (size_t i = 0; i < text.size(); i += Width(Byte(text, i))) {
    char c = text[i];
    bool ends_word = IsBlankOrEnd(text, i + 1);
    if (i == 0) {
      if (std::string_view("#,[]{}&*!|>'\"%@`").find(c) != std::string_view::npos) found.indicators = true;
      if ((c == '?' || c == ':' || c == '-') && ends_word) found.indicators = true;
    } else {
      if (c == ':' && ends_word) found.indicators = true;
      if (c == '#' && IsBlankOrEnd(text, i - 1)) found.indicators = true;
    }
    if (!IsPrintable(text, i)) found.special = true;
    if (c == '\n') {
      found.lines = true;
      if (i > 0 && text[i - 1] == ' ') found.space_before_break = true;
    }
    if (c == ' ' && i > 0 && text[i - 1] == '\n') found.break_before_space = true;
  }
  found.leading_blank = text.starts_with(' ') || text.starts_with('\n');
  found.trailing_space = text.ends_with(' ');
  found.trailing_blank = found.trailing_space || text.ends_with('\n');
  return found;
}

Style ChooseStyle(std::string_view text, bool is_key) {
  Analysis found = Analyze(text);
  bool escapes = found.special || found.space_before_break;
  if (found.lines) {
    return escapes || found.trailing_space || is_key ? Style::kDoubleQuoted : Style::kLiteral;
  }
  if (NeedsQuotes(text) || escapes) return Style::kDoubleQuoted;
  bool plain = !found.indicators && !found.leading_blank && !found.trailing_blank;
  return plain ? Style::kPlain : Style::kSingleQuoted;
}

void AppendHex(std::string& out, uint32_t code, int digits) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 15];
}

uint32_t Decode(std::string_view text, size_t at, size_t width) {
  uint32_t code = Byte(text, at);
  if (width > 1) code &= 0xffU >> (width + 1);
  for (size_t i = 1; i < width; ++i) code = (code << 6) | (Byte(text, at + i) & 0x3fU);
  return code;
}

void AppendDoubleQuoted(std::string& out, std::string_view text) {
  // Go: \a \b \t \n \v \f \r for 7 to 13.
  static constexpr std::string_view kShort = "abtnvfr";
  out += '"';
  for (size_t i = 0; i < text.size();) {
    size_t width = Width(Byte(text, i));
    char c = text[i];
    if (IsPrintable(text, i) && c != '"' && c != '\\' && c != '\n') {
      out.append(text, i, width);
    } else {
      uint32_t code = Decode(text, i, width);
      out += '\\';
      if (c == '"' || c == '\\') {
        out += c;
      } else if (code >= 7 && code <= 13) {
        out += kShort[code - 7];
      } else if (code == 0) {
        out += '0';
      } else if (code == 0x1b) {
        out += 'e';
      } else if (code < 0x100) {
        out += 'x';
        AppendHex(out, code, 2);
      } else if (code < 0x10000) {
        out += 'u';
        AppendHex(out, code, 4);
      } else {
        out += 'U';
        AppendHex(out, code, 8);
      }
    }
    i += width;
  }
  out += '"';
}

void AppendSingleQuoted(std::string& out, std::string_view text) {
  out += '\'';
  for (char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

void AppendLiteral(std::string& out, std::string_view text, size_t indent) {
  out += '|';
  if (text.starts_with(' ') || text.starts_with('\n')) out += '2';
  bool ends = text.ends_with('\n');
  if (!ends) {
    out += '-';
  } else if (text.size() == 1 || text.ends_with("\n\n")) {
    out += '+';
  }
  if (ends) text.remove_suffix(1);
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    out += '\n';
    if (end > at) {
      out.append(indent, ' ');
      out.append(text, at, end - at);
    }
    at = end + 1;
  }
}

void AppendText(std::string& out, std::string_view text, size_t indent, bool is_key) {
  switch (ChooseStyle(text, is_key)) {
    case Style::kPlain: out += text; break;
    case Style::kSingleQuoted: AppendSingleQuoted(out, text); break;
    case Style::kDoubleQuoted: AppendDoubleQuoted(out, text); break;
    case Style::kLiteral: AppendLiteral(out, text, indent); break;
  }
}

// go-yaml's order of keys: letters after all else, numbers by their value ("a2" before "a10").
bool KeyLess(std::string_view a, std::string_view b) {
  auto is_letter = [](unsigned char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  auto is_digit = [](unsigned char c) { return c >= '0' && c <= '9'; };
  size_t common = std::min(a.size(), b.size());
  size_t at = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(common), b.begin()).first - a.begin());
  if (at == common) return a.size() < b.size();
  unsigned char left = Byte(a, at);
  unsigned char right = Byte(b, at);
  bool left_letter = is_letter(left) || left >= 0x80;
  bool right_letter = is_letter(right) || right >= 0x80;
  if (left_letter && right_letter) return left < right;
  if (left_letter || right_letter) return right_letter;
  // A zero inside a number does not begin one.
  bool inside = false;
  if (left == '0' || right == '0') {
    for (size_t i = at; i > 0 && is_digit(Byte(a, i - 1)); --i) inside = inside || a[i - 1] != '0';
  }
  auto number = [&](std::string_view text, size_t& end) {
    uint64_t value = inside ? 1 : 0;
    for (end = at; end < text.size() && is_digit(Byte(text, end)); ++end) {
      value = value * 10 + static_cast<uint64_t>(text[end] - '0');
    }
    return value;
  };
  size_t left_end = 0;
  size_t right_end = 0;
  uint64_t left_number = number(a, left_end);
  uint64_t right_number = number(b, right_end);
  if (left_number != right_number) return left_number < right_number;
  if (left_end != right_end) return left_end < right_end;
  return left < right;
}

bool IsBlock(const Value& value) { return value.size() > 0; }

void AppendSequence(std::string& out, const Value& value, size_t indent);

// `first_in_place`: the first line is already indented, behind the "- " of a sequence.
void AppendMapping(std::string& out, const Value& value, size_t indent, bool first_in_place);

void AppendScalar(std::string& out, const Value& value, size_t indent) {
  if (value.is_string()) {
    AppendText(out, value.AsString(), indent, false);
  } else {
    AppendJson(out, value);  // {} and [] included
  }
  out += '\n';
}

void AppendMapping(std::string& out, const Value& value, size_t indent, bool first_in_place) {
  std::vector<const Member*> members;
  for (const Member& member : value.members()) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) { return KeyLess(a->key.text(), b->key.text()); });
  for (const Member* member : members) {
    if (!std::exchange(first_in_place, false)) out.append(indent, ' ');
    AppendText(out, member->key.text(), indent, true);
    out += ':';
    const Value& inner = member->value;
    if (!IsBlock(inner)) {
      out += ' ';
      AppendScalar(out, inner, indent + 2);
    } else if (inner.is_object()) {
      out += '\n';
      AppendMapping(out, inner, indent + 2, false);
    } else {
      out += '\n';
      out.append(indent, ' ');
      AppendSequence(out, inner, indent);
    }
  }
}

// The first line is in place.
void AppendSequence(std::string& out, const Value& value, size_t indent) {
  bool first = true;
  for (const Value& item : value.items()) {
    if (!std::exchange(first, false)) out.append(indent, ' ');
    out += "- ";
    if (!IsBlock(item)) {
      AppendScalar(out, item, indent + 2);
    } else if (item.is_object()) {
      AppendMapping(out, item, indent + 2, true);
    } else {
      AppendSequence(out, item, indent + 2);
    }
  }
}

}  // namespace

std::string ToYaml(const Value& value) {
  std::string out;
  if (!IsBlock(value)) {
    AppendScalar(out, value, 2);
  } else if (value.is_object()) {
    AppendMapping(out, value, 0, false);
  } else {
    AppendSequence(out, value, 0);
  }
  return out;
}

}  // namespace kp::api
