// YAML text <-> Value, as sigs.k8s.io/yaml does it: plain scalars by the rules of YAML 1.1 (yes, on and
// 010 are a bool, a bool and 8), quoted ones are strings, anchors and merge keys are expanded, and what
// comes out is JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

struct YamlOptions {
  // As JsonOptions: the paths of keys that stand twice in one mapping; the last one wins.
  std::vector<std::string>* duplicate_keys = nullptr;
  size_t max_depth = 256;
};

// The first document; null when there is none. kInvalidArgument: "line 3, column 5: what".
Result<Value> ParseYaml(std::string_view text, const YamlOptions& options = {});
// All documents that are not empty: a manifest file. JSON text is YAML, too.
Result<std::vector<Value>> ParseYamlDocuments(std::string_view text, const YamlOptions& options = {});

// As `kubectl get -o yaml` prints, but long lines are not folded.
std::string ToYaml(const Value& value);

}  // namespace kp::api
