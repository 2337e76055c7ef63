#include "reference/api/openapi.h"

#include <cstdio>
#include <set>

#include "reference/api/json.h"
#include "reference/api/openapi_schema.h"
#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

Value QueryParameter(std::string_view name, std::string_view type, std::string_view description) {
  return Obj({{"name", name},
              {"in", "query"},
              {"description", description},
              {"schema", Obj({{"type", type}, {"uniqueItems", true}})}});
}

Value PathParameter(std::string_view name, std::string_view description) {
  return Obj({{"name", name},
              {"in", "path"},
              {"required", true},
              {"description", description},
              {"schema", Obj({{"type", "string"}, {"uniqueItems", true}})}});
}

Value Gvk(const GroupVersionKind& gvk) {
  return Obj({{"group", gvk.group}, {"kind", gvk.kind}, {"version", gvk.version}});
}

// kubectl looks at an operation's own parameters only, so each write carries them.
Value WriteParameters(bool is_patch) {
  std::vector<Value> parameters = {
      QueryParameter("dryRun", "string", "All: go through everything, store nothing."),
      QueryParameter("fieldManager", "string", "Name of the writer, for the ownership of fields."),
      QueryParameter("fieldValidation", "string",
                     "What to do about unknown and duplicate fields: Ignore, Warn or Strict."),
  };
  if (is_patch) parameters.push_back(QueryParameter("force", "boolean", "Take fields that others own; apply only."));
  return Value::Array(std::move(parameters));
}

Value Content(const std::vector<std::string_view>& media_types, std::string_view schema) {
  std::vector<Member> content;
  for (std::string_view type : media_types) content.push_back({Key(type), Obj({{"schema", OpenApiRef(schema)}})});
  return Value::Object(std::move(content));
}

class Paths {
 public:
  explicit Paths(const GroupVersion& group_version) : root_("/" + OpenApiPath(group_version)) {}

  void Add(const Kind& kind) {
    std::string collection = Collection(kind);
    Value verbs = Value::EmptyObject();
    if (kind.HasVerb("list")) verbs = verbs.With("get", Read(kind, "list", kind.gvk));
    if (kind.HasVerb("create")) verbs = verbs.With("post", Write(kind, "post", kind.gvk));
    if (kind.HasVerb("deletecollection")) {
      verbs = verbs.With("delete", Operation("deletecollection", kind.gvk, Value::EmptyArray()));
    }
    AddPath(kind, collection, std::move(verbs), false);
    if (kind.namespaced && kind.HasVerb("list")) {
      AddPath(kind, root_ + "/" + kind.plural, Obj({{"get", Read(kind, "list", kind.gvk)}}), false, true);
    }
    AddNamed(kind, collection + "/{name}", kind.gvk, kind.verbs);
    for (const Subresource& subresource : kind.subresources) {
      AddNamed(kind, collection + "/{name}/" + subresource.name, subresource.kind, subresource.verbs);
    }
  }

  Value Take() { return Value::Object(std::move(paths_)); }

 private:
  std::string Collection(const Kind& kind) const {
    return root_ + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + kind.plural;
  }

  static Value Operation(std::string_view action, const GroupVersionKind& gvk, Value parameters) {
    return Obj(
        {{"x-kubernetes-action", action},
         {"x-kubernetes-group-version-kind", Gvk(gvk)},
         {"parameters", std::move(parameters)},
         {"responses", Obj({{"200", Obj({{"description", "OK"}})}, {"401", Obj({{"description", "Unauthorized"}})}})}});
  }

  static Value Read(const Kind& kind, std::string_view action, const GroupVersionKind& gvk) {
    Value operation = Operation(action, gvk, Value::EmptyArray());
    if (action != "get" || gvk != kind.gvk) return operation;
    Value content = Content({"application/json", "application/yaml"}, kind.message->openapi_name);
    return operation.With({"responses", "200", "content"}, content);
  }

  static Value Write(const Kind& kind, std::string_view action, const GroupVersionKind& gvk) {
    Value operation = Operation(action, gvk, WriteParameters(action == "patch"));
    if (action == "patch") {
      // The merge extensions are in the schemas, so the client may build strategic patches from them.
      return operation.With(
          "requestBody",
          Obj({{"required", true},
               {"content", Content({"application/apply-patch+yaml", "application/json-patch+json",
                                    "application/merge-patch+json", "application/strategic-merge-patch+json"},
                                   kPatchSchema)}}));
    }
    if (gvk != kind.gvk) return operation;
    return operation.With("requestBody",
                          Obj({{"required", true}, {"content", Content({"*/*"}, kind.message->openapi_name)}}));
  }

