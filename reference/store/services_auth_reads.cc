// What the Auth service tells, and the tokens it gives out.
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/auth.pb.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;

template <typename Message>
bool Parse(Message& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Status Malformed() {
  return {Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}

template <typename Message>
Message Answer(const ReplyHeader& header) {
  Message message;
  message.mutable_header()->set_cluster_id(header.cluster);
  message.mutable_header()->set_member_id(header.member);
  message.mutable_header()->set_revision(header.revision);
  message.mutable_header()->set_raft_term(header.term);
  return message;
}

void Add(pb::AuthRoleGetResponse& answer, Permission::Type type, const std::string& key, const std::string& end) {
  pb::Permission& permission = *answer.add_perm();
  permission.set_permtype(static_cast<pb::Permission::Type>(type));
  permission.set_key(key);
  permission.set_range_end(end);
}

Result<std::string> DescribeUser(const Auth& auth, const std::string& name, const ReplyHeader& header) {
  auto user = auth.users().find(name);
  if (user == auth.users().end()) return ErrorUserNotFound();
  auto answer = Answer<pb::AuthUserGetResponse>(header);
  for (const std::string& role : user->second.roles) answer.add_roles(role);
  return answer.SerializeAsString();
}

Result<std::string> DescribeRole(const Auth& auth, const std::string& name, const ReplyHeader& header) {
  auto role = auth.roles().find(name);
  if (role == auth.roles().end()) return ErrorRoleNotFound();
  auto answer = Answer<pb::AuthRoleGetResponse>(header);
  if (name == kRoot) {
    Add(answer, Permission::Type::kReadWrite, "", std::string(1, '\0'));
  } else {
    for (const auto& [where, type] : role->second) Add(answer, type, where.first, where.second);
  }
  return answer.SerializeAsString();
}

}  // namespace

void Services::BindAuthReads(transport::GrpcServices& services) {
  // `tell` with a state that is as new as any acknowledged.
  const auto bind = [&]<typename Message>(const std::string& name, Message, auto tell) {
    services.unary["/etcdserverpb.Auth/" + name] =
        Identified([this, tell](const Caller& caller, std::string_view bytes, Reply reply) {
          Message message;
          if (!Parse(message, bytes)) return reply(Malformed());
          Read(false, std::move(reply), [tell, caller, message] { return tell(caller, message); });
        });
  };
  const auto header = [this] { return member_.Header(member_.store().revision()); };
  const auto& auth = member_.auth();
  bind("AuthStatus", pb::AuthStatusRequest(),
       [&auth, header](const Caller& caller, const auto&) -> Result<std::string> {
         if (kp::Status status = auth.CheckAdmin(caller); !status.ok()) return status;
         auto answer = Answer<pb::AuthStatusResponse>(header());
         answer.set_enabled(auth.enabled() && !KP_MUTANT("auth-says-it-is-off"));
         answer.set_authrevision(auth.revision());
         return answer.SerializeAsString();
       });
  bind("UserList", pb::AuthUserListRequest(),
       [&auth, header](const Caller& caller, const auto&) -> Result<std::string> {
         if (kp::Status status = auth.CheckAdmin(caller); !status.ok()) return status;
         auto answer = Answer<pb::AuthUserListResponse>(header());
         for (const auto& [name, user] : auth.users()) answer.add_users(name);
         return answer.SerializeAsString();
       });
  bind("RoleList", pb::AuthRoleListRequest(),
       [&auth, header](const Caller& caller, const auto&) -> Result<std::string> {
         if (kp::Status status = auth.CheckAdmin(caller); !status.ok()) return status;
         auto answer = Answer<pb::AuthRoleListResponse>(header());
         for (const auto& [name, role] : auth.roles()) answer.add_roles(name);
         return answer.SerializeAsString();
       });
  // Everybody may look at himself and at his roles.
  bind("UserGet", pb::AuthUserGetRequest(),
       [&auth, header](const Caller& caller, const pb::AuthUserGetRequest& message) -> Result<std::string> {
         const bool own = caller.kind == Caller::Kind::kUser && !KP_MUTANT("auth-nobody-sees-himself") &&
                          caller.user == message.name();
         if (kp::Status status = auth.CheckAdmin(caller); !status.ok() && !own) return status;
         return DescribeUser(auth, message.name(), header());
       });
  bind("RoleGet", pb::AuthRoleGetRequest(),
       [&auth, header](const Caller& caller, const pb::AuthRoleGetRequest& message) -> Result<std::string> {
         const bool own = caller.kind == Caller::Kind::kUser && !KP_MUTANT("auth-nobody-sees-himself") &&
                          auth.HasRole(caller.user, message.role());
         if (kp::Status status = auth.CheckAdmin(caller); !status.ok() && !own) return status;
         return DescribeRole(auth, message.role(), header());
       });
  services.unary["/etcdserverpb.Auth/Authenticate"] =
      Guarded([this](std::string_view bytes, const Reply& reply) { Authenticate(bytes, reply); });
}

// The password is looked at here, with fresh users; the token goes through the log, so that every member knows it
// before it is used anywhere.
void Services::Authenticate(std::string_view bytes, const Reply& reply) {
  pb::AuthenticateRequest message;
  if (!Parse(message, bytes)) return reply(Malformed());
  member_.ReadBarrier(alive_.Wrap([this, message, reply](const kp::Status& status) {
    if (!status.ok()) return reply(status);
    const Auth& auth = member_.auth();
    if (!auth.enabled() && !KP_MUTANT("auth-gives-tokens-while-off")) return reply(ErrorAuthNotEnabled());
    auto user = auth.users().find(message.name());
    const bool known = user != auth.users().end() && (PasswordMatches(message.password(), user->second.password_hash) ||
                                                      KP_MUTANT("auth-takes-any-password"));
    if (!known) return reply(ErrorAuthFailed());
    AuthCommand command;
    command.verb = AuthCommand::Verb::kAuthenticate;
    command.user = message.name();
    command.token = secrets_.Next() + "." + std::to_string(member_.applied_index());
    command.auth_revision = auth.revision();
    const std::string token = command.token;
    ProposeAuth(std::move(command), Caller::Cluster(), [this, token, reply](const Result<std::string>& done) {
      if (!done.ok()) return reply(done.error());
      auto answer = Answer<pb::AuthenticateResponse>(member_.Header(member_.store().revision()));
      answer.set_token(token);
      reply(answer.SerializeAsString());
    });
  }));
}

}  // namespace kp::store
