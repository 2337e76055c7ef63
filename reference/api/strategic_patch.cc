#include "reference/api/strategic_patch.h"

#include <algorithm>

#include "reference/api/json.h"
#include "reference/api/patch.h"
#include "reference/base/mutant.h"

namespace kp::api {
namespace {

constexpr std::string_view kDirective = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";

ApiStatus BadOrder() { return ApiStatus::BadRequest("invalid patch format of setElementOrder list"); }
ApiStatus BadRetainKeys() { return ApiStatus::BadRequest("invalid patch format of retainKeys"); }

ApiStatus NoMergeKey(const Value& item, std::string_view key) {
  return ApiStatus::BadRequest("map: " + ToJson(item) + " does not contain declared merge key: " + std::string(key));
}

ApiStatus BadDirective(const Value& item) {
  return ApiStatus::BadRequest("unknown patch type: " + item[kDirective].str() + " in map: " + ToJson(item));
}

using Items = std::vector<Value>;

Items ItemsOf(const Value& list) { return Items(list.items().begin(), list.items().end()); }

// How items of one list are told apart: by their merge key, or, with none, by themselves.
class Identity {
 public:
  explicit Identity(std::string_view key) : key_(key) {}

  bool Same(const Value& a, const Value& b) const {
    if (key_.empty()) return a == b;
    return a.Has(key_) && b.Has(key_) && a[key_] == b[key_];
  }
  size_t IndexIn(const Items& items, const Value& item) const {
    for (size_t i = 0; i < items.size(); ++i) {
      if (Same(items[i], item)) return i;
    }
    return items.size();
  }
  bool IsIn(const Items& items, const Value& item) const { return IndexIn(items, item) < items.size(); }
  // Every item must have the key.
  ApiStatus Check(const Items& items) const {
    for (const Value& item : items) {
      if (!key_.empty() && !item.Has(key_)) return NoMergeKey(item, key_);
    }
    return {};
  }

 private:
  std::string_view key_;
};

// Items that `order` names come in its order; the others keep theirs and are woven in where the live
// list had them, as far as that is consistent.
Items InOrder(const Items& merged, const Items& order, const Items& live, const Identity& identity) {
  Items named;
  Items others;
  for (const Value& item : merged) (identity.IsIn(order, item) ? named : others).push_back(item);
  auto by = [&](const Items& list) {
    return [&identity, &list](const Value& a, const Value& b) {
      return identity.IndexIn(list, a) < identity.IndexIn(list, b);
    };
  };
  std::stable_sort(named.begin(), named.end(), by(order));
  std::stable_sort(others.begin(), others.end(), by(live));
  Items out;
  size_t i = 0;
  for (const Value& item : named) {
    size_t place = identity.IndexIn(live, item);
    while (place < live.size() && i < others.size() && identity.IndexIn(live, others[i]) < place) {
      out.push_back(others[i++]);
    }
    out.push_back(item);
  }
  while (i < others.size()) out.push_back(others[i++]);
  return out;
}

class Merge {
 public:
  explicit Merge(const PatchMeta& meta) : meta_(meta) {}

  ApiResult<Value> Objects(const Value& original, const Value& patch, PatchMeta::Type type) {
    const Value& directive = patch[kDirective];
    // Only the patch's own level is meant; what is below it is data.
    if (directive == Value("replace")) return patch.Without(kDirective);
    if (directive == Value("delete")) return Value::EmptyObject();
    if (patch.Has(kDirective) && directive != Value("merge")) return BadDirective(patch);

    Value result = original.is_object() ? original : Value::EmptyObject();
    ApiStatus status = RetainKeys(result, patch);
    if (!status.ok()) return status;
    for (const Member& member : patch.members()) {
      std::string_view key = member.key.text();
      if (key == kDirective || key == kRetainKeys) continue;
      // Handled together with the list they speak of, or alone when the patch does not hold it.
      bool order = key.starts_with(kOrderPrefix);
      std::string_view field = order ? key.substr(kOrderPrefix.size()) : key;
      if (key.starts_with("$setElementOrder") && !order) return BadOrder();
      if (order && patch.Has(field)) continue;
      status = key.starts_with("$deleteFromPrimitiveList")
                   ? DeleteFromList(result, key, member.value)
                   : MergeField(result, field, order ? Value() : member.value, order, patch, type);
      if (!status.ok()) return status;
    }
    return result;
  }

