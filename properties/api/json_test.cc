// JSON and YAML text against an independent library and against each other.
#include "reference/api/json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "properties/api/draw.h"
#include "reference/api/yaml.h"

namespace kp::properties {
namespace {

using api::Member;
using api::ParseJson;
using api::ToJson;
using api::Value;
using Oracle = nlohmann::json;

// Numbers by value: a whole double prints like an integer.
bool Same(const Value& value, const Oracle& oracle) {
  switch (value.type()) {
    case Value::Type::kNull: return oracle.is_null();
    case Value::Type::kBool: return oracle.is_boolean() && oracle.get<bool>() == value.AsBool();
    case Value::Type::kInt:
      return (oracle.is_number_integer() && oracle.get<int64_t>() == value.AsInt()) ||
             (oracle.is_number_float() && oracle.get<double>() == value.AsDouble());
    case Value::Type::kDouble: return oracle.is_number() && oracle.get<double>() == value.AsDouble();
    case Value::Type::kString: return oracle.is_string() && oracle.get_ref<const std::string&>() == value.AsString();
    case Value::Type::kArray:
      if (!oracle.is_array() || oracle.size() != value.size()) return false;
      for (size_t i = 0; i < value.size(); ++i) {
        if (!Same(value[i], oracle[i])) return false;
      }
      return true;
    case Value::Type::kObject:
      if (!oracle.is_object() || oracle.size() != value.size()) return false;
      for (const Member& member : value.members()) {
        auto found = oracle.find(std::string(member.key.text()));
        if (found == oracle.end() || !Same(member.value, *found)) return false;
      }
      return true;
  }
  return false;
}

RC_GTEST_PROP(JsonText, AnotherLibraryReadsWhatWePrint, ()) {
  Value value = DrawValue({});
  RC_ASSERT(Same(value, Oracle::parse(ToJson(value))));
  RC_ASSERT(Same(value, Oracle::parse(ToPrettyJson(value))));
}

RC_GTEST_PROP(JsonText, WeReadWhatAnotherLibraryPrints, ()) {
  Value value = DrawValue({});
  bool ascii = DrawInt(0, 1) == 1;
  std::string text = Oracle::parse(ToJson(value)).dump(DrawInt(-1, 3), ' ', ascii);
  Result<Value> read = ParseJson(text);
  RC_ASSERT(read.ok());
  RC_ASSERT(ToJson(*read) == ToJson(value));
}

RC_GTEST_PROP(JsonText, PrintingIsCanonical, ()) {
  Value value = DrawValue({});
  Result<Value> read = ParseJson(ToJson(value));
  RC_ASSERT(read.ok());
  RC_ASSERT(ToJson(*read) == ToJson(value));
  RC_ASSERT(*ParseJson(ToJson(*read)) == *read);
}

// Both accept the same texts, whatever bytes a text lost, gained or had changed.
RC_GTEST_PROP(JsonText, DamagedTextsAreJudgedAlike, ()) {
  std::string text = ToJson(DrawObject({}));
  int damages = DrawInt(1, 3);
  for (int i = 0; i < damages; ++i) {
    auto at = static_cast<size_t>(DrawInt(0, static_cast<int>(text.size())));
    std::string byte(1, "{}[]\",:\\u0e.-+x \n\xc3\xff"[DrawInt(0, 18)]);
    switch (DrawInt(0, 2)) {
      case 0: text.insert(at, byte); break;
      case 1: text.erase(std::min(at, text.size() - 1), 1); break;
      default: text.replace(std::min(at, text.size() - 1), 1, byte);
    }
    if (text.empty()) text = " ";
  }
  // The one difference that is meant: half of a surrogate pair is U+FFFD for us, an error there.
  RC_PRE(text.find("\\u") == std::string::npos);
  std::string shown = text;
  Result<Value> read = ParseJson(text);
  RC_LOG() << shown << " " << read.status().message();
  Oracle expected = Oracle::parse(text, nullptr, false);
  RC_ASSERT(read.ok() == !expected.is_discarded());
  if (read.ok()) RC_ASSERT(Same(*read, expected));
}

RC_GTEST_PROP(YamlText, ReadsBackWhatItPrints, ()) {
  Value value = DrawObject({});
  std::string text = api::ToYaml(value);
  RC_LOG() << text;
  Result<Value> read = api::ParseYaml(text);
  RC_ASSERT(read.ok());
  RC_ASSERT(ToJson(*read) == ToJson(value));
}

}  // namespace
}  // namespace kp::properties
