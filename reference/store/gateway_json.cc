#include "reference/store/gateway_json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <memory>

namespace kp::store {
namespace {

namespace pb = google::protobuf;

// Every google.api.http option of etcd 3.4's rpc.proto, v3lock.proto and v3election.proto.
constexpr GatewayMethod kMethods[] = {
    {"/v3/auth/authenticate", "/etcdserverpb.Auth/Authenticate"},
    {"/v3/auth/disable", "/etcdserverpb.Auth/AuthDisable"},
    {"/v3/auth/enable", "/etcdserverpb.Auth/AuthEnable"},
    {"/v3/auth/role/add", "/etcdserverpb.Auth/RoleAdd"},
    {"/v3/auth/role/delete", "/etcdserverpb.Auth/RoleDelete"},
    {"/v3/auth/role/get", "/etcdserverpb.Auth/RoleGet"},
    {"/v3/auth/role/grant", "/etcdserverpb.Auth/RoleGrantPermission"},
    {"/v3/auth/role/list", "/etcdserverpb.Auth/RoleList"},
    {"/v3/auth/role/revoke", "/etcdserverpb.Auth/RoleRevokePermission"},
    {"/v3/auth/status", "/etcdserverpb.Auth/AuthStatus"},
    {"/v3/auth/user/add", "/etcdserverpb.Auth/UserAdd"},
    {"/v3/auth/user/changepw", "/etcdserverpb.Auth/UserChangePassword"},
    {"/v3/auth/user/delete", "/etcdserverpb.Auth/UserDelete"},
    {"/v3/auth/user/get", "/etcdserverpb.Auth/UserGet"},
    {"/v3/auth/user/grant", "/etcdserverpb.Auth/UserGrantRole"},
    {"/v3/auth/user/list", "/etcdserverpb.Auth/UserList"},
    {"/v3/auth/user/revoke", "/etcdserverpb.Auth/UserRevokeRole"},
    {"/v3/cluster/member/add", "/etcdserverpb.Cluster/MemberAdd"},
    {"/v3/cluster/member/list", "/etcdserverpb.Cluster/MemberList"},
    {"/v3/cluster/member/promote", "/etcdserverpb.Cluster/MemberPromote"},
    {"/v3/cluster/member/remove", "/etcdserverpb.Cluster/MemberRemove"},
    {"/v3/cluster/member/update", "/etcdserverpb.Cluster/MemberUpdate"},
    {"/v3/election/campaign", "/v3electionpb.Election/Campaign"},
    {"/v3/election/leader", "/v3electionpb.Election/Leader"},
    {"/v3/election/observe", "/v3electionpb.Election/Observe"},
    {"/v3/election/proclaim", "/v3electionpb.Election/Proclaim"},
    {"/v3/election/resign", "/v3electionpb.Election/Resign"},
    {"/v3/kv/compaction", "/etcdserverpb.KV/Compact"},
    {"/v3/kv/deleterange", "/etcdserverpb.KV/DeleteRange"},
    {"/v3/kv/lease/leases", "/etcdserverpb.Lease/LeaseLeases"},
    {"/v3/kv/lease/revoke", "/etcdserverpb.Lease/LeaseRevoke"},
    {"/v3/kv/lease/timetolive", "/etcdserverpb.Lease/LeaseTimeToLive"},
    {"/v3/kv/put", "/etcdserverpb.KV/Put"},
    {"/v3/kv/range", "/etcdserverpb.KV/Range"},
    {"/v3/kv/txn", "/etcdserverpb.KV/Txn"},
    {"/v3/lease/grant", "/etcdserverpb.Lease/LeaseGrant"},
    {"/v3/lease/keepalive", "/etcdserverpb.Lease/LeaseKeepAlive"},
    {"/v3/lease/leases", "/etcdserverpb.Lease/LeaseLeases"},
    {"/v3/lease/revoke", "/etcdserverpb.Lease/LeaseRevoke"},
    {"/v3/lease/timetolive", "/etcdserverpb.Lease/LeaseTimeToLive"},
    {"/v3/lock/lock", "/v3lockpb.Lock/Lock"},
    {"/v3/lock/unlock", "/v3lockpb.Lock/Unlock"},
    {"/v3/maintenance/alarm", "/etcdserverpb.Maintenance/Alarm"},
    {"/v3/maintenance/defragment", "/etcdserverpb.Maintenance/Defragment"},
    // 3.4 gives Hash and HashKV one path, and Hash answers there; newer ones have the second.
    {"/v3/maintenance/hash", "/etcdserverpb.Maintenance/Hash"},
    {"/v3/maintenance/hashkv", "/etcdserverpb.Maintenance/HashKV"},
    {"/v3/maintenance/snapshot", "/etcdserverpb.Maintenance/Snapshot"},
    {"/v3/maintenance/status", "/etcdserverpb.Maintenance/Status"},
    {"/v3/maintenance/transfer-leadership", "/etcdserverpb.Maintenance/MoveLeader"},
    {"/v3/watch", "/etcdserverpb.Watch/Watch"},
};

// "/etcdserverpb.KV/Range" is etcdserverpb.KV.Range to the descriptors.
const pb::MethodDescriptor* Describe(std::string_view method) {
  std::string name(method.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return pb::DescriptorPool::generated_pool()->FindMethodByName(name);
}

std::unique_ptr<pb::Message> New(const pb::Descriptor* type) {
  return std::unique_ptr<pb::Message>(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// The end of the JSON object that begins at `begin`; npos when it does not end.
size_t EndOfObject(std::string_view text, size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

Status Malformed(const std::string& what) { return {Code::kInvalidArgument, what}; }

}  // namespace

const std::vector<GatewayMethod>& GatewayMethods() {
  static const std::vector<GatewayMethod> methods(std::begin(kMethods), std::end(kMethods));
  return methods;
}

const GatewayMethod* FindGatewayMethod(std::string_view path) {
  const auto found = std::lower_bound(std::begin(kMethods), std::end(kMethods), path,
                                      [](const GatewayMethod& m, std::string_view p) { return m.path < p; });
  return found != std::end(kMethods) && found->path == path ? found : nullptr;
}

Result<std::vector<std::string>> RequestsFromJson(std::string_view method, std::string_view body) {
  const pb::MethodDescriptor* described = Describe(method);
  if (described == nullptr) return Status(Code::kUnimplemented, "unknown method " + std::string(method));
  constexpr std::string_view kBlanks = " \t\r\n";
  std::vector<std::string> requests;
  size_t begin = body.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::vector<std::string>{""};
  for (; begin != std::string_view::npos; begin = body.find_first_not_of(kBlanks, begin)) {
    const size_t end = body[begin] == '{' ? EndOfObject(body, begin) : std::string_view::npos;
    if (end == std::string_view::npos) {
      return body[begin] == '{'
                 ? Malformed("unexpected EOF")
                 : Malformed("json: cannot unmarshal what is no object, at byte " + std::to_string(begin));
    }
    const auto message = New(described->input_type());
    pb::util::JsonParseOptions options;
    // As grpc-gateway's: a field that it does not know is none of its business.
    options.ignore_unknown_fields = true;
    const auto status = pb::util::JsonStringToMessage({body.data() + begin, end - begin}, message.get(), options);
    if (!status.ok()) return Malformed(std::string(status.message()));
    requests.push_back(message->SerializeAsString());
    begin = end;
  }
  return requests;
}

Result<std::string> ReplyToJson(std::string_view method, std::string_view bytes) {
  const pb::MethodDescriptor* described = Describe(method);
  if (described == nullptr) return Status(Code::kUnimplemented, "unknown method " + std::string(method));
  const auto message = New(described->output_type());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Status(Code::kInternal, "gateway: a reply that is none of " + std::string(method));
  }
  std::string json;
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  const auto status = pb::util::MessageToJsonString(*message, &json, options);
  if (!status.ok()) return Status(Code::kInternal, "gateway: " + std::string(status.message()));
  return json;
}

}  // namespace kp::store
