// Breaks a cluster while a test runs on it, by a schedule drawn from a seed, and makes it whole again.
//
// Never more than a minority of the store's members is hurt at a time: without a majority nothing is promised.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chaos/schedule.h"
#include "fixtures/cluster.h"
#include "reports/results.h"

namespace kp::chaos {

struct NemesisOptions {
  uint64_t seed = 1;
  ScheduleOptions schedule;
  // How long a settle lets faults work on, at most.
  Duration most_lingering = 4s;
  // How long a healed cluster may take until it answers.
  Duration recovery = 60s;
};

class Nemesis {
 public:
  // The cluster has a FaultPort.
  Nemesis(fixtures::Cluster& cluster, NemesisOptions options);
  ~Nemesis();
  Nemesis(const Nemesis&) = delete;
  Nemesis& operator=(const Nemesis&) = delete;

  void Start();
  // Processes of this component ("kubelet") are not killed any more.
  void Spare(std::string_view component) { spared_.insert(std::string(component)); }
  // No new faults; what is broken is mended at once.
  void Stop();
  bool active() const { return active_; }

  // Pumps: for a drawn while with faults on, then Stop, then until every process runs, every member of the
  // store answers and the nodes are ready. False when it does not within `recovery`.
  bool Settle();

  // Whether something was broken at `since` or after it, or shortly before.
  bool Overlapped(Time since) const;

  // Times are the cluster's.
  const std::vector<reports::TimelineEntry>& log() const { return log_; }
  // Faults injected, by kind.
  const std::map<std::string, int>& counts() const { return counts_; }
  // Those of them during which the world shows an effect of their kind: a partition over which nothing was sent, a full
  // disk that nobody wrote to did not bite. Empty where the back end counts no effects.
  const std::map<std::string, int>& bites() const { return bites_; }

 private:
  void ScheduleNext();
  void Inject(const Fault& fault);
  Status Begin(const Fault& fault);
  void End(const Fault& fault);
  bool MayHurt(const Fault& fault) const;
  uint64_t Effects(FaultKind kind) const;
  void CountBite(int watched);
  bool Whole();
  bool MembersAnswer();
  bool NodesAreReady();
  void Note(const std::string& event, const std::string& detail);

  fixtures::Cluster& cluster_;
  fixtures::FaultPort& port_;
  NemesisOptions options_;
  Schedule schedule_;
  Random random_;
  bool active_ = false;
  int under_way_ = 0;           // faults begun and not ended
  std::optional<Time> broken_;  // when something was broken last
  Time ends_itself_{};          // when the last fault that cannot be undone is over
  int members_ = 0;
  std::set<std::string, std::less<>> spared_;  // components that are not killed
  std::map<std::string, int> hurt_;            // processes under a fault, with how many
  std::vector<reports::TimelineEntry> log_;
  std::map<std::string, int> counts_;
  std::map<std::string, int> bites_;
  // Faults whose effects are being counted, with the count when they began.
  struct Watched {
    FaultKind kind;
    uint64_t effects_before = 0;
  };
  std::map<int, Watched> watched_;
  int last_watched_ = 0;
  runtime::Timer next_;
  // Ends of faults under way. All are undone by HealAll when they are dropped.
  std::vector<std::unique_ptr<runtime::Timer>> ends_;
};

}  // namespace kp::chaos
