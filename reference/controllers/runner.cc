#include "reference/controllers/runner.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::controllers {
namespace {

// Keys of one controller that may be under way at once.
constexpr size_t kMaxJobs = 32;

int64_t VersionOf(const api::Value& object) {
  return ParseInt(object.At({"metadata", "resourceVersion"}).AsString()).value_or(0);
}

bool NamesOwner(const api::Value& object, const Absent& guard) {
  for (const api::Value& owner : object.At({"metadata", "ownerReferences"}).items()) {
    if (owner["uid"].AsString() != guard.owner) continue;
    if (!guard.blocking || owner["blockOwnerDeletion"].AsBool()) return true;
  }
  return false;
}

bool IsAbsent(const Absent& guard, const api::ApiResult<api::Value>& result) {
  if (!result.ok()) return guard.owner.empty() && result.error().code() == 404;
  if (guard.owner.empty()) return !guard.uid.empty() && result->At({"metadata", "uid"}).AsString() != guard.uid;
  const auto& items = (*result)["items"].items();
  return std::none_of(items.begin(), items.end(), [&](const api::Value& item) { return NamesOwner(item, guard); });
}

}  // namespace

client::Informer& Informers::For(const client::Resource& resource) {
  auto& slot = informers_[resource];
  if (slot == nullptr) {
    slot = std::make_unique<client::Informer>(env_, client_, resource);
    view_.Set(resource, &slot->objects());
    slot->AddHandler(
        [this, resource](const api::Value& old, const api::Value& now) { view_.OnChange(resource, old, now); });
  }
  return *slot;
}

client::Informer* Informers::Find(const client::Resource& resource) {
  auto found = informers_.find(resource);
  return found == informers_.end() ? nullptr : found->second.get();
}

void Informers::Start() {
  for (auto& [resource, informer] : informers_) informer->Start();
}

bool Informers::Synced() const {
  return std::all_of(informers_.begin(), informers_.end(), [](const auto& entry) { return entry.second->synced(); });
}

ControllerRunner::ControllerRunner(runtime::Env& env, client::KubeClient& client, Informers& informers,
                                   std::unique_ptr<Controller> controller)
    : env_(env),
      client_(client),
      informers_(informers),
      controller_(std::move(controller)),
      recorder_(env, client, std::string(controller_->name()) + "-controller"),
      queue_(env, {}, [this] { Work(); }) {
  for (const client::Resource& resource : controller_->resources()) {
    client::Informer& informer = informers_.For(resource);
    informer.AddHandler(
        [this, resource](const api::Value& old, const api::Value& now) { OnChange(resource, old, now); });
    informer.OnProgress([this] {
      CheckBarriers();
      if (queue_.HasNext()) Work();
    });
  }
}

void ControllerRunner::OnChange(const client::Resource& resource, const api::Value& old, const api::Value& now) {
  std::set<std::string> keys;
  controller_->Wake(resource, old, now, informers_.view(), keys);
  for (const std::string& key : keys) queue_.Add(key);
}

void ControllerRunner::Work() {
  // A view with holes would have controllers create what exists.
  if (!informers_.Synced()) return;
  while (queue_.HasNext() && jobs_.size() < kMaxJobs) Begin(queue_.Next());
}

void ControllerRunner::Begin(const std::string& key) {
  Job& job = jobs_[key];
  job.plan = controller_->Reconcile(informers_.view(), key, env_.Wall());
  // Creates first, in slow-start batches; a stable partition keeps the controller's own order.
  std::stable_partition(job.plan.writes.begin(), job.plan.writes.end(),
                        [](const Write& write) { return write.verb == Write::Verb::kCreate; });
  for (const EventNote& event : job.plan.events) {
    recorder_.Record(event.regarding, event.type, event.reason, event.message);
  }
  job.guards = job.plan.absent.size();
  if (job.guards == 0) return SendMore(key);
  std::vector<Absent> guards = job.plan.absent;
  for (const Absent& guard : guards) {
    auto done = alive_.Wrap([this, key, guard](api::ApiResult<api::Value> result) { OnGuard(key, guard, result); });
    guard.owner.empty() ? client_.Get(guard.ref, std::move(done)) : client_.List(guard.ref, {}, std::move(done));
  }
}

void ControllerRunner::OnGuard(const std::string& key, const Absent& guard, const api::ApiResult<api::Value>& result) {
  Job& job = jobs_.at(key);
  if (!IsAbsent(guard, result)) {
    job.failed = true;
    job.error = client::PathOf(guard.ref) + " exists";
  }
  if (--job.guards == 0) SendMore(key);
}

