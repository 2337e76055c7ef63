// Load on a store from many clients at once, each with one call under way: the same requests over our own gRPC client
// whatever serves them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

struct LoadOptions {
  enum class Kind : unsigned char { kPut, kLinearizableRead };
  Kind kind = Kind::kPut;
  std::vector<std::string> endpoints;  // connections go to them in turn
  int clients = 1;
  int connections = 1;
  int64_t operations = 1000;
  // 8 bytes of key and 256 of value, as etcd's own benchmark has it. Values differ and do not compress.
  int64_t keys = 10000;
  size_t value_bytes = 256;
  Duration budget = 300s;
};

struct LoadResult {
  int64_t operations = 0;
  double seconds = 0;
  double client_cpu_seconds = 0;
  std::vector<float> latencies_ms;  // sorted

  double PerSecond() const { return static_cast<double>(operations) / seconds; }
  double Percentile(double percent) const;
};

// Fails when any call does.
Result<LoadResult> RunLoad(runtime::posix::PosixEnv& env, const LoadOptions& options);

struct FanOutOptions {
  std::string endpoint;
  int connections = 10;
  int watchers = 1000;  // of one prefix, in one stream per connection
  int64_t puts = 300;   // one after the other
};

struct FanOutResult {
  double seconds = 0;
  int64_t events = 0;
};

// Watchers that all want every put. `before` is called when all are created and nothing is written yet.
Result<FanOutResult> RunFanOut(runtime::posix::PosixEnv& env, const FanOutOptions& options,
                               const std::function<void()>& before);

// The wire form of a put of the load's n-th key.
std::string LoadKey(int64_t number);
std::string PutBytes(std::string_view key, std::string_view value);

}  // namespace kp::cli
