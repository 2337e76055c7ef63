#include "reference/wire/headers.h"

#include <algorithm>

#include "reference/base/strings.h"

namespace kp::wire {

void Headers::Set(std::string_view name, std::string value) {
  Remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return field.first == name; });
}

std::string_view Headers::Get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> Headers::All(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : fields_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [name](const auto& field) { return field.first == name; });
}

Result<Target> ParseTarget(std::string_view target) {
  const Status bad(Code::kInvalidArgument, "malformed request target");
  for (std::string_view scheme : {"http://", "https://"}) {
    std::string_view rest = target;
    if (!ConsumePrefix(rest, scheme)) continue;
    const size_t slash = rest.find_first_of("/?");
    target = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  }
  const size_t mark = target.find('?');
  const std::string_view raw_path = target.substr(0, mark);
  if ((raw_path.empty() || raw_path[0] != '/') && raw_path != "*") return bad;
  Target parsed;
  auto path = PercentDecode(raw_path, false);
  if (!path) return bad;
  parsed.path = std::move(*path);
  if (mark == std::string_view::npos) return parsed;
  for (std::string_view part : Split(target.substr(mark + 1), '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = PercentDecode(part.substr(0, equals), true);
    auto value = PercentDecode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) return bad;
    parsed.query.emplace_back(std::move(*name), std::move(*value));
  }
  return parsed;
}

}  // namespace kp::wire