void ControllerRunner::SendMore(const std::string& key) {
  Job& job = jobs_.at(key);
  const std::vector<Write>& writes = job.plan.writes;
  size_t first = job.next;
  if (!job.failed) {
    bool creates = first < writes.size() && writes[first].verb == Write::Verb::kCreate;
    size_t last = first;
    while (last < writes.size() && (writes[last].verb == Write::Verb::kCreate) == creates) {
      if (creates && last - first == job.batch) break;
      ++last;
    }
    job.next = last;
    job.batch *= 2;
    job.pending = last - first;
  }
  if (job.pending == 0) {
    if (!job.failed && !Caught(job)) {
      barred_.insert(key);
    } else {
      End(key);
    }
    return;
  }
  for (size_t i = first; i < job.next; ++i) Send(key, writes[i]);
}

void ControllerRunner::Send(const std::string& key, const Write& write) {
  auto done = alive_.Wrap([this, key, write](api::ApiResult<api::Value> result) { OnAnswer(key, write, result); });
  switch (write.verb) {
    case Write::Verb::kCreate: return client_.Create(write.ref, write.body, {}, std::move(done));
    case Write::Verb::kUpdate: return client_.Update(write.ref, write.body, {}, std::move(done));
    case Write::Verb::kPatch: return client_.Patch(write.ref, write.patch_type, write.body, {}, std::move(done));
    case Write::Verb::kDelete: return client_.Delete(write.ref, write.delete_options, std::move(done));
  }
}

void ControllerRunner::OnAnswer(const std::string& key, const Write& write, const api::ApiResult<api::Value>& result) {
  Job& job = jobs_.at(key);
  if (result.ok()) {
    Note(job, write, *result);
    if (write.event) Tell(*write.event, *result);
  } else if (result.error().code() >= 500 && KP_MUTANT("controllers-give-up-on-errors")) {
    // as if it were done
  } else if (!(write.verb == Write::Verb::kDelete && result.error().code() == 404)) {
    job.failed = true;
    job.error = client::PathOf(write.ref) + ": " + result.error().ToString();
  }
  if (--job.pending == 0) SendMore(key);
}

void ControllerRunner::Tell(const EventNote& event, const api::Value& written) {
  std::string message = event.message;
  size_t at = message.find("{name}");
  if (at != std::string::npos) message.replace(at, 6, written.At({"metadata", "name"}).AsString());
  recorder_.Record(event.regarding, event.type, event.reason, message);
}

// Remembers what the copies have to show before this key may be looked at again.
void ControllerRunner::Note(Job& job, const Write& write, const api::Value& answer) {
  if (KP_MUTANT("controllers-no-write-barrier")) return;
  if (informers_.Find(write.ref.resource) == nullptr) return;
  if (write.verb == Write::Verb::kDelete) {
    job.gone.push_back(
        {write.ref.resource, client::MakeKey(write.ref.ns, write.ref.name), write.delete_options.precondition_uid});
    return;
  }
  // The answer of a subresource such as scale carries the version of its parent.
  int64_t& version = job.versions[write.ref.resource];
  version = std::max(version, VersionOf(answer));
}

bool ControllerRunner::Caught(const Job& job) {
  for (const auto& [resource, version] : job.versions) {
    if (informers_.Find(resource)->version() < version) return false;
  }
  return std::all_of(job.gone.begin(), job.gone.end(), [&](const Job::Gone& gone) {
    const api::Value& object = informers_.Find(gone.resource)->Get(gone.key);
    if (object.is_null() || !object.At({"metadata", "deletionTimestamp"}).is_null()) return true;
    return !gone.uid.empty() && object.At({"metadata", "uid"}).AsString() != gone.uid;
  });
}

void ControllerRunner::CheckBarriers() {
  std::vector<std::string> free;
  for (const std::string& key : barred_) {
    if (Caught(jobs_.at(key))) free.push_back(key);
  }
  for (const std::string& key : free) End(key);
}

void ControllerRunner::End(const std::string& key) {
  barred_.erase(key);
  Job job = std::move(jobs_.at(key));
  jobs_.erase(key);
  if (job.failed) {
    env_.Log(runtime::Severity::kDebug, controller_->name(), key + ": " + job.error);
    queue_.Done(key);
    queue_.AddRateLimited(key);
  } else {
    queue_.Forget(key);
    queue_.Done(key);
    if (job.plan.requeue_after) queue_.AddAfter(key, *job.plan.requeue_after);
  }
  if (queue_.HasNext()) env_.Post(alive_.Wrap([this] { Work(); }));
}

}  // namespace kp::controllers
