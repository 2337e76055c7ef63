#include "reference/controllers/endpointslice.h"

#include <gtest/gtest.h>

#include "reference/client/resources.h"

namespace kp::controllers {
namespace {

using api::Arr;
using api::Obj;
using api::Value;

Value Labels() { return Obj({{"app", "web"}}); }

Value Service() {
  return Obj({{"metadata", Obj({{"name", "s"}, {"namespace", "default"}, {"uid", "service"}})},
              {"spec", Obj({{"selector", Labels()}, {"ports", Arr({Obj({{"port", 80}})})}})}});
}

Value ReadyPod() {
  Value ready = Obj({{"type", "Ready"}, {"status", "True"}});
  return Obj({{"metadata", Obj({{"name", "p"}, {"namespace", "default"}, {"uid", "pod"}, {"labels", Labels()}})},
              {"status", Obj({{"phase", "Running"}, {"podIP", "10.0.0.7"}, {"conditions", Arr({ready})}})}});
}

// A namespace with one Service; the plan for it is carried out in the copies by `Apply`.
class SliceWorld {
 public:
  SliceWorld() {
    view_.Set(client::kServices, &services_);
    view_.Set(client::kPods, &pods_);
    view_.Set(client::kEndpointSlices, &slices_);
    services_["default/s"] = Service();
    view_.OnChange(client::kServices, Value(), Service());
  }

  void AddPod(const Value& pod) {
    pods_[client::KeyOf(pod)] = pod;
    view_.OnChange(client::kPods, Value(), pod);
  }

  Plan Reconcile() { return MakeEndpointSliceController()->Reconcile(view_, "default/s", WallTime{}); }

  void Apply(const Write& create) {
    Value slice = create.body.With({"metadata", "name"}, "s-1").With({"metadata", "uid"}, "slice");
    slices_["default/s-1"] = slice;
    view_.OnChange(client::kEndpointSlices, Value(), slice);
  }

 private:
  client::Informer::Objects services_, pods_, slices_;
  View view_;
};

// Two slices at once would show a reader an empty one beside the filled one.
TEST(EndpointSlice, TheFirstPodFillsTheEmptySlice) {
  SliceWorld world;
  Plan empty = world.Reconcile();
  ASSERT_EQ(empty.writes.size(), 1u);
  world.Apply(empty.writes[0]);
  world.AddPod(ReadyPod());
  Plan filled = world.Reconcile();
  ASSERT_EQ(filled.writes.size(), 1u);
  EXPECT_EQ(filled.writes[0].verb, Write::Verb::kUpdate);
  EXPECT_EQ(filled.writes[0].ref.name, "s-1");
  EXPECT_EQ(filled.writes[0].body["ports"][0]["port"], Value(80));
  EXPECT_EQ(filled.writes[0].body["endpoints"].size(), 1u);
}

}  // namespace
}  // namespace kp::controllers
