// Laws of the three kinds of patch; JSON patch and merge patch also against an independent library.
#include "reference/api/patch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "properties/api/draw.h"
#include "reference/api/json.h"
#include "reference/api/merge_patch.h"
#include "reference/api/strategic_patch.h"

namespace kp::properties {
namespace {

using api::ApplyJsonPatch;
using api::ApplyMergePatch;
using api::ApplyStrategicPatch;
using api::Arr;
using api::Key;
using api::Member;
using api::Obj;
using api::ParseJson;
using api::ToJson;
using api::Value;
using Oracle = nlohmann::json;

// The other library holds 1 and 1.0 equal, so no doubles.
constexpr DrawOptions kNoDoubles = {.depth = 3, .doubles = false};
constexpr DrawOptions kNoNulls = {.depth = 3, .doubles = false, .nulls = false};

Oracle ToOracle(const Value& value) { return Oracle::parse(ToJson(value)); }
Value FromOracle(const Oracle& oracle) { return *ParseJson(oracle.dump()); }

RC_GTEST_PROP(MergePatchLaws, AsAnotherLibraryDoesIt, ()) {
  Value target = DrawValue(kNoDoubles);
  Value patch = DrawValue(kNoDoubles);
  Oracle expected = ToOracle(target);
  expected.merge_patch(ToOracle(patch));
  RC_ASSERT(ApplyMergePatch(target, patch) == FromOracle(expected));
}

RC_GTEST_PROP(MergePatchLaws, OnceIsAsGoodAsTwice, ()) {
  Value target = DrawValue(kNoDoubles);
  Value patch = DrawValue(kNoDoubles);
  Value once = ApplyMergePatch(target, patch);
  RC_ASSERT(ApplyMergePatch(once, patch) == once);
}

RC_GTEST_PROP(MergePatchLaws, TheDifferenceLeadsToTheGoal, ()) {
  Value from = DrawObject(kNoDoubles);
  Value to = DrawObject(kNoNulls);
  RC_ASSERT(ApplyMergePatch(from, DiffMergePatch(from, to)) == to);
}

RC_GTEST_PROP(JsonPatchLaws, TheDifferenceLeadsToTheGoal, ()) {
  Value from = DrawValue(kNoDoubles);
  Value to = DrawValue(kNoDoubles);
  api::ApiResult<Value> patched = ApplyJsonPatch(from, FromOracle(Oracle::diff(ToOracle(from), ToOracle(to))));
  RC_ASSERT(patched.ok());
  RC_ASSERT(*patched == to);
}

// A place in `value` or just beside it.
api::PointerTokens DrawPlace(const Value& value) {
  api::PointerTokens tokens;
  Value at = value;
  while (at.size() > 0 && DrawInt(0, 3) > 0) {
    int index = DrawInt(0, static_cast<int>(at.size()) - 1);
    tokens.push_back(at.is_array() ? std::to_string(index)
                                   : std::string(at.members()[static_cast<size_t>(index)].key.text()));
    at = at.is_array() ? at[index] : at.members()[static_cast<size_t>(index)].value;
  }
  if (DrawInt(0, 2) == 0) tokens.push_back(DrawInt(0, 1) == 0 ? DrawKey() : "-");
  return tokens;
}

// The other library takes for granted that something can be put under, or removed from, the parent of
// a path.
bool HasContainer(const Value& object, api::PointerTokens path) {
  if (path.empty()) return true;
  path.pop_back();
  const Value* parent = api::FindPointer(object, path);
  return parent == nullptr || parent->is_object() || parent->is_array();
}

RC_GTEST_PROP(JsonPatchLaws, AsAnotherLibraryDoesIt, ()) {
  Value object = DrawValue(kNoDoubles);
  api::PointerTokens path = DrawPlace(object);
  api::PointerTokens from = DrawPlace(object);
  std::string op = *rc::gen::element<std::string>("add", "remove", "replace", "move", "copy", "test");
  // Meant differences: we do not move into itself, an absent value passes a test for null, and the
  // whole document cannot be removed.
  bool inside = from.size() < path.size() && std::equal(from.begin(), from.end(), path.begin());
  bool comparable = (op != "move" || (!inside && !from.empty())) && (op != "remove" || !path.empty()) &&
                    HasContainer(object, path) && HasContainer(object, from);
  RC_PRE(comparable);
  if (op == "move") {
    api::ApiResult<Value> without = ApplyJsonPatch(object, {{.op = api::PatchOperation::Op::kRemove, .path = from}});
    if (without.ok()) RC_PRE(HasContainer(*without, path));
  }
  Value value = op == "test" && DrawInt(0, 1) == 0 && api::FindPointer(object, path) != nullptr
                    ? *api::FindPointer(object, path)
                    : DrawValue(kNoNulls);
  Value patch =
      Arr({Obj({{"op", op}, {"path", api::PointerText(path)}, {"from", api::PointerText(from)}, {"value", value}})});
  RC_LOG() << ToJson(object) << " " << ToJson(patch);

  std::optional<Value> expected;
  try {
    expected = FromOracle(ToOracle(object).patch(ToOracle(patch)));
  } catch (const Oracle::exception&) {
    expected.reset();
  }
  api::ApiResult<Value> patched = ApplyJsonPatch(object, patch);
  RC_ASSERT(patched.ok() == expected.has_value());
  if (expected) RC_ASSERT(*patched == *expected);
}

class NoMeta : public api::PatchMeta {
  FieldRule Find(Type, std::string_view) const override { return {}; }
};

class KeyedMeta : public api::PatchMeta {
  FieldRule Find(Type, std::string_view field) const override {
    if (field == "list") return {.merge_list = true, .merge_key = "name"};
    if (field == "set") return {.merge_list = true};
    return {};
  }
};

RC_GTEST_PROP(StrategicPatchLaws, WithoutListRulesItIsAMergePatch, ()) {
  Value target = DrawObject(kNoDoubles);
  Value patch = DrawObject(kNoDoubles);
  api::ApiResult<Value> patched = ApplyStrategicPatch(target, patch, NoMeta(), nullptr);
  RC_ASSERT(patched.ok());
  RC_ASSERT(*patched == ApplyMergePatch(target, patch));
}

Value DrawKeyedList() {
  std::vector<Value> items;
  for (const char* name : {"a", "b", "c", "d"}) {
    if (DrawInt(0, 1) == 0) continue;
    items.insert(items.begin() + DrawInt(0, static_cast<int>(items.size())),
                 Obj({{"name", name}, {"image", DrawInt(0, 9)}, {DrawInt(0, 1) == 0 ? "p" : "q", 1}}));
  }
  return Value::Array(std::move(items));
}

const Value& Named(const Value& list, std::string_view name) {
  static const Value none;
  for (const Value& item : list.items()) {
    if (item["name"].AsString() == name) return item;
  }
  return none;
}

RC_GTEST_PROP(StrategicPatchLaws, KeyedListsAreTheUnionOfTheirItems, ()) {
  Value live = DrawKeyedList();
  Value change = DrawKeyedList();
  api::ApiResult<Value> patched =
      ApplyStrategicPatch(Obj({{"list", live}}), Obj({{"list", change}}), KeyedMeta(), nullptr);
  RC_ASSERT(patched.ok());
  size_t count = 0;
  for (std::string_view name : {"a", "b", "c", "d"}) {
    const Value& item = Named((*patched)["list"], name);
    RC_ASSERT(item == ApplyMergePatch(Named(live, name),
                                      Named(change, name).is_null() ? Named(live, name) : Named(change, name)));
    count += item.is_null() ? 0 : 1;
  }
  RC_ASSERT((*patched)["list"].size() == count);
}

// Applying a directive-free patch again changes nothing, not even the order.
RC_GTEST_PROP(StrategicPatchLaws, OnceIsAsGoodAsTwice, ()) {
  Value object = Obj({{"list", DrawKeyedList()}, {"set", Arr({"x", "y", "z"})}});
  Value patch = Obj({{"list", DrawKeyedList()}, {"set", Arr({DrawKey(), "z"})}});
  api::ApiResult<Value> once = ApplyStrategicPatch(object, patch, KeyedMeta(), nullptr);
  RC_ASSERT(once.ok());
  api::ApiResult<Value> twice = ApplyStrategicPatch(*once, patch, KeyedMeta(), nullptr);
  RC_ASSERT(twice.ok());
  RC_LOG() << ToJson(*once) << ToJson(*twice);
  RC_ASSERT(*once == *twice);
}

RC_GTEST_PROP(StrategicPatchLaws, ElementOrderIsKept, ()) {
  Value live = DrawKeyedList();
  Value change = DrawKeyedList();
  std::vector<Value> order;
  for (const Value& item : change.items()) order.push_back(Obj({{"name", item["name"]}}));
  api::ApiResult<Value> patched = ApplyStrategicPatch(
      Obj({{"list", live}}), Obj({{"$setElementOrder/list", Value::Array(order)}, {"list", change}}), KeyedMeta(),
      nullptr);
  RC_ASSERT(patched.ok());
  std::vector<Value> found;
  for (const Value& item : (*patched)["list"].items()) {
    if (!Named(change, item["name"].AsString()).is_null()) found.push_back(Obj({{"name", item["name"]}}));
  }
  RC_ASSERT(found == order);
}

}  // namespace
}  // namespace kp::properties
