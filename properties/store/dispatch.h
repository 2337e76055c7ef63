// One member and its services in a simulated world, without a wire: any method is called with any bytes, and must
// answer in words of the API, whatever they are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/runtime/sim/world.h"
#include "reference/transport/grpc.h"

namespace kp::properties {

class Dispatch {
 public:
  explicit Dispatch(uint64_t seed);
  ~Dispatch();

  // All there are, sorted: "/etcdserverpb.KV/Put".
  const std::vector<std::string>& methods() const { return methods_; }
  // The status of the call. A streaming one is given the message, some time, and then ended by its client. CHECKs
  // that it comes to an end, and that a refusal is one of the API's.
  Status Call(const std::string& method, std::string_view message, const transport::GrpcContext& context = {});
  // CHECKs that the member's state is sound.
  void CheckSound();

 private:
  class Host;
  Status CallUnary(const std::string& method, std::string_view message, const transport::GrpcContext& context);
  Status CallStream(const std::string& method, std::string_view message);

  std::unique_ptr<runtime::sim::World> world_;
  Host* host_ = nullptr;
  std::vector<std::string> methods_;
};

// True for texts that a client may meet.
bool IsOfTheApi(const Status& status);

}  // namespace kp::properties
