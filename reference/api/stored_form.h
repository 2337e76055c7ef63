// Kinds that are another view of a stored kind: events.k8s.io/v1 Event is stored as core/v1 Event.
#pragma once

#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::api {

// The kind as which objects are stored; mostly the kind itself.
const Kind& StoredKind(const Registry& registry, const Kind& kind);

// To and from the stored form. Identity for a kind that is stored as itself.
Value ToStoredForm(const Kind& kind, const Value& object);
Value FromStoredForm(const Kind& kind, const Value& stored);

}  // namespace kp::api
