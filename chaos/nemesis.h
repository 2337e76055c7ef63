// Breaks a cluster while a test runs on it, by a schedule drawn from a seed, and makes it whole again.
//
// Never more than a minority of the store's members is hurt at a time: without a majority nothing is promised.
#pragma once

#include <map>
#include <memory>
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
  // No new faults; what is broken is mended at once.
  void Stop();
  bool active() const { return active_; }

  // Pumps: for a drawn while with faults on, then Stop, then until the cluster answers and its nodes are
  // ready. False when it does not within `recovery`.
  bool Settle();

  // Times are the cluster's.
  const std::vector<reports::TimelineEntry>& log() const { return log_; }
  // Faults injected, by kind.
  const std::map<std::string, int>& counts() const { return counts_; }

 private:
  void ScheduleNext();
  void Inject(const Fault& fault);
  Status Begin(const Fault& fault);
  void End(const Fault& fault);
  bool MayHurt(const Fault& fault) const;
  bool Answers();
  void Note(const std::string& event, const std::string& detail);

  fixtures::Cluster& cluster_;
  fixtures::FaultPort& port_;
  NemesisOptions options_;
  Schedule schedule_;
  Random random_;
  bool active_ = false;
  int members_ = 0;
  std::map<std::string, int> hurt_;  // processes under a fault, with how many
  std::vector<reports::TimelineEntry> log_;
  std::map<std::string, int> counts_;
  runtime::Timer next_;
  // Ends of faults under way. All are undone by HealAll when they are dropped.
  std::vector<std::unique_ptr<runtime::Timer>> ends_;
};

}  // namespace kp::chaos
