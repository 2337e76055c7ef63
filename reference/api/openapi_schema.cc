#include "reference/api/openapi_schema.h"

#include <utility>

namespace kp::api {
namespace {

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

std::string MetaName(std::string_view name) { return std::string(kMeta).append(name); }

struct Named {
  std::string_view name;
  std::string_view type;
  std::string_view format;
  std::string_view description;
};

// Types that are no objects in JSON but have names of their own.
constexpr std::string_view kTime = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
constexpr std::string_view kMicroTime = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
constexpr std::string_view kDuration = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";
constexpr std::string_view kQuantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
constexpr std::string_view kIntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
constexpr std::string_view kRawExtension = "io.k8s.apimachinery.pkg.runtime.RawExtension";
constexpr std::string_view kFieldsV1 = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";

constexpr Named kNamedTypes[] = {
    {kTime, "string", "date-time", "A time in RFC 3339, in whole seconds."},
    {kMicroTime, "string", "date-time", "A time in RFC 3339, in microseconds."},
    {kDuration, "string", "", "A span of time in Go's syntax, as 1h30m."},
    {kQuantity, "string", "", "An amount with a unit, as 500m or 2Gi."},
    {kIntOrString, "", "int-or-string", "A number or a text."},
    {kRawExtension, "object", "", "An object of any kind."},
    {kFieldsV1, "object", "", "A set of fields, as a tree."},
};

std::string_view NamedType(FieldType type) {
  switch (type) {
    case FieldType::kTime: return kTime;
    case FieldType::kMicroTime: return kMicroTime;
    case FieldType::kDuration: return kDuration;
    case FieldType::kQuantity: return kQuantity;
    case FieldType::kIntOrString: return kIntOrString;
    case FieldType::kRawExtension: return kRawExtension;
    case FieldType::kFieldsV1: return kFieldsV1;
    default: return {};
  }
}

Value NamedSchema(std::string_view name) {
  for (const Named& named : kNamedTypes) {
    if (named.name != name) continue;
    Value schema = Obj({{"description", named.description}});
    if (name == kIntOrString || name == kQuantity) {
      Value either = Arr({Obj({{"type", name == kQuantity ? "number" : "integer"}}), Obj({{"type", "string"}})});
      schema = schema.With("oneOf", either);
    } else {
      schema = schema.With("type", named.type);
    }
    return named.format.empty() ? schema : schema.With("format", named.format);
  }
  return {};
}

Value Scalar(const Field& field) {
  switch (field.type) {
    case FieldType::kInt32: return Obj({{"type", "integer"}, {"format", "int32"}});
    case FieldType::kInt64: return Obj({{"type", "integer"}, {"format", "int64"}});
    case FieldType::kBool: return Obj({{"type", "boolean"}});
    case FieldType::kDouble: return Obj({{"type", "number"}, {"format", "double"}});
    case FieldType::kBytes: return Obj({{"type", "string"}, {"format", "byte"}});
    case FieldType::kAny: return Value::EmptyObject();
    default: return Obj({{"type", "string"}});
  }
}

Value Strings(const std::vector<std::string>& texts) {
  return Value::Array(std::vector<Value>(texts.begin(), texts.end()));
}

// A reference beside which a description may stand.
Value Wrapped(std::string_view name) { return Obj({{"allOf", Arr({OpenApiRef(name)})}}); }

Value One(const Field& field) {
  std::string_view named = NamedType(field.type);
  if (!named.empty()) return Wrapped(named);
  if (field.type != FieldType::kMessage) return Scalar(field);
  if (field.message->list_wrapper) return Obj({{"type", "array"}, {"items", Obj({{"type", "string"}})}});
  return Wrapped(field.message->openapi_name);
}

Value Limits(const Field& field, Value schema) {
  if (!field.enum_values.empty()) schema = schema.With("enum", Strings(field.enum_values));
  if (field.min) schema = schema.With("minimum", *field.min);
  if (field.max) schema = schema.With("maximum", *field.max);
  if (field.max_length) schema = schema.With("maxLength", *field.max_length);
  return schema;
}

Value MergeExtensions(const Field& field, Value schema) {
  if (field.shape == FieldShape::kList) {
    std::string_view type = field.list_type == ListType::kMap ? "map" : "atomic";
    if (field.list_type == ListType::kSet) type = "set";
    schema = schema.With("x-kubernetes-list-type", type);
    if (!field.list_keys.empty()) schema = schema.With("x-kubernetes-list-map-keys", Strings(field.list_keys));
  }
  if (!field.merge_key.empty()) schema = schema.With("x-kubernetes-patch-merge-key", field.merge_key);
  if (field.merge || field.retain_keys) {
    std::string strategy = field.merge && field.retain_keys ? "merge,retainKeys" : field.merge ? "merge" : "retainKeys";
    schema = schema.With("x-kubernetes-patch-strategy", strategy);
  }
  return schema;
}

Value Property(const Field& field) {
  Value schema = Limits(field, One(field));
  if (field.shape == FieldShape::kList) schema = Obj({{"type", "array"}, {"items", std::move(schema)}});
  if (field.shape == FieldShape::kMap) schema = Obj({{"type", "object"}, {"additionalProperties", std::move(schema)}});
  // kubectl tells a defaulted struct from a pointer by this.
  bool is_struct = field.type == FieldType::kMessage && field.shape == FieldShape::kSingle && !field.pointer;
  if (field.default_value && field.default_when.empty()) {
    schema = schema.With("default", *field.default_value);
  } else if (is_struct && !field.message->list_wrapper) {
    schema = schema.With("default", Value::EmptyObject());
  }
  return MergeExtensions(field, schema.With("description", field.description));
}

Value GvkList(const GroupVersionKind& gvk, std::string_view kind) {
  return Arr({Obj({{"group", gvk.group}, {"kind", kind}, {"version", gvk.version}})});
}

Value TypeProperties() {
  return Obj({{"apiVersion", Obj({{"type", "string"}, {"description", "Version of the form that the object has."}})},
              {"kind", Obj({{"type", "string"}, {"description", "Kind of the object."}})}});
}

}  // namespace

Value OpenApiRef(std::string_view openapi_name) {
  return Obj({{"$ref", "#/components/schemas/" + std::string(openapi_name)}});
}

void OpenApiSchemas::AddField(const Field& field, std::vector<Member>& properties) {
  properties.push_back({Key(field.name), Property(field)});
  std::string_view named = NamedType(field.type);
  if (!named.empty()) schemas_.emplace(named, NamedSchema(named));
  if (field.type == FieldType::kMessage && !field.message->list_wrapper) AddMessage(*field.message);
}

void OpenApiSchemas::AddMessage(const Message& message) {
  // Entered before its fields, so that types which contain themselves end.
  if (!schemas_.emplace(message.openapi_name, Value()).second) return;
  std::vector<Member> properties;
  std::vector<Value> required;
  if (message.is_kind) {
    Value type_properties = TypeProperties();
    properties.assign(type_properties.members().begin(), type_properties.members().end());
  }
  for (const Field* field : message.json_fields()) {
    AddField(*field, properties);
    if (field->listed_required) required.emplace_back(field->name);
  }
  Value schema = Obj({{"type", "object"}, {"description", message.description}});
  if (!properties.empty()) schema = schema.With("properties", Value::Object(std::move(properties)));
  if (!required.empty()) schema = schema.With("required", Value::Array(std::move(required)));
  schemas_[message.openapi_name] = std::move(schema);
}

void OpenApiSchemas::AddKind(const Kind& kind) {
  AddMessage(*kind.message);
  Value& schema = schemas_[kind.message->openapi_name];
  schema = schema.With("x-kubernetes-group-version-kind", GvkList(kind.gvk, kind.gvk.kind));
  if (kind.served && kind.HasVerb("list")) AddList(kind);
}

void OpenApiSchemas::AddList(const Kind& kind) {
  if (list_meta_ == nullptr) list_meta_ = BuiltinRegistry().FindMessage("", "ListMeta");
  AddMessage(*list_meta_);
  Value items =
      Obj({{"type", "array"}, {"items", Wrapped(kind.message->openapi_name)}, {"description", "The objects."}});
  Value properties = TypeProperties()
                         .With("items", items)
                         .With("metadata", Wrapped(MetaName("ListMeta")).With("description", "List metadata."));
  schemas_[kind.message->openapi_name + "List"] =
      Obj({{"type", "object"},
           {"description", "A list of " + kind.plural + "."},
           {"properties", properties},
           {"required", Arr({"items"})},
           {"x-kubernetes-group-version-kind", GvkList(kind.gvk, kind.ListKind())}});
}

Value OpenApiSchemas::Take() {
  schemas_[std::string(kPatchSchema)] = Obj({{"type", "object"}, {"description", "A patch, in one of its forms."}});
  std::vector<Member> members;
  for (auto& [name, schema] : schemas_) members.push_back({Key(name), std::move(schema)});
  schemas_.clear();
  return Value::Object(std::move(members));
}

}  // namespace kp::api
