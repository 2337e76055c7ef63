#include "reference/api/schema_patch_meta.h"

namespace kp::api {

PatchMeta::FieldRule SchemaPatchMeta::Find(Type type, std::string_view field) const {
  if (type == nullptr) return {};
  const Field* found = static_cast<const Message*>(type)->FindField(field);
  if (found == nullptr) return {};
  FieldRule rule;
  rule.merge_list = found->merge && found->shape == FieldShape::kList;
  rule.merge_key = found->merge_key;
  rule.retain_keys = found->retain_keys;
  if (found->type == FieldType::kMessage && found->shape != FieldShape::kMap) rule.type = found->message;
  return rule;
}

}  // namespace kp::api
