#include "conformance/known_deviations.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "conformance/catalogue.h"
#include "reference/base/strings.h"

namespace kp::conformance {

// Generated from conformance/expected/*.yaml (kp_embed).
std::vector<CatalogueFile> EmbeddedDeviations();

namespace {

using reports::Outcome;

constexpr std::string_view kDay = "2006-01-02";

KnownDeviation ReadOne(const YAML::Node& item, const std::string& where, std::vector<std::string>& problems) {
  KnownDeviation expected;
  const std::pair<const char*, std::string*> fields[] = {{"id", &expected.id},
                                                         {"target", &expected.target},
                                                         {"reason", &expected.reason},
                                                         {"link", &expected.link},
                                                         {"expires", &expected.expires}};
  if (!item.IsMap()) {
    problems.push_back(where + "must be a mapping");
    return expected;
  }
  for (const auto& [key, into] : fields) {
    const YAML::Node value = item[key];
    if (value && value.IsScalar()) *into = Trim(value.Scalar());
    if (into->empty()) problems.push_back(where + key + " is missing");
  }
  for (const auto& pair : item) {
    const std::string key = pair.first.Scalar();
    if (std::ranges::none_of(fields, [&](const auto& field) { return key == field.first; })) {
      problems.push_back(where + "unknown key '" + key + "'");
    }
  }
  if (!BuiltinCatalogue().entries.contains(expected.id)) problems.push_back(where + "no behaviour " + expected.id);
  if (expected.expires.size() != kDay.size()) problems.push_back(where + "expires must look like 2027-12-31");
  return expected;
}

}  // namespace

Result<std::vector<KnownDeviation>> ParseDeviations(std::string_view file, std::string_view yaml) {
  YAML::Node root;
  try {
    root = YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& error) {
    return Status(Code::kInvalidArgument, std::string(file) + ": " + error.what());
  }
  if (!root.IsSequence()) return Status(Code::kInvalidArgument, std::string(file) + ": must be a list");
  std::vector<KnownDeviation> list;
  std::vector<std::string> problems;
  for (const YAML::Node& item : root) {
    const std::string where = std::string(file) + ": line " + std::to_string(item.Mark().line + 1) + ": ";
    list.push_back(ReadOne(item, where, problems));
  }
  if (!problems.empty()) return Status(Code::kInvalidArgument, Join(problems, "\n"));
  return list;
}

std::vector<KnownDeviation> BuiltinDeviations(std::string_view version) {
  std::vector<KnownDeviation> known;
  for (const auto& [name, text] : EmbeddedDeviations()) {
    Result<std::vector<KnownDeviation>> list = ParseDeviations(name, text);
    CHECK(list.ok()) << list.status().message();
    for (KnownDeviation& expected : *list) {
      if (expected.target == version) known.push_back(std::move(expected));
    }
  }
  return known;
}

void ApplyDeviations(const std::vector<KnownDeviation>& expected, WallTime now, reports::TestResult& result) {
  const auto known = std::ranges::find(expected, result.id, &KnownDeviation::id);
  if (known == expected.end()) return;
  const std::string why = known->reason + " (" + known->link + ")";
  if (result.outcome == Outcome::kPass) {
    result.outcome = Outcome::kFail;
    result.message = "passed, but was expected to fail: " + why + "; take it from the list";
  } else if (result.outcome == Outcome::kFail) {
    const bool expired = FormatRfc3339(now).substr(0, kDay.size()) > known->expires;
    if (!expired) result.outcome = Outcome::kExpectedFailure;
    result.message = (expired ? "known, but no longer excused since " : "known until ") + known->expires + ": " + why +
                     "\n" + result.message;
  }
}

}  // namespace kp::conformance
