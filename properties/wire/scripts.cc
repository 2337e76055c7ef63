#include "properties/wire/scripts.h"

#include "reference/wire/grpc_frame.h"

namespace kp::properties {

std::optional<std::string> StatusMustCome() {
  const std::optional<Status> status = wire::StatusOfTrailers({});
  if (status && status->ok()) return "trailers without grpc-status count as a success";
  return std::nullopt;
}

}  // namespace kp::properties
