#include "reference/client/event_recorder.h"

#include "reference/base/strings.h"
#include "reference/client/resources.h"

namespace kp::client {
namespace {

// Enough to count repetitions; beyond it they show as new events.
constexpr size_t kMaxKnown = 2000;

}  // namespace

EventRecorder::EventRecorder(runtime::Env& env, KubeClient& client, std::string component, std::string host)
    : env_(env),
      client_(client),
      component_(std::move(component)),
      host_(std::move(host)),
      random_(env.random().Fork("events")) {}

void EventRecorder::Record(const api::Value& regarding, std::string_view type, std::string_view reason,
                           std::string_view message) {
  const api::Value& meta = regarding["metadata"];
  std::string identity = meta["uid"].str() + "\n" + std::string(reason) + "\n" + std::string(message);
  std::string now = FormatRfc3339(env_.Wall());
  auto ignore = [](const api::ApiResult<api::Value>&) {};
  auto known = known_.find(identity);
  if (known != known_.end()) {
    Known& event = known->second;
    api::Value patch = api::Obj({{"count", ++event.count}, {"lastTimestamp", now}});
    client_.Patch({kEvents, event.ns, event.name, ""}, PatchType::kMerge, patch, {}, ignore);
    return;
  }
  if (known_.size() >= kMaxKnown) known_.clear();
  // Events of cluster-scoped objects live in "default".
  std::string ns = meta["namespace"].empty() ? "default" : meta["namespace"].str();
  std::string name = meta["name"].str() + "." + HexEncode(random_.Bytes(8));
  known_.emplace(identity, Known{ns, name, 1});
  api::Value source = api::Obj({{"component", component_}});
  if (!host_.empty()) source = source.With("host", host_);
  api::Value event = api::Obj({
      {"apiVersion", "v1"},
      {"kind", "Event"},
      {"metadata", api::Obj({{"name", name}, {"namespace", ns}})},
      {"involvedObject", api::Obj({{"apiVersion", regarding["apiVersion"]},
                                   {"kind", regarding["kind"]},
                                   {"name", meta["name"]},
                                   {"namespace", meta["namespace"].is_null() ? api::Value("") : meta["namespace"]},
                                   {"uid", meta["uid"]},
                                   {"resourceVersion", meta["resourceVersion"]}})},
      {"reason", reason},
      {"message", message},
      {"source", source},
      {"reportingComponent", component_},
      {"reportingInstance", host_},
      {"firstTimestamp", now},
      {"lastTimestamp", now},
      {"count", 1},
      {"type", type},
  });
  client_.Create({kEvents, ns, "", ""}, event, {}, ignore);
}

}  // namespace kp::client
