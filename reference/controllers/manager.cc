#include "reference/controllers/manager.h"

#include <algorithm>
#include <functional>

#include "reference/base/strings.h"
#include "reference/controllers/deployment.h"
#include "reference/controllers/endpointslice.h"
#include "reference/controllers/garbage_collector.h"
#include "reference/controllers/namespace.h"
#include "reference/controllers/replicaset.h"

namespace kp::controllers {
namespace {

struct Entry {
  std::string_view name;
  std::function<std::unique_ptr<Controller>(const ManagerOptions&)> make;
};

const std::vector<Entry>& Entries() {
  static const auto* entries = new std::vector<Entry>{
      {"deployment", [](const ManagerOptions&) { return MakeDeploymentController(); }},
      {"replicaset", [](const ManagerOptions&) { return MakeReplicaSetController(); }},
      {"endpointslice", [](const ManagerOptions&) { return MakeEndpointSliceController(); }},
      {"endpoints", [](const ManagerOptions&) { return MakeEndpointsController(); }},
      {"garbage-collector", [](const ManagerOptions&) { return MakeGarbageCollector(); }},
      {"namespace", [](const ManagerOptions&) { return MakeNamespaceController(); }},
      {"serviceaccount", [](const ManagerOptions&) { return MakeServiceAccountController(); }},
      {"root-ca-cert-publisher", [](const ManagerOptions& o) { return MakeRootCaPublisher(o.root_ca_pem); }},
      {"node-lifecycle", [](const ManagerOptions& o) { return MakeNodeLifecycleController(o.node_lifecycle); }},
      {"taint-eviction", [](const ManagerOptions&) { return MakeTaintEvictionController(); }},
      {"node-ipam", [](const ManagerOptions& o) { return MakeNodeIpamController(o.cluster_cidr); }},
      {"pod-garbage-collector", [](const ManagerOptions&) { return MakePodGcController(); }},
  };
  return *entries;
}

bool Selected(const std::vector<std::string>& choice, std::string_view name) {
  bool all = false;
  for (const std::string& item : choice) {
    if (item == name) return true;
    if (item.starts_with("-") && std::string_view(item).substr(1) == name) return false;
    all |= item == "*";
  }
  return all;
}

Status CheckNames(const std::vector<std::string>& choice) {
  std::vector<std::string> names = ControllerNames();
  for (const std::string& item : choice) {
    std::string name = item.starts_with("-") ? item.substr(1) : item;
    if (name == "*" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    return Status(Code::kInvalidArgument,
                  Quote(name) + " is not in the list of known controllers: " + Join(names, ", "));
  }
  return Status::Ok();
}

}  // namespace

std::vector<std::string> ControllerNames() {
  std::vector<std::string> names;
  for (const Entry& entry : Entries()) names.emplace_back(entry.name);
  return names;
}

Result<std::unique_ptr<Manager>> Manager::Create(runtime::Env& env, const ManagerOptions& options) {
  Status names = CheckNames(options.controllers);
  if (!names.ok()) return names;
  auto client = client::KubeClient::Create(env, options.client);
  if (!client.ok()) return client.status();
  return std::unique_ptr<Manager>(new Manager(env, options, std::move(*client)));
}

Manager::Manager(runtime::Env& env, const ManagerOptions& options, std::unique_ptr<client::KubeClient> client)
    : env_(env), options_(options), client_(std::move(client)) {
  if (!options_.leader_elect) {
    Lead();
    return;
  }
  client::LeaderElectionOptions election;
  election.name = "kube-controller-manager";
  election.identity = options_.identity;
  elector_ = std::make_unique<client::LeaderElector>(
      env_, *client_, election, [this] { Lead(); },
      // Another instance may lead by now; what is under way here must not go on.
      [this] { env_.Fail("controller-manager", "leader election lost"); });
  elector_->Start();
}

Manager::~Manager() = default;

void Manager::Lead() {
  informers_ = std::make_unique<Informers>(env_, *client_);
  for (const Entry& entry : Entries()) {
    bool publisher_without_ca = entry.name == "root-ca-cert-publisher" && options_.root_ca_pem.empty();
    if (!Selected(options_.controllers, entry.name) || publisher_without_ca) continue;
    runners_.push_back(std::make_unique<ControllerRunner>(env_, *client_, *informers_, entry.make(options_)));
  }
  informers_->Start();
}

bool Manager::Idle() const {
  return std::all_of(runners_.begin(), runners_.end(), [](const auto& runner) { return runner->Idle(); });
}

}  // namespace kp::controllers
