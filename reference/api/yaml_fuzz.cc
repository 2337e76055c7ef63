// Any bytes are read or refused; what is read prints as YAML that reads back the same.
#include <cstdint>

#include "reference/api/json.h"
#include "reference/api/yaml.h"
#include "reference/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::api;
  std::vector<std::string> duplicates;
  kp::Result<std::vector<Value>> documents =
      ParseYamlDocuments({reinterpret_cast<const char*>(data), size}, {.duplicate_keys = &duplicates});
  if (!documents.ok()) return 0;
  for (const Value& document : *documents) {
    std::string json = ToJson(document);
    // Aliases share nodes in memory, but not in print.
    if (json.size() > 100'000) continue;
    kp::Result<Value> again = ParseYaml(ToYaml(document));
    CHECK(again.ok()) << ToYaml(document);
    CHECK(ToJson(*again) == json) << ToYaml(document);
  }
  return 0;
}
