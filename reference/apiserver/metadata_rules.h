// The rules of metadata, equal for all kinds but for what names look like.
#pragma once

#include "reference/api/field_cause.h"
#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/base/random.h"
#include "reference/base/time.h"

namespace kp::apiserver {

// A new object's metadata: identity given, everything that only a server writes reset.
api::Value StampNew(const api::Kind& kind, const api::Value& object, Random& random, WallTime now);
// metadata.generateName and a fresh suffix.
api::Value GenerateName(const api::Value& object, Random& random);
// An update's metadata: what clients cannot change is as in `old`.
api::Value KeepIdentity(const api::Value& object, const api::Value& old);

api::FieldCauses CheckMetadata(const api::Kind& kind, const api::Value& object);
api::FieldCauses CheckMetadataUpdate(const api::Value& object, const api::Value& old);

}  // namespace kp::apiserver
