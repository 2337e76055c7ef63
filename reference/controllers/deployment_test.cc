#include "reference/controllers/deployment.h"

#include <gtest/gtest.h>

#include "reference/client/resources.h"
#include "reference/controllers/deployment_sets.h"

namespace kp::controllers {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

Value Template(std::string_view image) {
  return Obj({{"metadata", Obj({{"labels", Obj({{"app", "web"}})}})},
              {"spec", Obj({{"containers", Arr({Obj({{"name", "c"}, {"image", image}})})}})}});
}

// Four replicas of image "new", one more and one less at a time.
Value Deployment() {
  Value rolling = Obj({{"maxSurge", 1}, {"maxUnavailable", 1}});
  return Obj({{"metadata", Obj({{"name", "web"},
                                {"namespace", "default"},
                                {"uid", "deployment"},
                                {"annotations", Obj({{kRevision, "2"}})}})},
              {"spec", Obj({{"replicas", 4},
                            {"selector", Obj({{"matchLabels", Obj({{"app", "web"}})}})},
                            {"strategy", Obj({{"type", "RollingUpdate"}, {"rollingUpdate", rolling}})},
                            {"template", Template("new")}})}});
}

struct Set {
  std::string_view image;
  std::string_view revision;
  int replicas;   // as asked for
  int available;  // as last told
};

Value ReplicaSet(const Set& set) {
  Value owner = Obj({{"kind", "Deployment"}, {"name", "web"}, {"uid", "deployment"}, {"controller", true}});
  Value annotations = Obj({{kRevision, set.revision}, {kDesiredReplicas, "4"}, {kMaxReplicas, "5"}});
  return Obj({{"metadata", Obj({{"name", "web-" + std::string(set.image)},
                                {"namespace", "default"},
                                {"uid", set.image},
                                {"labels", Obj({{"app", "web"}})},
                                {"annotations", annotations},
                                {"ownerReferences", Arr({owner})}})},
              {"spec", Obj({{"replicas", set.replicas}, {"template", Template(set.image)}})},
              {"status", Obj({{"replicas", set.available}, {"availableReplicas", set.available}})}});
}

// The number of replicas that a set is changed to; -1 when it is left alone.
int64_t ScaledTo(const Plan& plan, std::string_view image) {
  for (const Write& write : plan.writes) {
    if (write.ref.name == "web-" + std::string(image)) return SpecReplicas(write.body);
  }
  return -1;
}

Plan Reconcile(const std::vector<Set>& sets) {
  client::Informer::Objects deployments = {{"default/web", Deployment()}};
  client::Informer::Objects copies;
  View view;
  view.Set(client::kDeployments, &deployments);
  view.Set(client::kReplicaSets, &copies);
  for (const Set& set : sets) {
    Value object = ReplicaSet(set);
    copies[client::KeyOf(object)] = object;
    view.OnChange(client::kReplicaSets, Value(), object);
  }
  return MakeDeploymentController()->Reconcile(view, "default/web", WallTime{});
}

TEST(Deployment, AnOldSetGivesWayToAvailableNewPods) {
  EXPECT_EQ(ScaledTo(Reconcile({{"old", "1", 3, 3}, {"new", "2", 2, 1}}), "old"), 2);
}

// The set's status is of before it was scaled from four to three: one of the four is going.
TEST(Deployment, PodsThatAreGoingDoNotCountAsAvailable) {
  EXPECT_EQ(ScaledTo(Reconcile({{"old", "1", 3, 4}, {"new", "2", 2, 1}}), "old"), 2);
}

TEST(Deployment, NoPodGoesWhileTheNewOnesAreNotAvailable) {
  EXPECT_EQ(ScaledTo(Reconcile({{"old", "1", 3, 3}, {"new", "2", 2, 0}}), "old"), -1);
}

}  // namespace
}  // namespace kp::controllers
