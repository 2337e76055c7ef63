// The Auth service, and who a call is from.
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/auth.pb.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;
using Verb = AuthCommand::Verb;

template <typename Message>
bool Parse(Message& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Status Malformed() {
  return {Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}

Status As(Verb verb, AuthCommand& command) {
  command.verb = verb;
  return {};
}

// Methods whose harm is to the cluster as a whole.
constexpr std::string_view kAdminMethods[] = {
    "/etcdserverpb.Maintenance/Defragment", "/etcdserverpb.Maintenance/Hash",
    "/etcdserverpb.Maintenance/HashKV",     "/etcdserverpb.Maintenance/MoveLeader",
    "/etcdserverpb.Maintenance/Downgrade",  "/etcdserverpb.Cluster/MemberAdd",
    "/etcdserverpb.Cluster/MemberRemove",   "/etcdserverpb.Cluster/MemberUpdate",
    "/etcdserverpb.Cluster/MemberPromote",
};

// Status and MemberList tell how to reach the cluster: to its users only (CVE-2026-33413).
constexpr std::string_view kUserMethods[] = {"/etcdserverpb.Maintenance/Status", "/etcdserverpb.Cluster/MemberList"};
constexpr std::string_view kSnapshot = "/etcdserverpb.Maintenance/Snapshot";

class EndedStream : public transport::GrpcServerStreamHandler {
 public:
  void OnMessage(std::string_view) override {}
  void OnEnd() override {}
};

}  // namespace

Result<Caller> Services::Identify(const Context& context) {
  const Auth& auth = member_.auth();
  if (!auth.enabled()) return Caller::Nobody();
  std::string token(context.metadata.Get("token"));
  if (token.empty()) token = context.metadata.Get("authorization");
  if (!token.empty()) {
    const std::optional<std::string> user = member_.tokens().Find(token, env_.Now());
    if (user) return Caller::User(*user, auth.revision());
    if (KP_MUTANT("auth-takes-any-token")) return Caller::User(std::string(kRoot), auth.revision());
    return ErrorInvalidAuthToken();
  }
  if (options_.certificate_users && context.peer.verified && !context.peer.common_name.empty()) {
    return Caller::User(context.peer.common_name, auth.revision());
  }
  return Caller::Nobody();
}

// A token that another member has just given out is in the log already: what is unknown is looked for again after
// a barrier.
transport::GrpcUnaryMethod Services::Identified(Method method) {
  return [this, method = std::move(method)](const Context& context, std::string_view request, Reply reply) {
    if (RefusesNow(context)) return reply(ErrorNoLeader());
    Result<Caller> caller = Identify(context);
    if (caller.ok()) return method(*caller, request, std::move(reply));
    member_.ReadBarrier(alive_.Wrap(
        [this, method, context, request = std::string(request), reply = std::move(reply)](const kp::Status& status) {
          if (!status.ok()) return reply(status);
          const Result<Caller> again = Identify(context);
          if (!again.ok()) return reply(again.error());
          method(*again, request, reply);
        }));
  };
}

kp::Status Services::CheckRestricted(const Context& context, bool admin) {
  const Result<Caller> caller = Identify(context);
  if (!caller.ok()) return caller.error();
  return admin ? member_.auth().CheckAdmin(*caller) : member_.auth().CheckKnown(*caller);
}

transport::GrpcUnaryMethod Services::Restricted(transport::GrpcUnaryMethod method, bool admin) {
  return [this, method = std::move(method), admin](const Context& context, std::string_view request, Reply reply) {
    if (kp::Status status = CheckRestricted(context, admin); !status.ok()) return reply(status);
    method(context, request, std::move(reply));
  };
}

void Services::RestrictToUsers(transport::GrpcServices& services) {
  const auto restrict_unary = [&](std::string_view name, bool admin) {
    auto method = services.unary.find(name);
    if (method != services.unary.end()) method->second = Restricted(std::move(method->second), admin);
  };
  if (KP_MUTANT("auth-describes-the-cluster-to-all")) return;
  for (const std::string_view name : kAdminMethods) restrict_unary(name, true);
  for (const std::string_view name : kUserMethods) restrict_unary(name, false);
  auto snapshot = services.streams.find(kSnapshot);
  if (snapshot == services.streams.end()) return;
  snapshot->second = [this, method = std::move(snapshot->second)](StreamPtr stream) -> HandlerPtr {
    const kp::Status status = CheckRestricted(stream->context(), true);
    if (status.ok()) return method(std::move(stream));
    stream->Finish(status);
    return std::make_unique<EndedStream>();
  };
}

// Any failure but these three is told as a denial.
kp::Status Services::CheckWatch(const Context& context, const WatchCreate& create) {
  if (!member_.auth().enabled() || KP_MUTANT("auth-watches-are-free")) return {};
  const Result<Caller> caller = Identify(context);
  if (!caller.ok()) return caller.error();
  const std::string key = create.key.empty() ? std::string(1, '\0') : create.key;
  return member_.auth().CheckRange(*caller, Permission::Type::kRead, key, create.range_end);
}

// ---- changes ----

void Services::ProposeAuth(AuthCommand command, const Caller& caller, Reply reply) {
  std::string bytes = EncodeRequest(command);
  Propose(CommandKind::kAuth, std::move(bytes), std::move(command), caller, std::move(reply));
}

// Answers of all changes are a header alone.
template <typename Message, typename Fill>
void Services::BindChange(transport::GrpcServices& services, const std::string& name, Fill fill) {
  services.unary["/etcdserverpb.Auth/" + name] =
      Identified([this, fill](const Caller& caller, std::string_view bytes, const Reply& reply) {
        Message message;
        AuthCommand command;
        if (!Parse(message, bytes)) return reply(Malformed());
        if (kp::Status status = fill(message, command); !status.ok()) return reply(status);
        ProposeAuth(std::move(command), caller, reply);
      });
}

void Services::BindAuth(transport::GrpcServices& services) {
  BindChange<pb::AuthEnableRequest>(services, "AuthEnable",
                                    [](const auto&, AuthCommand& c) { return As(Verb::kEnable, c); });
  BindChange<pb::AuthDisableRequest>(services, "AuthDisable",
                                     [](const auto&, AuthCommand& c) { return As(Verb::kDisable, c); });
  BindUserChanges(services);
  BindRoleChanges(services);
  BindAuthReads(services);
}

void Services::BindUserChanges(transport::GrpcServices& services) {
  const auto hash = [this](const std::string& password, AuthCommand& command) {
    command.password_hash = HashPassword(password, options_.bcrypt_cost, secrets_.Next());
  };
  BindChange<pb::AuthUserAddRequest>(services, "UserAdd", [hash](const auto& message, AuthCommand& c) {
    c.user = message.name();
    if (message.name().empty()) return ErrorUserEmpty();
    // One that is hashed already would be of another server's making.
    if (!message.hashedpassword().empty()) return ErrorInvalidAuthManagement();
    if (!message.options().no_password()) hash(message.password(), c);
    return As(Verb::kUserAdd, c);
  });
  BindChange<pb::AuthUserDeleteRequest>(services, "UserDelete", [](const auto& message, AuthCommand& c) {
    c.user = message.name();
    return As(Verb::kUserDelete, c);
  });
  BindChange<pb::AuthUserChangePasswordRequest>(services, "UserChangePassword",
                                                [hash](const auto& message, AuthCommand& c) {
                                                  c.user = message.name();
                                                  hash(message.password(), c);
                                                  return As(Verb::kUserChangePassword, c);
                                                });
  BindChange<pb::AuthUserGrantRoleRequest>(services, "UserGrantRole", [](const auto& message, AuthCommand& c) {
    c.user = message.user();
    c.role = message.role();
    return As(Verb::kUserGrantRole, c);
  });
  BindChange<pb::AuthUserRevokeRoleRequest>(services, "UserRevokeRole", [](const auto& message, AuthCommand& c) {
    c.user = message.name();
    c.role = message.role();
    return As(Verb::kUserRevokeRole, c);
  });
}

void Services::BindRoleChanges(transport::GrpcServices& services) {
  BindChange<pb::AuthRoleAddRequest>(services, "RoleAdd", [](const auto& message, AuthCommand& c) {
    c.role = message.name();
    return As(Verb::kRoleAdd, c);
  });
  BindChange<pb::AuthRoleDeleteRequest>(services, "RoleDelete", [](const auto& message, AuthCommand& c) {
    c.role = message.role();
    return As(Verb::kRoleDelete, c);
  });
  BindChange<pb::AuthRoleGrantPermissionRequest>(
      services, "RoleGrantPermission", [](const auto& message, AuthCommand& c) {
        const pb::Permission& given = message.perm();
        if (!message.has_perm() && !KP_MUTANT("auth-permission-needs-not-be-given")) return ErrorPermissionNotGiven();
        if (given.permtype() < 0 || given.permtype() > 2) return ErrorInvalidAuthManagement();
        c.role = message.name();
        c.permission = {static_cast<Permission::Type>(given.permtype()), given.key(), given.range_end()};
        return As(Verb::kRoleGrantPermission, c);
      });
  BindChange<pb::AuthRoleRevokePermissionRequest>(
      services, "RoleRevokePermission", [](const auto& message, AuthCommand& c) {
        c.role = message.role();
        c.permission = {Permission::Type::kRead, message.key(), message.range_end()};
        return As(Verb::kRoleRevokePermission, c);
      });
}

}  // namespace kp::store
