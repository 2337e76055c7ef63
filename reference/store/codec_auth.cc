// Changes of users and roles as they stand in the log.
#include "reference/store/binary.h"
#include "reference/store/codec.h"

namespace kp::store {

std::string EncodeRequest(const AuthCommand& command) {
  BinaryWriter out;
  out.Number(static_cast<uint64_t>(command.verb));
  for (const std::string* text : {&command.user, &command.password_hash, &command.role, &command.permission.key,
                                  &command.permission.range_end, &command.token}) {
    out.Text(*text);
  }
  out.Number(static_cast<uint64_t>(command.permission.type));
  out.Number(command.auth_revision);
  return std::move(out.bytes());
}

Result<AuthCommand> DecodeAuthCommand(std::string_view bytes) {
  BinaryReader in(bytes);
  AuthCommand command;
  const uint64_t verb = in.Number();
  for (std::string* text : {&command.user, &command.password_hash, &command.role, &command.permission.key,
                            &command.permission.range_end, &command.token}) {
    *text = in.Text();
  }
  const uint64_t type = in.Number();
  command.auth_revision = in.Number();
  if (!in.AtEnd() || verb < 1 || verb > 12 || type > 2) {
    return Status(Code::kDataLoss, "log: malformed change of users and roles");
  }
  command.verb = static_cast<AuthCommand::Verb>(verb);
  command.permission.type = static_cast<Permission::Type>(type);
  return command;
}

}  // namespace kp::store
