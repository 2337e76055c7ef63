#include "reference/controllers/deployment.h"

#include "reference/client/resources.h"
#include "reference/controllers/deployment_rollout.h"
#include "reference/controllers/deployment_sets.h"
#include "reference/controllers/owner.h"

namespace kp::controllers {
namespace {

using api::Value;
using client::kDeployments;
using client::kReplicaSets;

class DeploymentController : public Controller {
 public:
  std::string_view name() const override { return "deployment"; }
  std::vector<client::Resource> resources() const override { return {kDeployments, kReplicaSets}; }

  void Wake(const client::Resource& resource, const Value& old, const Value& now, const View& view,
            std::set<std::string>& keys) const override {
    if (resource == kDeployments) {
      keys.insert(client::KeyOf(now.is_null() ? old : now));
      return;
    }
    for (const Value* set : {&old, &now}) {
      if (set->is_null()) continue;
      std::string ns = set->At({"metadata", "namespace"}).str();
      const Value& owner = ControllerOf(*set);
      if (!owner.is_null()) {
        if (owner["kind"].AsString() == "Deployment") keys.insert(client::MakeKey(ns, owner["name"].AsString()));
        continue;
      }
      for (const Value& deployment : view.List(kDeployments, ns)) {
        auto selector = api::Selector::FromLabelSelector(deployment.At({"spec", "selector"}));
        if (selector.ok() && selector->Matches(set->At({"metadata", "labels"}))) {
          keys.insert(client::KeyOf(deployment));
        }
      }
    }
  }

  Plan Reconcile(const View& view, const std::string& key, WallTime now) const override {
    Plan plan;
    const Value& deployment = view.Get(kDeployments, key);
    if (deployment.is_null() || IsTerminating(deployment)) return plan;
    auto selector = api::Selector::FromLabelSelector(deployment.At({"spec", "selector"}));
    if (!selector.ok()) return plan;
    std::vector<Value> sets = Claim(view, kReplicaSets, deployment, *selector, plan);
    // Claims change the sets: their versions are needed for what follows.
    if (!plan.writes.empty()) return plan;
    const Value& meta = deployment["metadata"];
    std::string hash =
        TemplateHash(deployment.At({"spec", "template"}), deployment.At({"status", "collisionCount"}).AsInt());
    const Value& taken = view.Get(kReplicaSets, meta["namespace"].AsString(), meta["name"].str() + "-" + hash);
    DeploymentRollout(deployment, std::move(sets), taken, now, plan).Run();
    return plan;
  }
};

}  // namespace

std::unique_ptr<Controller> MakeDeploymentController() { return std::make_unique<DeploymentController>(); }

}  // namespace kp::controllers
