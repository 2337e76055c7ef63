// The back ends where time is real: one cluster of local processes that all tests share, or one elsewhere.
#include <algorithm>

#include "bindings/cli/backend_host.h"
#include "bindings/cli/component.h"
#include "chaos/nemesis.h"
#include "fixtures/process_cluster.h"
#include "fixtures/remote_cluster.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::cli {

using chaos::FaultKind;
using conformance::Capabilities;
using conformance::Entry;
using conformance::Job;
using reports::TestResult;

namespace {

constexpr Duration kStartBudget = 60s;

TestResult SetupFailed(const Job& job, const Status& status) {
  TestResult result = conformance::ResultOf(job);
  result.outcome = reports::Outcome::kFail;
  result.message = std::string(kSetupFailed) + status.message();
  return result;
}

TestResult RunConnected(const Job& job, fixtures::RemoteClusterOptions options) {
  auto cluster = fixtures::RemoteCluster::Connect(std::move(options));
  if (!cluster.ok()) return SetupFailed(job, cluster.status());
  // The names of an earlier run may still be in use there.
  Job salted = job;
  salted.salt = (*cluster)->env().random().Next();
  return conformance::RunJob(salted, **cluster);
}

class ProcessHost : public BackendHost {
 public:
  explicit ProcessHost(const ClusterShape& shape) : shape_(shape) {}

  fixtures::Backend backend() const override { return fixtures::Backend::kProcess; }
  Status Start() override {
    auto cluster = fixtures::ProcessCluster::Start(OptionsFor(shape_.members, shape_.nodes));
    if (!cluster.ok()) return cluster.status();
    shared_ = std::move(*cluster);
    return shared_->AwaitReady(kStartBudget);
  }
  Capabilities Offers(const Entry& entry) const override {
    Capabilities offers = {{"nodes", std::max<int64_t>(shape_.nodes, Needed(entry, "nodes"))},
                           {"members", shape_.members},
                           {"store", 1},
                           {"alone", 1},
                           {"identities", 1},
                           {"simulated-runtime", 1}};
    if (shape_.slow) offers["fast-time"] = 1;
    if (!shape_.etcd_servers.empty()) {
      offers.erase("alone");
    } else {
      offers["faults"] = 1;
      offers["members"] = std::max<int64_t>(shape_.members, Needed(entry, "members"));
    }
    return offers;
  }
  TestResult Run(const Job& job, const Entry& entry) override {
    const int nodes = static_cast<int>(std::max<int64_t>(shape_.nodes, Needed(entry, "nodes")));
    const int members = static_cast<int>(std::max<int64_t>(shape_.members, Needed(entry, "members")));
    const bool larger = nodes > shape_.nodes || members > shape_.members;
    if (shape_.faults || larger || BreaksByItself(entry) || Needed(entry, "alone") > 0) {
      fixtures::ProcessClusterOptions alone = OptionsFor(members, nodes);
      alone.store_only = entry.area() == kStoreArea;
      return RunAlone(job, entry, std::move(alone));
    }
    fixtures::RemoteClusterOptions options = shared_->ForWorkers();
    if (shape_.slow) options.capabilities.insert("fast-time");
    return RunConnected(job, std::move(options));
  }
  std::string ServerIdentity() const override { return shared_ ? shared_->ServerIdentity() : ""; }
  std::string RecipeFlags() const override {
    const ClusterShape usual;
    std::string flags = "--backend process";
    if (shape_.faults) flags += " --faults";
    if (shape_.slow) flags += " --slow";
    if (shape_.members != (shape_.faults ? 3 : usual.members)) flags += " --members " + std::to_string(shape_.members);
    if (shape_.nodes != usual.nodes) flags += " --nodes " + std::to_string(shape_.nodes);
    if (!shape_.etcd_servers.empty()) flags += " --etcd-servers " + shape_.etcd_servers;
    return flags;
  }

 private:
  fixtures::ProcessClusterOptions OptionsFor(int members, int nodes) const {
    fixtures::ProcessClusterOptions options;
    options.program = "/proc/self/exe";
    options.members = members;
    options.nodes = nodes;
    options.mutant = ActiveMutant();
    for (std::string_view server : Split(shape_.etcd_servers, ',')) {
      ConsumePrefix(server, "http://");
      if (!server.empty()) options.etcd_servers.emplace_back(server);
    }
    return options;
  }

  // On a cluster of its own, which it may break.
  TestResult RunAlone(const Job& job, const Entry& entry, fixtures::ProcessClusterOptions options) const {
    auto started = fixtures::ProcessCluster::Start(std::move(options));
    if (!started.ok()) return SetupFailed(job, started.status());
    fixtures::ProcessCluster& cluster = **started;
    if (Status ready = cluster.AwaitReady(kStartBudget); !ready.ok()) return SetupFailed(job, ready);
    if (!shape_.faults || BreaksByItself(entry)) return conformance::RunJob(job, cluster);
    chaos::NemesisOptions nemesis_options{.seed = StableHash(job.behaviour.name(), job.seed)};
    nemesis_options.schedule.kinds = {FaultKind::kKill, FaultKind::kPause};
    chaos::Nemesis nemesis(cluster, std::move(nemesis_options));
    return conformance::RunJob(job, cluster, DisturbanceOf(nemesis));
  }

  ClusterShape shape_;
  std::unique_ptr<fixtures::ProcessCluster> shared_;
};

class RemoteHost : public BackendHost {
 public:
  explicit RemoteHost(const ClusterShape& shape) : shape_(shape) {}

  fixtures::Backend backend() const override { return fixtures::Backend::kRemote; }
  Status Start() override {
    runtime::posix::PosixEnv env({.name = "kubeproof"});
    Result<client::KubeClientOptions> client = ReadKubeconfig(env.disk(), shape_.kubeconfig);
    if (!client.ok()) return client.status();
    options_.client = *client;
    options_.nodes = 0;  // counted
    options_.capabilities = {"identities"};
    if (shape_.slow) options_.capabilities.insert("fast-time");
    auto cluster = fixtures::RemoteCluster::Connect(options_);
    if (!cluster.ok()) return cluster.status();
    identity_ = (*cluster)->ServerIdentity();
    options_.nodes = (*cluster)->nodes();
    return Status::Ok();
  }
  Capabilities Offers(const Entry&) const override {
    Capabilities offers = {{"nodes", options_.nodes}, {"identities", 1}};
    if (shape_.slow) offers["fast-time"] = 1;
    return offers;
  }
  TestResult Run(const Job& job, const Entry&) override { return RunConnected(job, options_); }
  std::string ServerIdentity() const override { return identity_; }
  std::string RecipeFlags() const override {
    return "--kubeconfig " + shape_.kubeconfig + (shape_.slow ? " --slow" : "");
  }

 private:
  ClusterShape shape_;
  fixtures::RemoteClusterOptions options_;
  std::string identity_;
};

}  // namespace

std::unique_ptr<BackendHost> MakeProcessHost(const ClusterShape& shape) { return std::make_unique<ProcessHost>(shape); }
std::unique_ptr<BackendHost> MakeRemoteHost(const ClusterShape& shape) { return std::make_unique<RemoteHost>(shape); }

}  // namespace kp::cli
