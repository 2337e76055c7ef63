#include "reference/api/selector.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

// At commas that no backslash precedes.
std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

Result<std::string> Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\') {
      if (++i == text.size())
        return Status(Code::kInvalidArgument, "invalid field selector: invalid escape sequence: \\");
      c = text[i];
      if (c != '\\' && c != ',' && c != '=') {
        return Status(Code::kInvalidArgument,
                      "invalid field selector: invalid escape sequence: \\" + std::string(1, c));
      }
    } else if (c == ',' || c == '=') {
      return Status(Code::kInvalidArgument,
                    "invalid field selector: unescaped character in value: " + std::string(1, c));
    }
    out += c;
  }
  return out;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == ',' || c == '=') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Result<FieldSelector> FieldSelector::Parse(std::string_view text) {
  FieldSelector selector;
  for (std::string_view term : SplitTerms(text)) {
    if (term.empty()) continue;
    size_t equals = term.find('=');
    if (equals == std::string_view::npos) {
      return Status(Code::kInvalidArgument,
                    "invalid selector: '" + std::string(text) + "'; can't understand '" + std::string(term) + "'");
    }
    bool negated = !KP_MUTANT("field-selector-never-negates") && equals > 0 && term[equals - 1] == '!';
    size_t value_at = equals + 1;
    if (!negated && term.substr(value_at).starts_with('=')) ++value_at;
    Result<std::string> value = Unescape(term.substr(value_at));
    if (!value.ok()) return value.error();
    selector.requirements_.push_back(
        {std::string(term.substr(0, negated ? equals - 1 : equals)), negated, std::move(*value)});
  }
  return selector;
}

const std::string* FieldSelector::Pinned(std::string_view field) const {
  for (const FieldRequirement& requirement : requirements_) {
    if (!requirement.negated && requirement.field == field) return &requirement.value;
  }
  return nullptr;
}

std::string FieldSelector::ToString() const {
  std::vector<std::string> terms;
  for (const FieldRequirement& requirement : requirements_) {
    terms.push_back(requirement.field + (requirement.negated ? "!=" : "=") + Escape(requirement.value));
  }
  return Join(terms, ",");
}

}  // namespace kp::api
