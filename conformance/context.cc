#include "conformance/context.h"

#include <algorithm>
#include <map>

#include "reference/api/json.h"

namespace kp::conformance {
namespace {

using api::ApiStatus;
using api::Obj;
using api::Value;
using client::ObjectRef;
using client::Resource;

// Longer than a change of leader and a restart of every component in turn.
constexpr Duration kCallBudget = 60s;
constexpr Duration kRetryPause = 200ms;
constexpr std::string_view kTokenKey = "kubeproof.test/call";

std::string NameOf(const Value& object) { return object.At({"metadata", "name"}).str(); }

// Errors that say nothing about the object: worth another try while faults are on.
bool IsVerdict(const ApiStatus& status) {
  return !client::IsUnreachable(status) && status.code() < 500 && status.code() != 429;
}

class RecordingWatcher : public Watcher, private client::KubeWatchHandler {
 public:
  using Saw = std::function<void(client::EventType, const Value&)>;
  RecordingWatcher(runtime::Env& env, client::KubeClient& client, ObjectRef ref, client::WatchOptions options, Saw saw)
      : client_(client), ref_(std::move(ref)), options_(std::move(options)), saw_(std::move(saw)), retry_(env) {}

  // With `resumes`, a broken watch goes on where it broke, as an informer's does.
  void Open(bool resumes) {
    resumes_ = resumes;
    watch_ = client_.Watch(ref_, options_, this);
  }
  const std::vector<WatchRecord>& events() const override { return events_; }
  bool ended() const override { return ended_; }
  const ApiStatus& end_status() const override { return status_; }

 private:
  void OnEvent(client::EventType type, Value object) override {
    // No change of an object: the server says why it ends the watch.
    if (resumes_ && type == client::EventType::kError) {
      refusal_ = ApiStatus::FromValue(object);
      return;
    }
    std::string version = object.At({"metadata", "resourceVersion"}).str();
    if (!version.empty()) options_.resource_version = version;
    options_.send_initial_events = options_.send_initial_events && version.empty();
    saw_(type, object);
    events_.push_back({type, std::move(object)});
  }
  void OnEnd(const ApiStatus& end) override {
    const ApiStatus status = refusal_.ok() ? end : std::exchange(refusal_, {});
    bool refused = !status.ok() && IsVerdict(status);
    // An orderly end that was asked for stands; else it is a server that shuts down.
    bool asked_for = status.ok() && options_.timeout_seconds > 0;
    if (resumes_ && !refused && !asked_for) {
      retry_.Start(kRetryPause, [this] { watch_ = client_.Watch(ref_, options_, this); });
      return;
    }
    ended_ = true;
    status_ = status;
  }

  client::KubeClient& client_;
  ObjectRef ref_;
  client::WatchOptions options_;
  Saw saw_;
  bool resumes_ = false;
  std::vector<WatchRecord> events_;
  bool ended_ = false;
  ApiStatus status_;
  ApiStatus refusal_;  // told in the stream: the version is too old
  std::unique_ptr<client::KubeWatch> watch_;
  runtime::Timer retry_;
};

}  // namespace

Context::Context(fixtures::Cluster& cluster, std::string id, uint64_t seed)
    : cluster_(cluster), id_(std::move(id)), random_(Random(seed).Fork("test/" + id_)), started_(cluster.env().Now()) {}

Context::~Context() { CleanUp(); }

class Context::Truce {
 public:
  explicit Truce(Context& context) : context_(context.gate_ && !context.in_truce_ ? &context : nullptr) {
    if (context_ == nullptr) return;
    if (!context_->gate_.settle()) context_->Fail("the cluster did not recover after the faults had ended");
    context_->in_truce_ = true;
  }
  ~Truce() {
    if (context_ == nullptr) return;
    context_->in_truce_ = false;
    context_->gate_.resume();
  }
  Truce(const Truce&) = delete;
  Truce& operator=(const Truce&) = delete;

 private:
  Context* context_;
};

const std::string& Context::ns() {
  if (!ns_.empty()) return ns_;
  ns_ = UniqueName("kp");
  Value object = Obj({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Obj({{"name", ns_}})}});
  Must(CreateAt({client::kNamespaces, "", "", ""}, object), "create namespace " + ns_);
  made_.push_back({client::kNamespaces, "", ns_, ""});
  Eventually("the namespace has its default ServiceAccount", [&] {
    return GetAt({client::kServiceAccounts, ns_, "default", ""}).ok();
  });
  return ns_;
}

std::string Context::UniqueName(std::string_view stem) { return std::string(stem) + "-" + random_.NameSuffix(8); }

