#include "reference/apiserver/stored_object.h"

#include "reference/api/json.h"
#include "reference/base/check.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::Value;

std::string StoragePrefix(std::string_view storage) { return "/registry/" + std::string(storage) + "/"; }

std::string StoragePrefixEnd(std::string prefix) {
  CHECK(prefix.ends_with("/"));
  prefix.back() = '/' + 1;
  return prefix;
}

std::string StorageKey(std::string_view storage, std::string_view ns, std::string_view name) {
  std::string key = StoragePrefix(storage);
  if (!ns.empty()) key.append(ns).append("/");
  return key.append(name);
}

std::string EncodeStored(const Value& object) { return api::ToJson(object.Without({"metadata", "resourceVersion"})); }

Result<Value> DecodeStored(const client::EtcdKeyValue& kv) {
  Result<Value> parsed = api::ParseJson(kv.value);
  if (!parsed.ok() || !parsed->is_object()) {
    return kp::Status(Code::kDataLoss, kv.key + " holds no object: " + parsed.status().message());
  }
  return WithResourceVersion(*parsed, kv.mod_revision);
}

Value WithResourceVersion(const Value& object, int64_t revision) {
  return object.With({"metadata", "resourceVersion"}, std::to_string(revision));
}

int64_t ResourceVersionOf(const Value& object) {
  return ParseInt(object.At({"metadata", "resourceVersion"}).AsString()).value_or(0);
}

}  // namespace kp::apiserver
