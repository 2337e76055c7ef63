#include "reference/api/schema.h"

#include <algorithm>

#include "reference/api/schema_parser.h"
#include "reference/base/check.h"

namespace kp::api {
namespace {

constexpr std::string_view kMetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1";
constexpr std::string_view kCorePrefix = "io.k8s.api.core.v1";

bool ByName(const Field* a, const Field* b) { return a->name < b->name; }

}  // namespace

GroupVersion GroupVersion::Parse(std::string_view api_version) {
  size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1))};
}

GroupVersionKind GroupVersionKind::Of(const Value& object) {
  GroupVersion group_version = GroupVersion::Parse(object["apiVersion"].AsString());
  return {std::move(group_version.group), std::move(group_version.version), object["kind"].str()};
}

const Field* Message::FindField(std::string_view json_name) const {
  auto at = std::lower_bound(json_fields_.begin(), json_fields_.end(), json_name,
                             [](const Field* field, std::string_view name) { return field->name < name; });
  return at != json_fields_.end() && (*at)->name == json_name ? *at : nullptr;
}

const Field* Message::FindNumber(int number) const {
  auto at = std::lower_bound(by_number_.begin(), by_number_.end(), number,
                             [](const Field* field, int wanted) { return field->number < wanted; });
  return at != by_number_.end() && (*at)->number == number ? *at : nullptr;
}

void Message::Link() {
  if (state_ != State::kUnlinked) return;
  state_ = State::kLinking;
  bool has_defaults = false;
  for (const Field& field : fields) {
    by_number_.push_back(&field);
    if (field.message != nullptr) const_cast<Message*>(field.message)->Link();
    has_defaults = has_defaults || field.default_value || (field.message != nullptr && field.message->has_defaults_);
    if (!field.inlined) {
      json_fields_.push_back(&field);
      continue;
    }
    json_fields_.insert(json_fields_.end(), field.message->json_fields_.begin(), field.message->json_fields_.end());
  }
  std::sort(json_fields_.begin(), json_fields_.end(), ByName);
  std::sort(by_number_.begin(), by_number_.end(), [](const Field* a, const Field* b) { return a->number < b->number; });
  has_defaults_ = has_defaults;
  state_ = State::kLinked;
}

bool Kind::HasVerb(std::string_view verb) const { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); }

const Subresource* Kind::FindSubresource(std::string_view name) const {
  for (const Subresource& subresource : subresources) {
    if (subresource.name == name) return &subresource;
  }
  return nullptr;
}

const Kind* Registry::FindKind(const GroupVersionKind& gvk) const {
  auto found = kinds_.find(gvk);
  return found == kinds_.end() ? nullptr : found->second.get();
}

const Kind* Registry::FindResource(const GroupVersion& group_version, std::string_view plural) const {
  for (const Kind* kind : sorted_kinds_) {
    if (kind->served && kind->plural == plural && kind->group_version() == group_version) return kind;
  }
  return nullptr;
}

const Kind* Registry::FindByName(std::string_view name) const {
  for (const Kind* kind : sorted_kinds_) {
    if (!kind->served) continue;
    const auto& short_names = kind->short_names;
    if (kind->plural == name || kind->singular == name ||
        std::find(short_names.begin(), short_names.end(), name) != short_names.end()) {
      return kind;
    }
  }
  return nullptr;
}

const Message* Registry::FindMessage(std::string_view openapi_prefix, std::string_view name) const {
  for (std::string_view prefix : {openapi_prefix, kMetaPrefix, kCorePrefix}) {
    auto found = messages_.find(std::string(prefix) + "." + std::string(name));
    if (found != messages_.end()) return found->second.get();
  }
  return nullptr;
}

std::vector<GroupVersion> Registry::group_versions() const {
  std::vector<GroupVersion> all;
  for (const Kind* kind : sorted_kinds_) {
    if (kind->served && (all.empty() || all.back() != kind->group_version())) all.push_back(kind->group_version());
  }
  return all;
}

Message* Registry::AddMessage(std::unique_ptr<Message> message) {
  Message* added = message.get();
  return messages_.emplace(added->openapi_name, std::move(message)).second ? added : nullptr;
}

Kind* Registry::AddKind(std::unique_ptr<Kind> kind) {
  Kind* added = kind.get();
  RemoveKind(added->gvk);
  kinds_[added->gvk] = std::move(kind);
  auto at = std::lower_bound(sorted_kinds_.begin(), sorted_kinds_.end(), added,
                             [](const Kind* a, const Kind* b) { return a->gvk < b->gvk; });
  sorted_kinds_.insert(at, added);
  return added;
}

void Registry::RemoveKind(const GroupVersionKind& gvk) {
  std::erase_if(sorted_kinds_, [&](const Kind* kind) { return kind->gvk == gvk; });
  kinds_.erase(gvk);
}

const Registry& BuiltinRegistry() {
  static const Registry* registry = [] {
    Result<Registry> parsed = ParseSchemas(EmbeddedSchemas());
    CHECK(parsed.ok()) << parsed.status().ToString();
    return new Registry(std::move(parsed).value());
  }();
  return *registry;
}

const Kind& BuiltinKind(std::string_view group, std::string_view version, std::string_view kind) {
  const Kind* found = BuiltinRegistry().FindKind({std::string(group), std::string(version), std::string(kind)});
  CHECK(found != nullptr) << "no built-in kind " << group << "/" << version << " " << kind;
  return *found;
}

}  // namespace kp::api
