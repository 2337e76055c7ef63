// The paths that describe the server: discovery, OpenAPI, /version.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reference/api/openapi.h"
#include "reference/api/schema.h"
#include "reference/apiserver/call.h"

namespace kp::apiserver {

class Documents {
 public:
  Documents(const api::Registry& registry, std::string server_address)
      : registry_(registry), server_address_(std::move(server_address)), openapi_(registry) {}

  // False when the path is none of these.
  bool Serve(Call& call);

 private:
  bool ServeDiscovery(Call& call);
  bool ServeOpenApi(Call& call);
  void ServeAggregated(Call& call, const std::string& version);

  const api::Registry& registry_;
  std::string server_address_;
  api::OpenApi openapi_;
  struct Cached {
    std::string body;
    std::string etag;
  };
  std::map<std::string, Cached> aggregated_;  // by path and version
};

// What /version says.
api::Value VersionInfo();

}  // namespace kp::apiserver
