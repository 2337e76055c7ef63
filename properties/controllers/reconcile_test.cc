// Laws of reconciliation: a settled world plans nothing, plans converge from any start, and no plan touches
// what is not its own.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "properties/controllers/toy_api.h"
#include "reference/client/resources.h"
#include "reference/controllers/deployment.h"
#include "reference/controllers/endpointslice.h"
#include "reference/controllers/garbage_collector.h"
#include "reference/controllers/owner.h"
#include "reference/controllers/replicaset.h"

namespace kp::properties {
namespace {

using api::Arr;
using api::Obj;
using api::Value;
using client::kDeployments;
using client::kEndpointSlices;
using client::kPods;
using client::kReplicaSets;
using client::kServices;
using controllers::Plan;
using controllers::Write;

const Value& Web() {
  static const auto* labels = new Value(Obj({{"app", "web"}}));
  return *labels;
}

Value Template(std::string_view image) {
  return Obj({{"metadata", Obj({{"labels", Web()}})},
              {"spec", Obj({{"containers", Arr({Obj({{"name", "c"}, {"image", image}})})}})}});
}

Value Set(std::string_view name, int replicas) {
  return Obj(
      {{"apiVersion", "apps/v1"},
       {"kind", "ReplicaSet"},
       {"metadata", Obj({{"name", name}})},
       {"spec",
        Obj({{"replicas", replicas}, {"selector", Obj({{"matchLabels", Web()}})}, {"template", Template("a")}})}});
}

// A pod in some state: matching or not, owned by nobody or a stranger, at any point of its life.
Value DrawPod(int i, int state) {
  Value labels = state % 2 == 0 ? Web() : Obj({{"app", "other"}});
  Value pod = Obj({{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", Obj({{"name", "p" + std::to_string(i)}, {"labels", labels}})},
                   {"spec", Value::EmptyObject()}});
  static const char* const kPhases[] = {"", "Pending", "Running", "Succeeded", "Failed"};
  pod = pod.With("status", Obj({{"phase", kPhases[state % 5]}}));
  if (state % 3 == 0) {
    Value stranger = Obj(
        {{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"name", "x"}, {"uid", "stranger"}, {"controller", true}});
    pod = pod.With({"metadata", "ownerReferences"}, Arr({stranger}));
  }
  return pod;
}

size_t ActiveOwned(ToyApi& api, const std::string& uid) {
  size_t count = 0;
  for (const auto& [key, pod] : api.Objects(kPods)) {
    std::string_view phase = pod.At({"status", "phase"}).AsString();
    count += controllers::ControllerOf(pod)["uid"].AsString() == uid && phase != "Succeeded" && phase != "Failed";
  }
  return count;
}

RC_GTEST_PROP(Reconcile, ReplicaSetConvergesFromAnyPods, ()) {
  ToyApi api(*rc::gen::arbitrary<uint64_t>());
  int replicas = *rc::gen::inRange(0, 6);
  auto states = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30));
  for (size_t i = 0; i < states.size() && i < 12; ++i) api.Put(kPods, DrawPod(static_cast<int>(i), states[i]));
  Value set = api.Put(kReplicaSets, Set("web", replicas));
  auto controller = controllers::MakeReplicaSetController();
  int rounds = RunToRest(api, {{controller.get(), "default/web"}}, 10);
  RC_ASSERT(rounds <= 10);
  RC_ASSERT(ActiveOwned(api, set.At({"metadata", "uid"}).str()) == static_cast<size_t>(replicas));
  RC_ASSERT(controller->Reconcile(api.view(), "default/web", api.now()).empty());
}

RC_GTEST_PROP(Reconcile, ReplicaSetTouchesOnlyItsOwnAndOrphans, ()) {
  ToyApi api(*rc::gen::arbitrary<uint64_t>());
  auto states = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30));
  for (size_t i = 0; i < states.size() && i < 12; ++i) api.Put(kPods, DrawPod(static_cast<int>(i), states[i]));
  api.Put(kReplicaSets, Set("web", *rc::gen::inRange(0, 4)));
  Plan plan = controllers::MakeReplicaSetController()->Reconcile(api.view(), "default/web", api.now());
  for (const Write& write : plan.writes) {
    if (write.ref.resource == kReplicaSets) {
      RC_ASSERT(write.ref.name == "web");
      continue;
    }
    if (write.verb == Write::Verb::kCreate) continue;
    const Value& pod = api.view().Get(kPods, write.ref.ns, write.ref.name);
    RC_ASSERT(controllers::ControllerOf(pod)["uid"].AsString() != "stranger");
    RC_ASSERT(pod.At({"metadata", "labels"}) == Web());
  }
}

// All sets and the Deployment are worked on until nothing is left to do.
int RollToRest(ToyApi& api, int most) {
  auto deployments = controllers::MakeDeploymentController();
  auto sets = controllers::MakeReplicaSetController();
  for (int round = 1; round <= most; ++round) {
    Plan plan = deployments->Reconcile(api.view(), "default/web", api.now());
    bool rest = plan.empty();
    api.Apply(plan);
    std::vector<std::string> keys;
    for (const auto& [key, set] : api.Objects(kReplicaSets)) keys.push_back(key);
    for (const std::string& key : keys) {
      Plan of_set = sets->Reconcile(api.view(), key, api.now());
      rest &= of_set.empty();
      api.Apply(of_set);
    }
    api.RunPods();
    api.Advance(1s);
    if (rest) return round;
  }
  return most + 1;
}