 private:
  static ApiStatus RetainKeys(Value& result, const Value& patch) {
    if (!patch.Has(kRetainKeys)) return {};
    const Value& list = patch[kRetainKeys];
    if (!list.is_array()) return BadRetainKeys();
    Items keys = ItemsOf(list);
    auto retained = [&](std::string_view key) { return std::find(keys.begin(), keys.end(), Value(key)) != keys.end(); };
    for (const Member& member : patch.members()) {
      std::string_view key = member.key.text();
      if (member.value.is_null() || key.starts_with('$')) continue;
      if (!retained(key)) return BadRetainKeys();
    }
    Value kept = result;
    for (const Member& member : result.members()) {
      if (!retained(member.key.text())) kept = kept.Without(member.key.text());
    }
    result = kept;
    return {};
  }

  static ApiStatus DeleteFromList(Value& result, std::string_view key, const Value& list) {
    if (!key.starts_with(kDeletePrefix) || !list.is_array()) {
      return ApiStatus::BadRequest("invalid patch format of primitive list");
    }
    std::string_view field = key.substr(kDeletePrefix.size());
    if (!result[field].is_array()) return {};
    Items gone = ItemsOf(list);
    Items kept;
    for (const Value& item : result[field].items()) {
      if (std::find(gone.begin(), gone.end(), item) == gone.end()) kept.push_back(item);
    }
    result = result.With(field, Value::Array(std::move(kept)));
    return {};
  }

  // `only_order`: the patch has an order for the list but no list.
  ApiStatus MergeField(Value& result, std::string_view field, const Value& change, bool only_order, const Value& patch,
                       PatchMeta::Type type) {
    PatchMeta::FieldRule rule = meta_.Find(type, field);
    const Value& order = patch[std::string(kOrderPrefix) + std::string(field)];
    if (!order.is_null() && !order.is_array()) return BadOrder();
    if (only_order && !result[field].is_array()) return {};
    if (!only_order && change.is_null()) {
      result = result.Without(field);
      return {};
    }
    ApiResult<Value> merged = MergeValue(result[field], change, only_order, order, rule);
    if (!merged.ok()) return merged.error();
    result = result.With(field, std::move(*merged));
    return {};
  }

  ApiResult<Value> MergeValue(const Value& original, const Value& change, bool only_order, const Value& order,
                              const PatchMeta::FieldRule& rule) {
    // Merged with nothing where the types differ: the directives go, the data stays.
    if (change.is_object()) return Objects(original.is_object() ? original : Value(), change, rule.type);
    if (!only_order && !change.is_array()) return change;
    bool replace = !rule.merge_list || KP_MUTANT("strategic-merge-replaces-list");
    if (replace) return only_order ? original : WithoutDirectives(change);
    Items live = ItemsOf(original);
    ApiResult<Items> merged = only_order ? ApiResult<Items>(live) : Lists(live, ItemsOf(change), rule);
    if (!merged.ok() || order.is_null()) {
      if (!merged.ok()) return merged.error();
      return Value::Array(std::move(*merged));
    }
    Identity identity(rule.merge_key);
    ApiStatus status = CheckOrder(ItemsOf(change), ItemsOf(order), identity);
    if (!status.ok()) return status;
    return Value::Array(InOrder(*merged, ItemsOf(order), live, identity));
  }

