// Kinds are data: what the interpreters (decoding, defaulting, validation, patch, tables, discovery,
// OpenAPI, protobuf) know about an object. Read from the text files in schemas/ at start-up; the
// format is described in schema_parser.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

struct GroupVersion {
  std::string group;    // "" is the core group
  std::string version;  // "v1"
  auto operator<=>(const GroupVersion&) const = default;
  std::string ToString() const { return group.empty() ? version : group + "/" + version; }  // apiVersion
  static GroupVersion Parse(std::string_view api_version);
};

struct GroupVersionKind {
  std::string group;
  std::string version;
  std::string kind;
  auto operator<=>(const GroupVersionKind&) const = default;
  GroupVersion group_version() const { return {group, version}; }
  // Of an object's apiVersion and kind.
  static GroupVersionKind Of(const Value& object);
};

enum class FieldType : unsigned char {
  kString,
  kInt32,
  kInt64,
  kBool,
  kDouble,
  kBytes,  // base64 in JSON
  kTime,   // RFC 3339, whole seconds
  kMicroTime,
  kDuration,  // Go syntax
  kQuantity,
  kIntOrString,
  kMessage,
  kRawExtension,  // an object of any kind
  kFieldsV1,
  kAny,  // any JSON value
};

enum class FieldShape : unsigned char { kSingle, kList, kMap };  // maps have string keys

// How a list merges in server-side apply. Lists of the strategic merge patch stand beside it.
enum class ListType : unsigned char { kAtomic, kMap, kSet };

struct Message;

struct Field {
  std::string name;  // JSON name
  int number = 0;    // protobuf; 0 where there is none (custom kinds)
  FieldType type = FieldType::kString;
  FieldShape shape = FieldShape::kSingle;
  const Message* message = nullptr;  // for kMessage
  // A pointer in upstream's Go type: its zero value is meaningful. Without it zero means unset.
  bool pointer = false;
  bool inlined = false;  // its fields stand in the parent's JSON
  bool required = false;
  // No omitempty in upstream's Go type: a zero value is kept and written.
  bool keep_zero = false;
  // Documents list it as required: it is, or Go always writes it.
  bool listed_required = false;
  bool immutable = false;
  bool status_only = false;
  std::optional<Value> default_value;
  // The default holds only while the sibling of this name has one of these values.
  std::string default_when;
  std::vector<std::string> default_when_values;
  std::vector<std::string> enum_values;
  std::optional<int64_t> min;
  std::optional<int64_t> max;
  std::optional<int64_t> max_length;
  std::string format;  // name of a check in formats.h: "dns1123Label"
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> list_keys;
  bool unique = false;  // two items with equal keys are an error
  bool merge = false;   // x-kubernetes-patch-strategy: merge
  std::string merge_key;
  std::string stored_name;   // in the form that is stored, where that has another name; see stored_form.h
  bool retain_keys = false;  // x-kubernetes-patch-strategy: retainKeys
  std::string description;
};

// The type of an object or of a part of one.
struct Message {
  std::string name;          // "PodSpec"
  std::string openapi_name;  // "io.k8s.api.core.v1.PodSpec"
  std::string description;
  std::vector<Field> fields;      // in file order
  bool is_kind = false;           // apiVersion and kind may stand beside its fields
  bool list_wrapper = false;      // protobuf {repeated string items = 1}, a plain array in JSON
  bool preserve_unknown = false;  // custom kinds may keep what the schema does not name

  // By JSON name, through inlined messages; null when unknown.
  const Field* FindField(std::string_view json_name) const;
  const Field* FindNumber(int number) const;
  // Some field here or below has a default: other messages need no walk.
  bool has_defaults() const { return has_defaults_; }
  // All JSON fields, inlined ones flattened, sorted by name.
  const std::vector<const Field*>& json_fields() const { return json_fields_; }

  // Once all types are known. Types that it refers to are linked along.
  void Link();

 private:
  enum class State : unsigned char { kUnlinked, kLinking, kLinked };

