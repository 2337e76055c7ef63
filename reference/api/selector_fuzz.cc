// Any text is a selector or none; the canonical text of a selector is one that means the same.
#include <cstdint>

#include "reference/api/quantity.h"
#include "reference/api/selector.h"
#include "reference/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kp::api;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  kp::Result<Selector> selector = Selector::Parse(text);
  if (selector.ok()) {
    kp::Result<Selector> again = Selector::Parse(selector->ToString());
    CHECK(again.ok() && again->ToString() == selector->ToString()) << text;
    for (const Value& labels : {Obj({{"a", "b"}}), Obj({{"a", "1"}, {"b", ""}}), Value()}) {
      CHECK(again->Matches(labels) == selector->Matches(labels)) << text;
    }
  }
  kp::Result<FieldSelector> fields = FieldSelector::Parse(text);
  if (fields.ok()) {
    kp::Result<FieldSelector> again = FieldSelector::Parse(fields->ToString());
    CHECK(again.ok() && *again == *fields) << text;
  }
  kp::Result<Quantity> quantity = Quantity::Parse(text);
  if (quantity.ok()) {
    kp::Result<Quantity> again = Quantity::Parse(quantity->ToString());
    CHECK(again.ok() && *again == *quantity) << text;
  }
  return 0;
}
