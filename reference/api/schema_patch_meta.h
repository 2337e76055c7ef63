// The schema's answers to a strategic merge patch.
#pragma once

#include "reference/api/schema.h"
#include "reference/api/strategic_patch.h"

namespace kp::api {

// A type is a Message (Kind::message for whole objects). Maps and single values have no rules of their own.
class SchemaPatchMeta final : public PatchMeta {
 public:
  FieldRule Find(Type type, std::string_view field) const override;
};

}  // namespace kp::api