  State state_ = State::kUnlinked;
  // True while linking: what contains itself is walked rather than forgotten.
  bool has_defaults_ = true;
  std::vector<const Field*> json_fields_;
  std::vector<const Field*> by_number_;
};

struct Subresource {
  std::string name;  // "status", "scale", "binding", "eviction", "token"
  GroupVersionKind kind;
  std::vector<std::string> verbs;
};

struct PrinterColumn {
  std::string name;
  std::string type;       // "string", "integer", "date", "boolean"
  std::string format;     // "name" for the first column
  int priority = 0;       // > 0: only with -o wide
  std::string path;       // ".spec.replicas"; or
  std::string formatter;  // a name in table_formatters.h
  std::string description;
};

// For field selectors: the label a client writes, and where its value is.
struct SelectableField {
  std::string label;     // "involvedObject.kind"
  std::string path;      // mostly equal to the label
  bool is_bool = false;  // absent reads as "false"
};

struct Kind {
  GroupVersionKind gvk;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = false;
  bool served = true;  // a resource of its own; false for Scale, Status, DeleteOptions ...
  std::vector<std::string> verbs;
  std::vector<Subresource> subresources;
  std::string storage;  // below /registry/: "configmaps", "services/specs"; "" where nothing is stored
  // Another kind as which objects of this one are stored.
  std::optional<GroupVersionKind> stored_as;
  // metadata.generation starts at 1 and grows with each change of something else than metadata
  // and status.
  bool has_generation = false;
  std::vector<SelectableField> selectable;  // beside metadata.name and metadata.namespace
  std::vector<PrinterColumn> columns;
  Message* message = nullptr;

  GroupVersion group_version() const { return gvk.group_version(); }
  std::string api_version() const { return gvk.group_version().ToString(); }
  bool HasVerb(std::string_view verb) const;
  const Subresource* FindSubresource(std::string_view name) const;
  bool HasStatus() const { return FindSubresource("status") != nullptr; }
  // "deployments.apps", "pods": how messages name the resource.
  std::string QualifiedResource() const { return gvk.group.empty() ? plural : plural + "." + gvk.group; }
  // "Deployment.apps", "Pod".
  std::string QualifiedKind() const { return gvk.group.empty() ? gvk.kind : gvk.kind + "." + gvk.group; }
  std::string ListKind() const { return gvk.kind + "List"; }
};

class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  Registry(Registry&&) = default;
  Registry& operator=(Registry&&) = default;

  // Null when unknown.
  const Kind* FindKind(const GroupVersionKind& gvk) const;
  const Kind* FindResource(const GroupVersion& group_version, std::string_view plural) const;
  // By any of plural, singular or short name, over all groups.
  const Kind* FindByName(std::string_view name) const;
  // By "PodSpec" within the group of `openapi_prefix` ("io.k8s.api.core.v1"), then the meta and core types.
  const Message* FindMessage(std::string_view openapi_prefix, std::string_view name) const;

  // In the order of group, version, kind; the core group first.
  const std::vector<const Kind*>& kinds() const { return sorted_kinds_; }
  // Served group-versions, in discovery order.
  std::vector<GroupVersion> group_versions() const;
  const std::map<std::string, std::unique_ptr<Message>>& messages() const { return messages_; }

  // For the parser and for custom kinds. Link() after the last one resolves names.
  Message* AddMessage(std::unique_ptr<Message> message);
  Kind* AddKind(std::unique_ptr<Kind> kind);
  void RemoveKind(const GroupVersionKind& gvk);

 private:
  std::map<std::string, std::unique_ptr<Message>> messages_;  // by openapi_name
  std::map<GroupVersionKind, std::unique_ptr<Kind>> kinds_;
  std::vector<const Kind*> sorted_kinds_;
};

// The kinds of schemas/*.schema. Parsed at the first call (about a millisecond).
const Registry& BuiltinRegistry();

// CHECKs that it exists: for names that stand in our own code.
const Kind& BuiltinKind(std::string_view group, std::string_view version, std::string_view kind);

}  // namespace kp::api
