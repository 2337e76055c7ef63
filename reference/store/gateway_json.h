// JSON <-> messages of the etcd API, by descriptor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace kp::store {

// A method of the API: "/etcdserverpb.KV/Range".
struct GatewayMethod {
  std::string_view path;    // "/v3/kv/range"
  std::string_view method;  // its gRPC name
};

// Null for a path that is none.
const GatewayMethod* FindGatewayMethod(std::string_view path);
const std::vector<GatewayMethod>& GatewayMethods();

// The wire bytes of each of the JSON values in `body`, one after the other; an empty body is one empty message.
// kInvalidArgument says where the JSON is wrong, kUnimplemented when the method is not served.
Result<std::vector<std::string>> RequestsFromJson(std::string_view method, std::string_view body);
// A reply's JSON.
Result<std::string> ReplyToJson(std::string_view method, std::string_view bytes);

}  // namespace kp::store
