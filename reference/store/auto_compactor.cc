#include "reference/store/auto_compactor.h"

#include <algorithm>
#include <utility>

#include "reference/base/strings.h"

namespace kp::store {
namespace {

constexpr size_t kLooksPerPeriod = 10;
constexpr Duration kLongestPause = 1h;
constexpr Duration kRevisionPause = 5min;

}  // namespace

Result<CompactionPolicy> ParseCompactionPolicy(std::string_view mode, std::string_view retention) {
  const auto invalid = [](const std::string& flag, const std::string& what) {
    return Status(Code::kInvalidArgument, "--" + flag + ": " + what);
  };
  if (mode != "periodic" && mode != "revision" && !mode.empty()) {
    return invalid("auto-compaction-mode", "want periodic or revision, got " + Quote(mode));
  }
  const std::optional<int64_t> number = ParseInt(retention);
  if (number == 0 || retention.empty()) return CompactionPolicy();
  if (mode == "revision") {
    if (!number || *number < 0) return invalid("auto-compaction-retention", "want a number, got " + Quote(retention));
    return CompactionPolicy{.mode = CompactionPolicy::Mode::kRevision, .revisions = *number};
  }
  const Result<Duration> period = number ? Result<Duration>(*number * 1h) : ParseDuration(retention);
  if (!period.ok() || *period < Duration(0)) {
    return invalid("auto-compaction-retention", "want hours or a duration, got " + Quote(retention));
  }
  if (*period == Duration(0)) return CompactionPolicy();
  return CompactionPolicy{.mode = CompactionPolicy::Mode::kPeriodic, .period = *period};
}

AutoCompactor::AutoCompactor(runtime::Env& env, const CompactionPolicy& policy, Store store)
    : policy_(policy), store_(std::move(store)), timer_(env) {
  if (policy.mode == CompactionPolicy::Mode::kOff) return;
  interval_ = policy.mode == CompactionPolicy::Mode::kRevision
                  ? kRevisionPause
                  : std::min<Duration>(policy.period / kLooksPerPeriod, kLongestPause / kLooksPerPeriod);
  timer_.Start(interval_, [this] { Look(); });
}

void AutoCompactor::Look() {
  timer_.Start(interval_, [this] { Look(); });
  const Revision target = Target();
  // Only the leader, so that a cluster compacts once; all keep the account, since anyone may lead next.
  if (!store_.leads() || target <= compacted_) return;
  compacted_ = target;
  store_.compact(target);
}

// What may go; 0 for nothing yet.
Revision AutoCompactor::Target() {
  if (policy_.mode == CompactionPolicy::Mode::kRevision) return store_.revision() - policy_.revisions;
  seen_.push_back(store_.revision());
  const auto looks = static_cast<size_t>(policy_.period / interval_);
  if (seen_.size() <= looks) return 0;
  seen_.erase(seen_.begin(), seen_.end() - static_cast<std::ptrdiff_t>(looks) - 1);
  // The newest revision that is a whole period old; 1 is the empty store.
  return seen_.front() > 1 ? seen_.front() : 0;
}

}  // namespace kp::store
