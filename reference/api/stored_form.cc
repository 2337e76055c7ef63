#include "reference/api/stored_form.h"

#include "reference/base/check.h"
#include "reference/base/mutant.h"

namespace kp::api {
namespace {

enum class Direction { kToStored, kFromStored };

Value Renamed(const Kind& kind, const Value& object, const GroupVersionKind& gvk, Direction direction) {
  Value result = object;
  for (const Field* field : kind.message->json_fields()) {
    if (field->stored_name.empty() || KP_MUTANT("event-has-one-form")) continue;
    bool to_stored = direction == Direction::kToStored;
    const std::string& from = to_stored ? field->name : field->stored_name;
    if (!object.Has(from)) continue;
    result = result.Without(from).With(to_stored ? field->stored_name : field->name, object[from]);
  }
  return result.With("apiVersion", gvk.group_version().ToString()).With("kind", gvk.kind);
}

}  // namespace

const Kind& StoredKind(const Registry& registry, const Kind& kind) {
  if (!kind.stored_as) return kind;
  const Kind* stored = registry.FindKind(*kind.stored_as);
  CHECK(stored != nullptr) << kind.gvk.kind << " is stored as an unknown kind";
  return *stored;
}

Value ToStoredForm(const Kind& kind, const Value& object) {
  return kind.stored_as ? Renamed(kind, object, *kind.stored_as, Direction::kToStored) : object;
}

Value FromStoredForm(const Kind& kind, const Value& stored) {
  return kind.stored_as ? Renamed(kind, stored, kind.gvk, Direction::kFromStored) : stored;
}

}  // namespace kp::api