void Context::Step(std::string text) { steps_.push_back({Elapsed(), std::move(text)}); }

ObjectRef Context::Ref(const Resource& resource, std::string name, std::string subresource) {
  return {resource, resource.namespaced ? ns() : "", std::move(name), std::move(subresource)};
}

// One request, one answer.
Context::ApiResult Context::Await(const Call& call) {
  // Shared: the answer may come after the budget is spent.
  auto answer = std::make_shared<std::optional<ApiResult>>();
  call([answer](ApiResult result) { *answer = std::move(result); });
  if (!cluster_.Pump([&] { return answer->has_value(); }, kCallBudget)) {
    return client::Unreachable(Status(Code::kDeadlineExceeded, "no answer"));
  }
  if ((*answer)->ok()) timeline_.Saw(Elapsed(), ***answer);
  return **answer;
}

Context::ApiResult Context::Do(const std::string& what, const Call& call) {
  ApiResult result = Await(call);
  if (once_ || !gate_) return result;
  Time deadline = cluster_.env().Now() + kCallBudget;
  while (!result.ok() && !IsVerdict(result.error()) && cluster_.env().Now() < deadline) {
    Step(what + ": " + result.error().ToString() + "; repeated");
    Sleep(kRetryPause);
    result = Await(call);
  }
  return result;
}

Context::ApiResult Context::GetAt(const ObjectRef& ref) {
  return Do("get " + client::PathOf(ref), [&](client::ObjectDone done) { client().Get(ref, std::move(done)); });
}

Context::ApiResult Context::ListAt(const ObjectRef& ref, const client::ListOptions& options) {
  return Do("list " + client::PathOf(ref),
            [&](client::ObjectDone done) { client().List(ref, options, std::move(done)); });
}

Context::ApiResult Context::DeleteAt(const ObjectRef& ref, const client::DeleteOptions& options) {
  int calls = 0;
  ApiResult result = Do("delete " + client::PathOf(ref), [&](client::ObjectDone done) {
    ++calls;
    client().Delete(ref, options, std::move(done));
  });
  // An earlier try of ours may have been carried out without an answer.
  if (!result.ok() && result.error().code() == 404 && calls > 1) return Value::EmptyObject();
  return result;
}

Context::ApiResult Context::CreateAt(const ObjectRef& ref, const Value& object, const client::WriteOptions& options) {
  const std::string name = NameOf(object);
  const bool repeats = !once_ && gate_ && !name.empty() && ref.subresource.empty();
  const std::string token = repeats ? random_.NameSuffix(12) : "";
  const Value body = repeats ? object.With({"metadata", "annotations", kTokenKey}, token) : object;
  int calls = 0;
  ApiResult result = Do("create " + client::PathOf(ref) + "/" + name, [&](client::ObjectDone done) {
    ++calls;
    client().Create(ref, body, options, std::move(done));
  });
  if (result.ok() || calls < 2 || result.error().code() != 409) return result;
  // Ours, if it carries our token: an earlier try was carried out and its answer lost.
  ApiResult there = GetAt({ref.resource, ref.ns, name, ""});
  if (there.ok() && there->At({"metadata", "annotations", kTokenKey}).AsString() == token) return there;
  return result;
}

Context::ApiResult Context::Get(const Resource& resource, const std::string& name, const std::string& subresource) {
  return GetAt(Ref(resource, name, subresource));
}

Context::ApiResult Context::List(const Resource& resource, const client::ListOptions& options) {
  return ListAt(Ref(resource, ""), options);
}

Context::ApiResult Context::Create(const Resource& resource, const Value& object, const client::WriteOptions& options) {
  return CreateAt(Ref(resource, ""), object, options);
}

Context::ApiResult Context::Update(const Resource& resource, const Value& object, const std::string& subresource,
                                   const client::WriteOptions& options) {
  ObjectRef ref = Ref(resource, NameOf(object), subresource);
  bool repeats = !once_ && gate_ && subresource.empty();
  std::string token = repeats ? random_.NameSuffix(12) : "";
  Value body = repeats ? object.With({"metadata", "annotations", kTokenKey}, token) : object;
  int calls = 0;
  ApiResult result = Do("update " + client::PathOf(ref), [&](client::ObjectDone done) {
    ++calls;
    client().Update(ref, body, options, std::move(done));
  });
  if (result.ok() || calls < 2 || result.error().code() != 409) return result;
  ApiResult there = Get(resource, NameOf(object));
  if (there.ok() && there->At({"metadata", "annotations", kTokenKey}).AsString() == token) return there;
  return result;
}

