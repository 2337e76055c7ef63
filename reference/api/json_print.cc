#include <array>
#include <charconv>
#include <cmath>

#include "reference/api/json.h"
#include "reference/base/check.h"

namespace kp::api {
namespace {

// What stands after the backslash for a byte that cannot stand for itself; 'u' for a \u00xx, 0 for
// the rest.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> table = {};
  for (size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

void AppendString(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(text, run, i - run);
    run = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  out.append(text, run, text.size() - run);
  out += '"';
}

void AppendInt(std::string& out, int64_t integer) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, integer).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

// As Go's encoding/json: plain decimals between 1e-6 and 1e21, else an exponent without padding.
// A whole double therefore prints like an integer, and as integers have it there is one zero.
void AppendDouble(std::string& out, double real) {
  CHECK(std::isfinite(real)) << "JSON has no such number";
  if (real == 0) {
    out += '0';
    return;
  }
  char digits[400];
  double size = std::fabs(real);
  bool plain = size >= 1e-6 && size < 1e21;
  auto end = std::to_chars(digits, digits + sizeof digits, real,
                           plain ? std::chars_format::fixed : std::chars_format::scientific)
                 .ptr;
  std::string_view text(digits, static_cast<size_t>(end - digits));
  size_t exponent = plain ? std::string_view::npos : text.find("e-0");
  if (exponent != std::string_view::npos) {
    out += text.substr(0, exponent + 2);
    out += text.substr(exponent + 3);
  } else {
    out += text;
  }
}

// `indent` is the number of blanks per level; 0 prints everything on one line.
void Append(std::string& out, const Value& value, size_t indent, size_t level);

void NewLine(std::string& out, size_t indent, size_t level) {
  if (indent == 0) return;
  out += '\n';
  out.append(indent * level, ' ');
}

void AppendArray(std::string& out, const Value& value, size_t indent, size_t level) {
  out += '[';
  bool first = true;
  for (const Value& item : value.items()) {
    if (!first) out += ',';
    first = false;
    NewLine(out, indent, level + 1);
    Append(out, item, indent, level + 1);
  }
  if (!first) NewLine(out, indent, level);
  out += ']';
}

void AppendObject(std::string& out, const Value& value, size_t indent, size_t level) {
  out += '{';
  bool first = true;
  for (const Member& member : value.members()) {
    if (!first) out += ',';
    first = false;
    NewLine(out, indent, level + 1);
    AppendString(out, member.key.text());
    out += indent == 0 ? ":" : ": ";
    Append(out, member.value, indent, level + 1);
  }
  if (!first) NewLine(out, indent, level);
  out += '}';
}

void Append(std::string& out, const Value& value, size_t indent, size_t level) {
  switch (value.type()) {
    case Value::Type::kNull: out += "null"; break;
    case Value::Type::kBool: out += value.AsBool() ? "true" : "false"; break;
    case Value::Type::kInt: AppendInt(out, value.AsInt()); break;
    case Value::Type::kDouble: AppendDouble(out, value.AsDouble()); break;
    case Value::Type::kString: AppendString(out, value.AsString()); break;
    case Value::Type::kArray: AppendArray(out, value, indent, level); break;
    case Value::Type::kObject: AppendObject(out, value, indent, level); break;
  }
}

}  // namespace

void AppendJson(std::string& out, const Value& value) { Append(out, value, 0, 0); }

std::string ToJson(const Value& value) {
  std::string out;
  out.reserve(1024);
  Append(out, value, 0, 0);
  return out;
}

std::string ToPrettyJson(const Value& value) {
  std::string out;
  Append(out, value, 4, 0);
  return out;
}

}  // namespace kp::api
