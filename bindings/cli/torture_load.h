// What a torture run asks of a store and remembers of its answers: writers that put each key once, watchers that must
// see every one of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/client/etcd.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::cli {

class TortureLoad {
 public:
  TortureLoad(runtime::posix::PosixEnv& env, std::vector<std::string> endpoints, int writers, int watchers);
  ~TortureLoad();

  Status Start();
  // No new writes; those under way end as they may.
  void Pause() { paused_ = true; }
  void Resume();
  bool idle() const { return busy_ == 0; }

  // Once all is calm: every acknowledged write is there with the revision that was answered, every write that is there
  // was seen by every watcher, once and in order. The first thing that is wrong, or nothing.
  Result<std::string> Judge();

  int64_t acknowledged() const { return acknowledged_total_; }
  int64_t unknown() const { return unknown_total_; }
  int64_t events() const;

 private:
  class Writer;
  class Watcher;
  Result<std::map<std::string, int64_t>> ReadBack();

  runtime::posix::PosixEnv& env_;
  const std::vector<std::string> endpoints_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::unique_ptr<client::EtcdClient> reader_;
  bool paused_ = false;
  int busy_ = 0;
  int64_t next_key_ = 0;
  int64_t judged_from_ = 0;                      // keys below were judged before
  std::map<std::string, int64_t> acknowledged_;  // since then: key to revision
  int64_t acknowledged_total_ = 0;
  int64_t unknown_total_ = 0;
};

}  // namespace kp::cli