  // In a list that is replaced the items are data, but a client may mark the replacement:
  // [{"$patch": "replace"}, ...].
  static Value WithoutDirectives(const Value& list) {
    Items items;
    for (const Value& item : list.items()) {
      if (!item.Has(kDirective)) items.push_back(item);
    }
    return Value::Array(std::move(items));
  }

  // What the patch holds must stand in the order it gives.
  static ApiStatus CheckOrder(const Items& change, const Items& order, const Identity& identity) {
    ApiStatus status = identity.Check(order);
    if (!status.ok()) return status;
    size_t next = 0;
    for (const Value& item : change) {
      if (item.Has(kDirective)) continue;
      while (next < order.size() && !identity.Same(order[next], item)) ++next;
      if (next == order.size() && !order.empty()) {
        return ApiStatus::BadRequest("The order in patch list:\n" + ToJson(Value::Array(change)) +
                                     "\n doesn't match $setElementOrder list:\n" + ToJson(Value::Array(order)) + "\n");
      }
      ++next;
    }
    return {};
  }

  ApiResult<Items> Lists(Items live, const Items& patch, const PatchMeta::FieldRule& rule) {
    auto is_object = [](const Value& item) { return item.is_object(); };
    bool objects = !live.empty() || !patch.empty();
    for (const Items* list : {const_cast<const Items*>(&live), &patch}) {
      for (const Value& item : *list) {
        if (item.is_array()) return PatchDoesNotApply("UnexpectedServerResponse", "lists of lists are not supported");
      }
      objects = objects && std::all_of(list->begin(), list->end(), is_object);
    }
    Identity identity(objects ? rule.merge_key : std::string_view());
    if (!objects) return Primitives(live, patch, identity);
    if (rule.merge_key.empty()) return ApiStatus::BadRequest("cannot merge lists without merge key for type struct");
    return Keyed(std::move(live), patch, rule, identity);
  }

  static ApiResult<Items> Primitives(const Items& live, const Items& patch, const Identity& identity) {
    Items merged;
    for (const Items* list : {&live, &patch}) {
      for (const Value& item : *list) {
        if (item.is_object()) return ApiStatus::BadRequest("a list holds objects beside other values");
        if (!identity.IsIn(merged, item)) merged.push_back(item);
      }
    }
    return InOrder(merged, patch, live, identity);
  }

  ApiResult<Items> Keyed(Items live, const Items& patch, const PatchMeta::FieldRule& rule, const Identity& identity) {
    Items changes;
    bool replace = false;
    for (const Value& item : patch) {
      const Value& directive = item[kDirective];
      if (!item.Has(kDirective)) {
        changes.push_back(item);
      } else if (directive == Value("replace")) {
        replace = true;
      } else if (directive == Value("delete")) {
        if (!item.Has(rule.merge_key)) return NoMergeKey(item, rule.merge_key);
        std::erase_if(live, [&](const Value& old) { return identity.Same(old, item); });
      } else if (directive == Value("merge")) {
        return ApiStatus::BadRequest("merging lists cannot yet be specified in the patch");
      } else {
        return BadDirective(item);
      }
    }
    if (replace) return changes;
    ApiStatus status = identity.Check(changes);
    if (!status.ok()) return status;
    Items merged = live;
    for (const Value& change : changes) {
      size_t at = identity.IndexIn(merged, change);
      ApiResult<Value> item = Objects(at < merged.size() ? merged[at] : Value(), change, rule.type);
      if (!item.ok()) return item.error();
      if (at == merged.size()) merged.emplace_back();
      merged[at] = std::move(*item);
    }
    return InOrder(merged, changes, live, identity);
  }

  const PatchMeta& meta_;
};

}  // namespace

ApiResult<Value> ApplyStrategicPatch(const Value& object, const Value& patch, const PatchMeta& meta,
                                     PatchMeta::Type root) {
  if (!patch.is_object()) return ApiStatus::BadRequest("invalid JSON document");
  return Merge(meta).Objects(object, patch, root);
}

}  // namespace kp::api
