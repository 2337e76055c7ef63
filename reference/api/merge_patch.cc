#include "reference/api/merge_patch.h"

#include "reference/base/mutant.h"

namespace kp::api {

Value ApplyMergePatch(const Value& target, const Value& patch) {
  if (!patch.is_object()) return patch;
  // Both are sorted: one walk over both.
  View<Member> old = target.members();
  View<Member> changes = patch.members();
  std::vector<Member> members;
  members.reserve(old.size() + changes.size());
  size_t i = 0;
  for (const Member& change : changes) {
    while (i < old.size() && old[i].key.text() < change.key.text()) members.push_back(old[i++]);
    bool replaces = i < old.size() && old[i].key == change.key;
    if (!change.value.is_null() || KP_MUTANT("merge-patch-keeps-nulls")) {
      members.push_back({change.key, ApplyMergePatch(replaces ? old[i].value : Value(), change.value)});
    }
    if (replaces) ++i;
  }
  while (i < old.size()) members.push_back(old[i++]);
  return Value::Object(std::move(members));
}

Value DiffMergePatch(const Value& from, const Value& to) {
  if (!from.is_object() || !to.is_object()) return to;
  std::vector<Member> changes;
  for (const Member& member : from.members()) {
    if (!to.Has(member.key.text())) changes.push_back({member.key, Value()});
  }
  for (const Member& member : to.members()) {
    const Value& old = from[member.key.text()];
    if (from.Has(member.key.text()) && old == member.value) continue;
    changes.push_back({member.key, DiffMergePatch(old, member.value)});
  }
  return Value::Object(std::move(changes));
}

}  // namespace kp::api
