// Numbers that are handed out once, by compare-and-set on one key of the store, so that several servers
// can share them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "reference/base/completion.h"
#include "reference/base/random.h"
#include "reference/client/etcd.h"
#include "reference/runtime/env.h"

namespace kp::apiserver {

struct NumberRangeOptions {
  std::string key;  // "/registry/ranges/serviceips"
  uint32_t first = 1;
  uint32_t last = 1;
  // The first so many are given out only on request, as long as others are free.
  uint32_t kept_for_requests = 0;
  std::set<uint32_t> taken;  // always
};

class NumberRange {
 public:
  NumberRange(runtime::Env& env, client::EtcdClient& store, NumberRangeOptions options);

  // Any free number, or `wanted`. kAlreadyExists: it is taken; kOutOfRange; kResourceExhausted: none is
  // left; else the store's error.
  void Allocate(std::optional<uint32_t> wanted, Completion<Result<uint32_t>> done);
  // Without effect when it is free. A store that cannot be reached is asked again a few times.
  void Release(uint32_t number);

 private:
  struct Work {
    bool release = false;
    std::optional<uint32_t> wanted;
    Completion<Result<uint32_t>> done;
    int attempts = 0;
  };
  void Enqueue(Work work);
  void Next();
  void Read();
  void Decide();
  void Write(uint32_t number);
  void Finish(Result<uint32_t> result);
  std::optional<uint32_t> PickFree();
  void Adopt(const std::optional<client::EtcdKeyValue>& kv);
  std::string Encode(const std::set<uint32_t>& numbers) const;

  runtime::Env& env_;
  client::EtcdClient& store_;
  NumberRangeOptions options_;
  Random random_;
  std::set<uint32_t> allocated_;
  int64_t revision_ = -1;  // of what allocated_ was read from; -1: not read yet
  std::deque<Work> queue_;
  bool busy_ = false;
  Alive alive_;
};

}  // namespace kp::apiserver
