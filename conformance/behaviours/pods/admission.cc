// What the API makes of a pod before any node has it.
#include "conformance/behaviour.h"
#include "conformance/behaviours/pods/pods.h"

namespace kp::conformance {

using client::kPods;

namespace {

Value Resources(const Value& requests, const Value& limits) {
  Value resources = Value::EmptyObject();
  if (!requests.is_null()) resources = resources.With("requests", requests);
  if (!limits.is_null()) resources = resources.With("limits", limits);
  return resources;
}

Value WithResources(const Value& pod, const Value& resources) {
  return pod.With({"spec", "containers"}, Arr({pod["spec"]["containers"][0].With("resources", resources)}));
}

std::string QosOf(Context& t, std::string_view name, const Value& resources) {
  return t.MustCreate(kPods, WithResources(IdlePod(name), resources)).At({"status", "qosClass"}).str();
}

Value TolerationFor(const Value& pod, std::string_view key) {
  for (const Value& toleration : pod["spec"]["tolerations"].items()) {
    if (toleration["key"].AsString() == key) return toleration;
  }
  return Value();
}

}  // namespace

BEHAVIOUR("pods/defaults/of-the-pod") {
  Value pod = t.MustCreate(kPods, IdlePod("p").Without({"spec", "terminationGracePeriodSeconds"}));
  const Value& spec = pod["spec"];
  t.ExpectEq(spec["restartPolicy"], "Always", "restartPolicy");
  t.ExpectEq(spec["dnsPolicy"], "ClusterFirst", "dnsPolicy");
  t.ExpectEq(spec["terminationGracePeriodSeconds"], 30, "terminationGracePeriodSeconds");
  t.ExpectEq(spec["schedulerName"], "default-scheduler", "schedulerName");
  t.ExpectEq(spec["enableServiceLinks"], true, "enableServiceLinks");
  t.ExpectEq(spec["securityContext"], Value::EmptyObject(), "securityContext");
  t.ExpectEq(spec["serviceAccountName"], "default", "serviceAccountName");
  t.ExpectEq(spec["priority"], 0, "priority");
  t.ExpectEq(spec["preemptionPolicy"], "PreemptLowerPriority", "preemptionPolicy");
  t.ExpectEq(pod.At({"status", "phase"}), "Pending", "the first phase");
}

BEHAVIOUR("pods/defaults/of-containers") {
  Value moving = Obj({{"name", "moving"},
                      {"image", "kubeproof/testpod"},
                      {"ports", Arr({Obj({{"containerPort", 80}})})},
                      {"livenessProbe", Obj({{"httpGet", Obj({{"port", 80}})}})}});
  Value fixed = Obj({{"name", "fixed"}, {"image", "kubeproof/testpod:v1"}});
  Value pod = t.MustCreate(kPods, IdlePod("p")
                                      .With({"spec", "containers"}, Arr({moving, fixed}))
                                      .With({"spec", "volumes"}, Arr({Obj({{"name", "scratch"}})})));
  moving = pod["spec"]["containers"][0];
  fixed = pod["spec"]["containers"][1];
  t.ExpectEq(moving["imagePullPolicy"], "Always", "imagePullPolicy of an image without tag");
  t.ExpectEq(fixed["imagePullPolicy"], "IfNotPresent", "imagePullPolicy of an image with a tag");
  t.ExpectEq(moving["terminationMessagePath"], "/dev/termination-log", "terminationMessagePath");
  t.ExpectEq(moving["terminationMessagePolicy"], "File", "terminationMessagePolicy");
  t.ExpectEq(moving["ports"][0]["protocol"], "TCP", "protocol of a port");
  const Value& probe = moving["livenessProbe"];
  t.ExpectEq(probe["timeoutSeconds"], 1, "timeoutSeconds of a probe");
  t.ExpectEq(probe["periodSeconds"], 10, "periodSeconds of a probe");
  t.ExpectEq(probe["successThreshold"], 1, "successThreshold of a probe");
  t.ExpectEq(probe["failureThreshold"], 3, "failureThreshold of a probe");
  t.ExpectEq(probe["httpGet"]["path"], "/", "path of an HTTP probe");
  t.ExpectEq(probe["httpGet"]["scheme"], "HTTP", "scheme of an HTTP probe");
  t.ExpectEq(pod["spec"]["volumes"][0]["emptyDir"], Value::EmptyObject(), "a volume without source");
}

BEHAVIOUR("pods/admission/tolerates-lost-nodes-for-five-minutes") {
  Value own = Obj({{"key", "node.kubernetes.io/not-ready"},
                   {"operator", "Exists"},
                   {"effect", "NoExecute"},
                   {"tolerationSeconds", 7}});
  Value pod = t.MustCreate(kPods, IdlePod("p"));
  for (std::string_view key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    Value toleration = TolerationFor(pod, key);
    t.ExpectEq(toleration["effect"], "NoExecute", "effect of the toleration of " + std::string(key));
    t.ExpectEq(toleration["operator"], "Exists", "operator of the toleration of " + std::string(key));
    t.ExpectEq(toleration["tolerationSeconds"], 300, "seconds of the toleration of " + std::string(key));
  }
  t.Step("a toleration of the pod's own stays as it is");
  pod = t.MustCreate(kPods, IdlePod("own").With({"spec", "tolerations"}, Arr({own})));
  t.ExpectEq(TolerationFor(pod, "node.kubernetes.io/not-ready")["tolerationSeconds"], 7, "the pod's own seconds");
  t.ExpectEq(pod["spec"]["tolerations"].size(), size_t{2}, "number of tolerations");
}

BEHAVIOUR("pods/admission/mounts-a-token-of-its-account") {
  Value pod = t.MustCreate(kPods, IdlePod("p"));
  std::string volume;
  for (const Value& mount : pod["spec"]["containers"][0]["volumeMounts"].items()) {
    bool there = mount["mountPath"].AsString() == "/var/run/secrets/kubernetes.io/serviceaccount";
    if (there) volume = mount["name"].str();
  }
  t.Expect(volume.starts_with("kube-api-access-"), "a volume is mounted where clients look for the token");
  Value sources;
  for (const Value& v : pod["spec"]["volumes"].items()) {
    if (v["name"].AsString() == volume) sources = v["projected"]["sources"];
  }
  bool token = false;
  bool root = false;
  bool ns = false;
  for (const Value& source : sources.items()) {
    token |= source["serviceAccountToken"]["path"].AsString() == "token";
    root |= source["configMap"]["name"].AsString() == "kube-root-ca.crt";
    ns |= source["downwardAPI"]["items"][0]["path"].AsString() == "namespace";
  }
  t.Expect(token && root && ns, "the volume holds token, ca.crt and namespace");
  pod = t.MustCreate(kPods, IdlePod("without").With({"spec", "automountServiceAccountToken"}, false));
  t.Expect(pod["spec"]["containers"][0]["volumeMounts"].empty(), "no mount where the pod wants none");
}

BEHAVIOUR("pods/resources/requests-default-to-limits") {
  Value limits = Obj({{"cpu", "200m"}, {"memory", "64Mi"}});
  Value pod = t.MustCreate(kPods, WithResources(IdlePod("p"), Resources(Obj({{"cpu", "100m"}}), limits)));
  const Value& requests = pod["spec"]["containers"][0]["resources"]["requests"];
  t.ExpectEq(requests["cpu"], "100m", "the request that was given");
  t.ExpectEq(requests["memory"], "64Mi", "the request that was not given");
}

BEHAVIOUR("pods/resources/request-above-limit-is-refused") {
  Value resources = Resources(Obj({{"cpu", "300m"}}), Obj({{"cpu", "200m"}}));
  api::ApiStatus status = t.MustFail(t.Create(kPods, WithResources(IdlePod("p"), resources)), 422, "Invalid",
                                     "must be less than or equal to cpu limit");
  t.Expect(NamesField(status, "spec.containers[0].resources.requests"),
           "the cause names spec.containers[0].resources.requests: " + status.ToString());
  t.ExpectError(t.Get(kPods, "p"), 404, "NotFound");
}

BEHAVIOUR("pods/resources/class-of-service") {
  Value full = Obj({{"cpu", "100m"}, {"memory", "64Mi"}});
  t.ExpectEq(QosOf(t, "none", Value::EmptyObject()), "BestEffort", "class of a pod that asks for nothing");
  t.ExpectEq(QosOf(t, "equal", Resources(full, full)), "Guaranteed", "class of a pod whose requests are its limits");
  t.ExpectEq(QosOf(t, "limits", Resources(Value(), full)), "Guaranteed", "class of a pod with limits alone");
  t.ExpectEq(QosOf(t, "less", Resources(Obj({{"cpu", "50m"}}), full)), "Burstable",
             "class of a pod that asks for less than its limit");
  t.ExpectEq(QosOf(t, "cpu", Resources(Obj({{"cpu", "50m"}}), Obj({{"cpu", "50m"}}))), "Burstable",
             "class of a pod without memory limit");
}

BEHAVIOUR("pods/update/image-may-change-others-may-not") {
  Value pod = t.MustCreate(kPods, IdlePod("p"));
  Value image = Arr({Obj({{"name", "c"}, {"image", "kubeproof/testpod:v2"}})});
  Value changed = t.MustPatch(kPods, "p", client::PatchType::kStrategic, Obj({{"spec", Obj({{"containers", image}})}}));
  t.ExpectEq(changed["spec"]["containers"][0]["image"], "kubeproof/testpod:v2", "the image");
  for (const Value& spec : {Obj({{"restartPolicy", "Never"}}), Obj({{"terminationGracePeriodSeconds", 99}}),
                            Obj({{"hostname", "other"}})}) {
    api::ApiStatus status = t.MustFail(t.Patch(kPods, "p", client::PatchType::kMerge, Obj({{"spec", spec}})), 422,
                                       "Invalid", "pod updates may not change fields");
    t.Expect(NamesField(status, "spec"), "the cause names spec: " + status.ToString());
  }
  t.ExpectEq(t.MustGet(kPods, "p")["spec"], changed["spec"], "the spec after the refused updates");
}

BEHAVIOUR("pods/update/deadline-may-only-shrink") {
  t.MustCreate(kPods, IdlePod("p").With({"spec", "activeDeadlineSeconds"}, 100));
  auto set = [&](int seconds) {
    return t.Patch(kPods, "p", client::PatchType::kMerge, Obj({{"spec", Obj({{"activeDeadlineSeconds", seconds}})}}));
  };
  t.ExpectEq(t.Must(set(50), "lower the deadline")["spec"]["activeDeadlineSeconds"], 50, "the lower deadline");
  t.ExpectError(set(60), 422, "Invalid", "must be less than or equal to previous value");
}

}  // namespace kp::conformance