Context::ApiResult Context::Patch(const Resource& resource, const std::string& name, client::PatchType type,
                                  const Value& patch, const std::string& subresource,
                                  const client::WriteOptions& options) {
  ObjectRef ref = Ref(resource, name, subresource);
  int calls = 0;
  ApiResult result = Do("patch " + client::PathOf(ref), [&](client::ObjectDone done) {
    ++calls;
    client().Patch(ref, type, patch, options, std::move(done));
  });
  // Done twice, other patches end where they would; the operations of this kind need not.
  if (!result.ok() && calls > 1 && type == client::PatchType::kJson) {
    Inconclusive("a JSON patch may have been carried out without an answer: " + result.error().ToString());
  }
  return result;
}

Context::ApiResult Context::Delete(const Resource& resource, const std::string& name,
                                   const client::DeleteOptions& options) {
  return DeleteAt(Ref(resource, name), options);
}

api::ApiResult<transport::HttpResponse> Context::Raw(const std::string& method, const std::string& target,
                                                     const std::string& content_type, const std::string& accept,
                                                     const std::string& body) {
  using Answer = api::ApiResult<transport::HttpResponse>;
  Time deadline = cluster_.env().Now() + kCallBudget;
  for (;;) {
    auto answer = std::make_shared<std::optional<Answer>>();
    client().Raw(method, target, content_type, accept, body, [answer](Answer result) { *answer = std::move(result); });
    bool came = cluster_.Pump([&] { return answer->has_value(); }, kCallBudget);
    bool verdict = came && (*answer)->ok() && (**answer)->status < 500;
    if (verdict || once_ || !gate_ || cluster_.env().Now() >= deadline) {
      if (came) return **answer;
      return client::Unreachable(Status(Code::kDeadlineExceeded, "no answer"));
    }
    Sleep(kRetryPause);
  }
}

std::unique_ptr<Watcher> Context::Watch(const Resource& resource, const client::WatchOptions& options) {
  auto saw = [this](client::EventType type, const Value& object) {
    if (type == client::EventType::kDeleted) timeline_.SawDeleted(Elapsed(), object);
    if (type == client::EventType::kAdded || type == client::EventType::kModified) timeline_.Saw(Elapsed(), object);
  };
  auto watcher =
      std::make_unique<RecordingWatcher>(cluster_.env(), client(), Ref(resource, ""), options, std::move(saw));
  watcher->Open(gate_ && !once_);
  return watcher;
}

Value Context::Must(ApiResult result, std::string_view what) {
  if (!result.ok()) {
    // A strict client without an answer says nothing about the server's behaviour, only that it is away.
    Fail(std::string(what) + ": " + result.error().ToString());
  }
  return std::move(result).value();
}

Value Context::MustGet(const Resource& resource, const std::string& name) {
  return Must(Get(resource, name), "get " + resource.plural + "/" + name);
}

Value Context::MustCreate(const Resource& resource, const Value& object) {
  Value made = Must(Create(resource, object), "create " + resource.plural + "/" + NameOf(object));
  if (!resource.namespaced) made_.push_back({resource, "", NameOf(made), ""});
  return made;
}

Value Context::MustUpdate(const Resource& resource, const Value& object) {
  return Must(Update(resource, object), "update " + resource.plural + "/" + NameOf(object));
}

Value Context::MustPatch(const Resource& resource, const std::string& name, client::PatchType type,
                         const Value& patch) {
  return Must(Patch(resource, name, type, patch), "patch " + resource.plural + "/" + name);
}

void Context::MustDelete(const Resource& resource, const std::string& name, const client::DeleteOptions& options) {
  Must(Delete(resource, name, options), "delete " + resource.plural + "/" + name);
}

std::vector<Value> Context::MustList(const Resource& resource, const client::ListOptions& options) {
  Value list = Must(List(resource, options), "list " + resource.plural);
  return std::vector<Value>(list["items"].items().begin(), list["items"].items().end());
}

void Context::As(const fixtures::Identity& identity, const std::function<void()>& calls) {
  auto other = cluster_.ClientAs(identity);
  if (!other.ok()) NotApplicable("no client of another identity: " + other.status().message());
  std::swap(identity_client_, *other);
  struct Restore {
    std::unique_ptr<client::KubeClient>& now;
    std::unique_ptr<client::KubeClient>& before;
    ~Restore() { std::swap(now, before); }
  } restore{identity_client_, *other};
  calls();
}

void Context::Once(const std::function<void()>& calls) {
  struct Restore {
    bool& flag;
    bool before;
    ~Restore() { flag = before; }
  } restore{once_, once_};
  Truce truce(*this);
  once_ = true;
  calls();
}

