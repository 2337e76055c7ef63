// How objects lie in the store: key /registry/<storage>/<namespace>/<name>, value canonical JSON without
// resourceVersion, which is the key's mod_revision.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/api/value.h"
#include "reference/base/status.h"
#include "reference/client/etcd.h"

namespace kp::apiserver {

// "/registry/pods/": all objects of one kind are below it.
std::string StoragePrefix(std::string_view storage);
// `ns` is "" for kinds without namespace.
// The end of the range below a prefix that ends in a slash.
std::string StoragePrefixEnd(std::string prefix);
std::string StorageKey(std::string_view storage, std::string_view ns, std::string_view name);

std::string EncodeStored(const api::Value& object);
// kDataLoss when the bytes are no JSON object.
Result<api::Value> DecodeStored(const client::EtcdKeyValue& kv);

api::Value WithResourceVersion(const api::Value& object, int64_t revision);
// 0 when absent or no number.
int64_t ResourceVersionOf(const api::Value& object);

}  // namespace kp::apiserver
