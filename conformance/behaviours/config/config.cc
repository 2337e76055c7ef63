// ConfigMaps and Secrets as objects: keys, types, encodings, immutability.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kSecrets;
using client::PatchType;
using client::Resource;

namespace {

constexpr size_t kMiB = 1024 * 1024;

Value Secret(std::string_view name, const Value& data, std::string_view type = "") {
  Value secret = Obj({{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", Obj({{"name", name}})}});
  if (!data.is_null()) secret = secret.With("data", data);
  return type.empty() ? secret : secret.With("type", type);
}

Value OfData(std::string_view value) { return Obj({{"data", Obj({{"k", value}})}}); }

// What holds of ConfigMap and Secret alike. `one` and `two` are data values of the kind.
void ExpectImmutable(Context& t, const Resource& resource, std::string_view one, std::string_view two) {
  Value made = t.MustCreate(resource, Named("a").With("data", Obj({{"k", one}})));
  t.MustPatch(resource, "a", PatchType::kMerge, Obj({{"immutable", true}}));
  ExpectCause(t, t.MustFail(t.Patch(resource, "a", PatchType::kMerge, OfData(two)), 422, "Invalid"), "data",
              "FieldValueForbidden");
  for (const Value& undo : {Value(false), Value(nullptr)}) {
    Value patch = Obj({{"immutable", undo}});
    ExpectCause(t, t.MustFail(t.Patch(resource, "a", PatchType::kMerge, patch), 422, "Invalid"), "immutable",
                "FieldValueForbidden");
  }
  Value label = Obj({{"metadata", Obj({{"labels", Obj({{"x", "y"}})}})}});
  t.ExpectEq(t.MustPatch(resource, "a", PatchType::kMerge, label)["data"], made["data"], "data after a label");
  t.MustDelete(resource, "a");
  t.MustCreate(resource, Named("a").With("data", Obj({{"k", two}})));
}

void ExpectKeysChecked(Context& t, const Resource& resource, std::string_view value) {
  for (const std::string& key : {std::string(), std::string("a b"), std::string("a/b"), std::string("."),
                                 std::string(".."), std::string("ä"), std::string(254, 'k')}) {
    Value object = Named("a").With("data", Obj({{key, value}}));
    api::ApiStatus status = t.MustFail(t.Create(resource, object), 422, "Invalid");
    ExpectCause(t, status, "data[" + key + "]", "FieldValueInvalid");
  }
  t.ExpectError(t.Get(resource, "a"), 404, "NotFound");
  t.MustCreate(resource, Named("a").With("data", Obj({{"A-b_c.1", value}, {std::string(253, 'k'), value}})));
}

}  // namespace

BEHAVIOUR("config/configmap/immutable-never-changes") { ExpectImmutable(t, kConfigMaps, "1", "2"); }

BEHAVIOUR("config/configmap/keys-are-checked") {
  ExpectKeysChecked(t, kConfigMaps, "v");
  t.Step("one key in data and binaryData");
  Value both = ConfigMap("b", Obj({{"k", "v"}})).With("binaryData", Obj({{"k", "AAE="}}));
  t.ExpectError(t.Create(kConfigMaps, both), 422, "Invalid");
}

BEHAVIOUR("config/configmap/binary-data-is-base64") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a").With("binaryData", Obj({{"k", "/wD+"}})));
  t.ExpectEq(made["binaryData"]["k"], "/wD+", "bytes that are no text");
  t.ExpectError(t.Create(kConfigMaps, ConfigMap("b").With("binaryData", Obj({{"k", "no base64!"}}))), 400,
                "BadRequest");
}

BEHAVIOUR("config/configmap/holds-a-mebibyte-at-most") {
  t.ExpectError(t.Create(kConfigMaps, ConfigMap("a", Obj({{"k", std::string(kMiB + 1, 'x')}}))), 422, "Invalid");
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
  t.MustCreate(kConfigMaps, ConfigMap("b", Obj({{"k", std::string(kMiB - 1024, 'x')}})));
}

BEHAVIOUR("config/secret/string-data-is-merged-and-never-read") {
  Value secret = Secret("a", Obj({{"one", "MQ=="}, {"two", "Mg=="}})).With("stringData", Obj({{"two", "zwei"}}));
  Value made = t.MustCreate(kSecrets, secret);
  t.ExpectEq(made["data"], Obj({{"one", "MQ=="}, {"two", "endlaQ=="}}), "data: stringData goes over it");
  t.Expect(!made.Has("stringData"), "stringData is not in the answer");
  t.Expect(!t.MustGet(kSecrets, "a").Has("stringData"), "nor in what is read");
  Value patch = Obj({{"stringData", Obj({{"three", "3"}})}});
  t.ExpectEq(t.MustPatch(kSecrets, "a", PatchType::kMerge, patch)["data"],
             Obj({{"one", "MQ=="}, {"two", "endlaQ=="}, {"three", "Mw=="}}), "data after a patch of stringData");
}

BEHAVIOUR("config/secret/data-is-base64") {
  t.ExpectError(t.Create(kSecrets, Secret("a", Obj({{"k", "not base64"}}))), 400, "BadRequest", "base64");
  t.ExpectError(t.Get(kSecrets, "a"), 404, "NotFound");
  t.MustCreate(kSecrets, Secret("a", Obj({{"k", "AP8="}, {"empty", ""}})));
}

BEHAVIOUR("config/secret/type-is-opaque-by-default-and-never-changes") {
  t.ExpectEq(t.MustCreate(kSecrets, Secret("a", Obj({{"k", "MQ=="}})))["type"], "Opaque", "the type");
  Value patch = Obj({{"type", "example.com/other"}});
  ExpectCause(t, t.MustFail(t.Patch(kSecrets, "a", PatchType::kMerge, patch), 422, "Invalid"), "type",
              "FieldValueInvalid");
  t.MustCreate(kSecrets, Secret("b", Value(), "example.com/other"));
  t.ExpectEq(NamesOf(t.MustList(kSecrets, {.field_selector = "type=example.com/other"})), "b", "Secrets of that type");
}

BEHAVIOUR("config/secret/types-have-keys-they-must-have") {
  struct Row {
    const char* type;
    const char* missing;  // the field of the cause
    Value good;
  };
  const std::string docker = Base64Encode(R"({"auths":{}})");
  for (const Row& row : std::initializer_list<Row>{
           {"kubernetes.io/tls", "data[tls.key]", Obj({{"tls.crt", "MQ=="}, {"tls.key", "Mg=="}})},
           {"kubernetes.io/ssh-auth", "data[ssh-privatekey]", Obj({{"ssh-privatekey", "MQ=="}})},
           {"kubernetes.io/basic-auth", "data[username]", Obj({{"password", "MQ=="}})},
           {"kubernetes.io/dockerconfigjson", "data[.dockerconfigjson]", Obj({{".dockerconfigjson", docker}})},
           {"kubernetes.io/dockercfg", "data[.dockercfg]", Obj({{".dockercfg", Base64Encode("{}")}})}}) {
    std::string name = std::string(row.type).substr(14);
    api::ApiStatus status =
        t.MustFail(t.Create(kSecrets, Secret(name, Obj({{"other", "MQ=="}}), row.type)), 422, "Invalid");
    ExpectCause(t, status, row.missing, "FieldValueRequired");
    t.MustCreate(kSecrets, Secret(name, row.good, row.type));
  }
  Value no_json = Obj({{".dockerconfigjson", Base64Encode("{")}});
  t.ExpectError(t.Create(kSecrets, Secret("bad", no_json, "kubernetes.io/dockerconfigjson")), 422, "Invalid");
  t.ExpectError(t.Create(kSecrets, Secret("token", Value(), "kubernetes.io/service-account-token")), 422, "Invalid");
}

BEHAVIOUR("config/secret/immutable-never-changes") { ExpectImmutable(t, kSecrets, "MQ==", "Mg=="); }

BEHAVIOUR("config/secret/keys-are-checked") { ExpectKeysChecked(t, kSecrets, "MQ=="); }

}  // namespace kp::conformance