  void AddNamed(const Kind& kind, const std::string& path, const GroupVersionKind& gvk,
                const std::vector<std::string>& verbs) {
    Value operations = Value::EmptyObject();
    std::set<std::string_view> has(verbs.begin(), verbs.end());
    bool is_subresource = !path.ends_with("/{name}");
    if (has.contains("get")) operations = operations.With("get", Read(kind, "get", gvk));
    if (has.contains("update")) operations = operations.With("put", Write(kind, "put", gvk));
    if (has.contains("patch")) operations = operations.With("patch", Write(kind, "patch", gvk));
    if (has.contains("delete")) operations = operations.With("delete", Operation("delete", gvk, Value::EmptyArray()));
    if (is_subresource && has.contains("create")) operations = operations.With("post", Write(kind, "post", gvk));
    AddPath(kind, path, std::move(operations), true);
  }

  void AddPath(const Kind& kind, const std::string& path, Value operations, bool named, bool all_namespaces = false) {
    if (operations.empty()) return;
    std::vector<Value> parameters;
    if (named) parameters.push_back(PathParameter("name", "Name of the " + kind.gvk.kind + "."));
    if (kind.namespaced && !all_namespaces)
      parameters.push_back(PathParameter("namespace", "Namespace of the object."));
    paths_.push_back({Key(path), operations.With("parameters", Value::Array(std::move(parameters)))});
  }

  std::string root_;
  std::vector<Member> paths_;
};

// Upper-case hex, as upstream's are; any text that changes with the document would do.
std::string Hash(std::string_view json) {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llX%016llX", static_cast<unsigned long long>(StableHash(json, 1)),
                static_cast<unsigned long long>(StableHash(json, 2)));
  return text;
}

}  // namespace

std::string OpenApiPath(const GroupVersion& group_version) {
  return group_version.group.empty() ? "api/" + group_version.version : "apis/" + group_version.ToString();
}

Value OpenApiDocument(const Registry& registry, const GroupVersion& group_version) {
  Paths paths(group_version);
  OpenApiSchemas schemas;
  for (const Kind* kind : registry.kinds()) {
    if (kind->group_version() != group_version) continue;
    schemas.AddKind(*kind);
    if (kind->served) paths.Add(*kind);
  }
  return Obj({{"openapi", "3.0.0"},
              {"info", Obj({{"title", "Kubernetes"}, {"version", "v1.32.0"}})},
              {"paths", paths.Take()},
              {"components", Obj({{"schemas", schemas.Take()}})}});
}

const std::string& OpenApi::Index() {
  if (!index_.empty()) return index_;
  std::vector<Member> paths;
  for (const GroupVersion& group_version : registry_.group_versions()) {
    std::string path = OpenApiPath(group_version);
    std::string url =
        "/openapi/v3/" + path + "?hash=" + (KP_MUTANT("openapi-urls-hold-no-hash") ? "" : Find(path)->hash);
    paths.push_back({Key(path), Obj({{"serverRelativeURL", url}})});
  }
  index_ = ToJson(Obj({{"paths", Value::Object(std::move(paths))}}));
  return index_;
}

const OpenApi::Document* OpenApi::Find(std::string_view path) {
  if (auto found = documents_.find(path); found != documents_.end()) return &found->second;
  for (const GroupVersion& group_version : registry_.group_versions()) {
    if (OpenApiPath(group_version) != path) continue;
    Document document;
    document.json = ToJson(OpenApiDocument(registry_, group_version));
    document.hash = Hash(document.json);
    return &documents_.emplace(std::string(path), std::move(document)).first->second;
  }
  return nullptr;
}

std::string_view OpenApiV2Stub() {
  // Document {swagger: "2.0", info {title: "Kubernetes", version: "v1"}, paths {}, definitions {}}.
  static constexpr char kStub[] =
      "\x0a\x03"
      "2.0"
      "\x12\x10\x0a\x0a"
      "Kubernetes"
      "\x12\x02v1"
      "\x42\x00\x4a";
  return {kStub, sizeof(kStub)};  // the closing zero is the last byte of the message
}

}  // namespace kp::api