Value DrawDeployment(int replicas, int surge, int unavailable) {
  Value rolling = Obj({{"maxSurge", surge}, {"maxUnavailable", unavailable}});
  return Obj({{"apiVersion", "apps/v1"},
              {"kind", "Deployment"},
              {"metadata", Obj({{"name", "web"}})},
              {"spec", Obj({{"replicas", replicas},
                            {"revisionHistoryLimit", 2},
                            {"progressDeadlineSeconds", 600},
                            {"selector", Obj({{"matchLabels", Web()}})},
                            {"strategy", Obj({{"type", "RollingUpdate"}, {"rollingUpdate", rolling}})},
                            {"template", Template("a")}})}});
}

RC_GTEST_PROP(Reconcile, DeploymentConvergesThroughAnyEdits, ()) {
  ToyApi api(*rc::gen::arbitrary<uint64_t>());
  int surge = *rc::gen::inRange(0, 3);
  int unavailable = surge == 0 ? 1 : *rc::gen::inRange(0, 3);
  int replicas = *rc::gen::inRange(0, 6);
  api.Put(kDeployments, DrawDeployment(replicas, surge, unavailable));
  auto edits = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::inRange(1, 6)));
  auto controller = controllers::MakeDeploymentController();
  auto sets = controllers::MakeReplicaSetController();
  for (size_t i = 0; i < edits.size() && i < 4; ++i) {
    // An edit in the middle of a roll-out: a few rounds at most between two.
    RollToRest(api, edits[i].second);
    Value now = api.Objects(kDeployments).at("default/web");
    Value next = edits[i].first == 0
                     ? now.With({"spec", "replicas"}, edits[i].second)
                     : now.With({"spec", "template"}, Template("image-" + std::to_string(edits[i].first)));
    if (next["spec"] == now["spec"]) continue;
    next = next.With({"metadata", "generation"}, now.At({"metadata", "generation"}).AsInt() + 1);
    api.Put(kDeployments, next);
  }
  int rounds = RollToRest(api, 60);
  RC_ASSERT(rounds <= 60);
  Value rest = api.Objects(kDeployments).at("default/web");
  int64_t wanted = rest.At({"spec", "replicas"}).AsInt();
  RC_ASSERT(rest.At({"status", "availableReplicas"}).AsInt() == wanted);
  RC_ASSERT(rest.At({"status", "updatedReplicas"}).AsInt() == wanted);
  RC_ASSERT(api.Objects(kPods).size() == static_cast<size_t>(wanted));
}

RC_GTEST_PROP(Reconcile, RollOutKeepsItsBoundsAtEveryStep, ()) {
  ToyApi api(*rc::gen::arbitrary<uint64_t>());
  int surge = *rc::gen::inRange(0, 3);
  int unavailable = surge == 0 ? 1 : *rc::gen::inRange(0, 3);
  int replicas = *rc::gen::inRange(1, 6);
  api.Put(kDeployments, DrawDeployment(replicas, surge, unavailable));
  RC_ASSERT(RollToRest(api, 40) <= 40);
  Value now = api.Objects(kDeployments).at("default/web");
  Value next = now.With({"spec", "template"}, Template("b"))
                   .With({"metadata", "generation"}, now.At({"metadata", "generation"}).AsInt() + 1);
  api.Put(kDeployments, next);
  auto deployments = controllers::MakeDeploymentController();
  auto sets = controllers::MakeReplicaSetController();
  for (int round = 0; round < 40; ++round) {
    api.Apply(deployments->Reconcile(api.view(), "default/web", api.now()));
    std::vector<std::string> keys;
    for (const auto& [key, set] : api.Objects(kReplicaSets)) keys.push_back(key);
    for (const std::string& key : keys) {
      api.Apply(sets->Reconcile(api.view(), key, api.now()));
      size_t ready = 0;
      for (const auto& [pod_key, pod] : api.Objects(kPods)) ready += controllers::IsPodReady(pod);
      RC_ASSERT(api.Objects(kPods).size() <= static_cast<size_t>(replicas + surge));
      RC_ASSERT(static_cast<int>(ready) >= replicas - unavailable);
    }
    api.RunPods();
    api.Advance(1s);
  }
}

RC_GTEST_PROP(Reconcile, SlicesHoldEachPodOnce, ()) {
  ToyApi api(*rc::gen::arbitrary<uint64_t>());
  Value service = Obj({{"apiVersion", "v1"},
                       {"kind", "Service"},
                       {"metadata", Obj({{"name", "web"}})},
                       {"spec", Obj({{"selector", Web()}, {"ports", Arr({Obj({{"port", 80}})})}})}});
  api.Put(kServices, service);
  auto controller = controllers::MakeEndpointSliceController();
  auto turns = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 130));
  for (size_t i = 0; i < turns.size() && i < 4; ++i) {
    int have = static_cast<int>(api.Objects(kPods).size());
    for (int j = have; j < turns[i]; ++j) {
      api.Put(kPods, Obj({{"metadata", Obj({{"name", "p" + std::to_string(j)}, {"labels", Web()}})}}));
    }
    for (int j = turns[i]; j < have; ++j) api.Remove(kPods, "default/p" + std::to_string(j));
    api.RunPods();
    RC_ASSERT(RunToRest(api, {{controller.get(), "default/web"}}, 5) <= 5);
    std::set<std::string> seen;
    for (const auto& [key, slice] : api.Objects(kEndpointSlices)) {
      RC_ASSERT(slice["endpoints"].size() <= 100U);
      for (const Value& endpoint : slice["endpoints"].items()) {
        RC_ASSERT(seen.insert(endpoint.At({"targetRef", "uid"}).str()).second);
      }
    }
    RC_ASSERT(seen.size() == api.Objects(kPods).size());
  }
}

}  // namespace
}  // namespace kp::properties
