// Compaction by itself, on the leader: --auto-compaction-mode and --auto-compaction-retention.
//
// periodic: keeps the revisions of the last so-many hours, looking every tenth of that (at most every hour);
// revision: keeps the last so-many revisions, looking every five minutes. Source: etcd's "Maintenance" guide.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/runtime/env.h"
#include "reference/store/kv.h"

namespace kp::store {

struct CompactionPolicy {
  enum class Mode : uint8_t { kOff, kPeriodic, kRevision };
  Mode mode = Mode::kOff;
  Duration period{};
  int64_t revisions = 0;
};

// "periodic" and "1h" or "10m" ("5" means hours), "revision" and "1000"; a retention of 0 is off.
Result<CompactionPolicy> ParseCompactionPolicy(std::string_view mode, std::string_view retention);

class AutoCompactor {
 public:
  struct Store {
    std::function<bool()> leads;
    std::function<Revision()> revision;
    std::function<void(Revision)> compact;
  };
  AutoCompactor(runtime::Env& env, const CompactionPolicy& policy, Store store);

 private:
  void Look();
  Revision Target();

  const CompactionPolicy policy_;
  Store store_;
  Duration interval_{};
  std::deque<Revision> seen_;  // one per look, within the period
  Revision compacted_ = 0;
  runtime::Timer timer_;
};

}  // namespace kp::store
