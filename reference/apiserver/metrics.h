// What the server counts, and its text form.
// Format: https://prometheus.io/docs/instrumenting/exposition_formats/; names are upstream's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "reference/apiserver/request_info.h"
#include "reference/apiserver/storage.h"
#include "reference/base/time.h"

namespace kp::apiserver {

class Metrics {
 public:
  void OnAnswered(const RequestInfo& info, int code, Duration took);
  std::string Text(const Storage& storage) const;

 private:
  struct Request {
    std::string verb, group, version, resource, subresource;
    int code = 0;
    auto operator<=>(const Request&) const = default;
  };
  struct Latency {
    uint64_t count = 0;
    Duration sum{};
  };
  std::map<Request, uint64_t> requests_;
  std::map<Request, Latency> latencies_;  // code 0
};

}  // namespace kp::apiserver