void Context::InTime(const std::function<void()>& calls) {
  const Time began = cluster_.env().Now();
  try {
    calls();
  } catch (TestEnd& end) {
    if (end.kind == TestEnd::Kind::kFailed && gate_ && gate_.overlapped(began)) {
      throw TestEnd{TestEnd::Kind::kInconclusive, "a fault overlapped a bound in time: " + end.message};
    }
    throw;
  }
}

void Context::KeepContainersAlive() {
  if (gate_) gate_.spare("kubelet");
}

struct Context::Chore {
  Chore(runtime::Env& env, Duration every, std::function<void()> what)
      : period(every), work(std::move(what)), timer(env) {}
  void Run() {
    work();
    timer.Start(period, [this] { Run(); });
  }
  Duration period;
  std::function<void()> work;
  runtime::Timer timer;
};

void Context::Every(Duration period, std::function<void()> chore) {
  chores_.push_back(std::make_unique<Chore>(cluster_.env(), period, std::move(chore)));
  chores_.back()->Run();
}

void Context::Fail(std::string message) { throw TestEnd{TestEnd::Kind::kFailed, std::move(message)}; }

void Context::NotApplicable(std::string why) { throw TestEnd{TestEnd::Kind::kInapplicable, std::move(why)}; }

void Context::Inconclusive(std::string why) { throw TestEnd{TestEnd::Kind::kInconclusive, std::move(why)}; }

void Context::Expect(bool holds, std::string_view what) {
  if (!holds) Fail("expected: " + std::string(what));
}

void Context::ExpectEq(const Value& actual, const Value& expected, std::string_view what) {
  if (actual == expected) return;
  Fail(std::string(what) + ": expected " + api::ToJson(expected) + ", got " + api::ToJson(actual));
}

void Context::ExpectError(const ApiResult& result, int code, std::string_view reason, std::string_view text) {
  std::string wanted = std::to_string(code) + (reason.empty() ? "" : " " + std::string(reason));
  if (result.ok()) Fail("expected " + wanted + ", the call succeeded");
  const ApiStatus& status = result.error();
  bool matches = status.code() == code && (reason.empty() || status.reason() == reason) &&
                 status.message().find(text) != std::string::npos;
  if (matches) return;
  Fail("expected " + wanted + (text.empty() ? "" : " with \"" + std::string(text) + "\"") + ", got " +
       status.ToString());
}

ApiStatus Context::MustFail(const ApiResult& result, int code, std::string_view reason, std::string_view text) {
  ExpectError(result, code, reason, text);
  return result.error();
}

void Context::Eventually(std::string_view what, const std::function<bool()>& holds, Duration within) {
  Truce truce(*this);
  Time deadline = cluster_.env().Now() + within;
  // Polls more and more rarely: quick answers stay quick, long waits stay cheap.
  Duration pause = 2ms;
  while (!holds()) {
    if (cluster_.env().Now() >= deadline) {
      Fail("within " + FormatDuration(within) + " expected: " + std::string(what));
    }
    Sleep(pause);
    pause = std::min(pause * 2, Duration(100ms));
  }
}

void Context::Always(std::string_view what, const std::function<bool()>& holds, Duration during) {
  Time deadline = cluster_.env().Now() + during;
  bool held = holds();
  // What was read after the deadline says nothing: on real processes a turn may be late by any time.
  do {
    if (!held) Fail("expected all the time: " + std::string(what));
    Sleep(50ms);
    held = holds();
  } while (cluster_.env().Now() < deadline);
}

Value Context::EventuallyObject(const Resource& resource, const std::string& name, std::string_view what,
                                const std::function<bool(const Value&)>& holds, Duration within) {
  Value last;
  try {
    Eventually(
        what,
        [&] {
          ApiResult result = Get(resource, name);
          if (!result.ok()) return false;
          last = *result;
          return holds(last);
        },
        within);
  } catch (TestEnd& end) {
    end.message += "; last seen: " + (last.is_null() ? std::string("nothing") : api::ToJson(last));
    throw;
  }
  return last;
}

void Context::EventuallyGone(const Resource& resource, const std::string& name, Duration within) {
  Eventually(
      resource.plural + "/" + name + " is gone",
      [&] {
        ApiResult result = Get(resource, name);
        return !result.ok() && result.error().code() == 404;
      },
      within);
}

void Context::Sleep(Duration time) {
  cluster_.Pump([] { return false; }, time);
}

// Best effort: what stays behind has names of its own.
void Context::CleanUp() {
  chores_.clear();
  identity_client_.reset();
  for (const ObjectRef& ref : made_) {
    cluster_.client().Delete(ref, {}, [](const ApiResult&) {});
  }
  if (!made_.empty()) Sleep(1ms);
}

}  // namespace kp::conformance
