#include "reference/api/json.h"
#include "reference/apiserver/kinds/all.h"
#include "reference/apiserver/kinds/config_data.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::FieldCauses;
using api::Value;

namespace {

// stringData is written only: its entries go over those of data.
Value Defaults(const Value& object) {
  Value out = object;
  for (const api::Member& entry : object["stringData"].members()) {
    out = out.With({"data", entry.key.text()}, Base64Encode(entry.value.AsString()));
  }
  return KP_MUTANT("apiserver-shows-string-data") ? out : out.Without("stringData");
}

void RequireKey(const Value& object, std::string_view key, FieldCauses& causes) {
  if (!object["data"].Has(key) && !KP_MUTANT("apiserver-secret-without-its-keys"))
    causes.push_back(api::RequiredCause(api::KeyPath("data", key)));
}

void RequireJson(const Value& object, std::string_view key, FieldCauses& causes) {
  RequireKey(object, key, causes);
  const auto text = Base64Decode(object["data"][key].AsString());
  if (object["data"].Has(key) && (!text || !api::ParseJson(*text).ok())) {
    causes.push_back(api::InvalidCause(api::KeyPath("data", key), "<secret contents redacted>", "is no JSON"));
  }
}

FieldCauses Validate(const Value& object) {
  FieldCauses causes;
  CheckConfigKeys(object["data"], "data", causes);
  if (DecodedBytes(object["data"]) > kMaxConfigBytes) causes.push_back(api::TooLongCause("data", kMaxConfigBytes));
  const std::string_view type = object["type"].AsString();
  const Value& data = object["data"];
  if (type == "kubernetes.io/dockerconfigjson") RequireJson(object, ".dockerconfigjson", causes);
  if (type == "kubernetes.io/dockercfg") RequireJson(object, ".dockercfg", causes);
  if (type == "kubernetes.io/ssh-auth") RequireKey(object, "ssh-privatekey", causes);
  if (type == "kubernetes.io/tls") {
    RequireKey(object, "tls.crt", causes);
    RequireKey(object, "tls.key", causes);
  }
  if (type == "kubernetes.io/basic-auth" && !data.Has("username") && !data.Has("password")) {
    causes.push_back(api::RequiredCause("data[username]"));
    causes.push_back(api::RequiredCause("data[password]"));
  }
  if (type == "kubernetes.io/service-account-token" &&
      object["metadata"]["annotations"]["kubernetes.io/service-account.name"].empty()) {
    causes.push_back(api::RequiredCause("metadata.annotations[kubernetes.io/service-account.name]"));
  }
  return causes;
}

FieldCauses ValidateUpdate(const Value& object, const Value& old) { return CheckImmutable(object, old, {"data"}); }

}  // namespace

KindHooks SecretHooks() { return {.defaults = Defaults, .validate = Validate, .validate_update = ValidateUpdate}; }

}  // namespace kp::apiserver
