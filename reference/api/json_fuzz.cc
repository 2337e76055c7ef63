// Any bytes are read or refused; what is read prints canonically and reads back the same.
#include <cstdint>

#include "reference/api/json.h"
#include "reference/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::api;
  std::vector<std::string> duplicates;
  kp::Result<Value> value = ParseJson({reinterpret_cast<const char*>(data), size}, {.duplicate_keys = &duplicates});
  if (!value.ok()) return 0;
  std::string text = ToJson(*value);
  duplicates.clear();
  kp::Result<Value> again = ParseJson(text, {.duplicate_keys = &duplicates});
  CHECK(again.ok()) << text;
  CHECK(duplicates.empty()) << text;
  CHECK(ToJson(*again) == text) << text;
  CHECK(ToJson(*ParseJson(ToPrettyJson(*value))) == text) << text;
  return 0;
}
