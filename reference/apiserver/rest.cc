#include "reference/apiserver/rest.h"

#include "reference/api/stored_form.h"
#include "reference/apiserver/encode.h"
#include "reference/apiserver/stored_object.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

// For a kind that is another view of the stored one: decides on the view.
Decide OnView(const api::Kind& kind, Decide decide) {
  return [&kind, decide = std::move(decide)](const Value& stored) -> ApiResult<Decision> {
    ApiResult<Decision> decision = decide(stored.is_null() ? stored : api::FromStoredForm(kind, stored));
    if (decision.ok() && !decision->object.is_null()) decision->object = api::ToStoredForm(kind, decision->object);
    return decision;
  };
}

}  // namespace

Rest::Rest(runtime::Env& env, Storage& storage, const api::Registry& registry, const RbacPolicy& policy,
           const Authorizer& authorizer, Authenticator& authenticator, TokenIssuer tokens,
           const ServiceAddressOptions& services)
    : env_(env),
      storage_(storage),
      registry_(registry),
      policy_(policy),
      authorizer_(authorizer),
      authenticator_(authenticator),
      tokens_(std::move(tokens)),
      random_(env.random().Fork("apiserver/objects")),
      lister_(storage),
      addresses_(env, storage.store(), services),
      leases_(env, storage.store()) {}

Rest::~Rest() = default;

HookContext Rest::Context(const SharedCall& call) {
  return {.now = env_.Wall(),
          .user = &call->user,
          .random = &random_,
          .storage = &storage_,
          .policy = &policy_,
          .use_rbac = authorizer_.Uses("RBAC"),
          .warnings = &call->warnings};
}

ObjectKey Rest::KeyOf(const SharedCall& call) const {
  return {call->kind, call->kind->namespaced ? call->info.ns : "", call->info.name};
}

namespace {

// Verbs that need a name, those that must not have one, and scopes that do not fit: paths that upstream does
// not route.
bool IsRouted(const api::Kind& kind, const RequestInfo& info) {
  const bool every_namespace = kind.namespaced && info.ns.empty();
  if (every_namespace && info.verb != "list" && info.verb != "watch") return false;
  if (info.verb == "create") return info.name.empty() != !info.subresource.empty();
  if (info.verb == "update" || info.verb == "patch") return !info.name.empty();
  return true;
}

// Nothing is served there, whatever the method.
bool IsNowhere(const api::Kind& kind, const RequestInfo& info) {
  const bool misplaced = !kind.namespaced && !info.ns.empty() && kind.plural != "namespaces";
  return misplaced || !info.rest.empty();
}

}  // namespace

void Rest::Serve(const SharedCall& call) {
  const RequestInfo& info = call->info;
  const api::Kind& kind = *call->kind;
  ApiStatus not_allowed = ApiStatus::MethodNotAllowed(kind.gvk.group, kind.plural, info.verb);
  if (KP_MUTANT("apiserver-wrong-method-is-404")) not_allowed = ApiStatus::PathNotFound();
  if (IsNowhere(kind, info)) return call->Answer(ApiStatus::PathNotFound());
  if (!IsRouted(kind, info)) return call->Answer(not_allowed);
  if (ServeSubresource(call)) return;
  if (info.subresource.empty() && !kind.HasVerb(info.verb)) return call->Answer(not_allowed);
  if (info.verb == "get") return Get(call);
  if (info.verb == "update") return Update(call);
  if (info.verb == "patch") return Patch(call);
  if (!info.subresource.empty()) return call->Answer(not_allowed);
  if (info.verb == "list") return List(call);
  if (info.verb == "watch") return Watch(call);
  if (info.verb == "create") return Create(call);
  if (info.verb == "delete") return Delete(call);
  if (info.verb == "deletecollection") return DeleteCollection(call);
  call->Answer(not_allowed);
}

void Rest::Get(const SharedCall& call) {
  const ObjectKey key = KeyOf(call);
  const WatchCache::Entry* cached = storage_.Cache(*key.kind).Find(key.CacheKey());
  if (call->request.Query("resourceVersion") == "0" && cached) {
    return call->AnswerObject(200, *key.kind, cached->object, env_.Wall());
  }
  storage_.Get(key, alive_.Wrap([this, call, key](ApiResult<Value> object) {
    if (!object.ok()) return call->Answer(object.error());
    call->AnswerObject(200, *key.kind, *object, env_.Wall());
  }));
}

void Rest::List(const SharedCall& call) {
  const std::string ns = KP_MUTANT("apiserver-lists-every-namespace") ? "" : call->info.ns;
  ApiResult<Selection> selection = Selection::Parse(*call->kind, ns, call->request);
  if (!selection.ok()) return call->Answer(selection.error());
  ApiResult<ListOptions> options = ListOptions::Parse(call->request);
  if (!options.ok()) return call->Answer(options.error());
  lister_.List(*selection, *options, alive_.Wrap([this, call](ApiResult<ListPage> page) {
    if (!page.ok()) return call->Answer(page.error());
    call->AnswerList(*page, env_.Wall());
  }));
}

void Rest::AnswerOutcome(const SharedCall& call, const ApiResult<Outcome>& outcome) {
  if (!outcome.ok()) return call->Answer(outcome.error());
  call->AnswerObject(outcome->created ? 201 : 200, *call->kind, outcome->object, env_.Wall());
}

void Rest::Modify(const SharedCall& call, const ObjectKey& key, Decide decide) {
  ModifyThen(call, key, std::move(decide),
             [this, call](const ApiResult<Outcome>& outcome) { AnswerOutcome(call, outcome); });
}

void Rest::Store(const ObjectKey& key, Decide decide, std::function<void(const ApiResult<Outcome>&)> then) {
  if (key.kind->gvk.group.empty() && key.kind->gvk.kind == "Service") return ModifyService(key, decide, then, 1);
  WithLease(*key.kind, [=, this](const Result<int64_t>& lease) {
    if (!lease.ok()) return then(StoreError(lease.status()));
    storage_.Modify(key, OnView(*key.kind, decide), *lease, then);
  });
}

void Rest::WithLease(const api::Kind& kind, std::function<void(const Result<int64_t>&)> then) {
  const int64_t seconds = HooksOf(kind).lifetime_seconds;
  if (seconds == 0) return then(int64_t{0});
  leases_.Get(seconds, alive_.Wrap(std::move(then)));
}

void Rest::ModifyThen(const SharedCall& call, const ObjectKey& key, Decide decide,
                      std::function<void(const ApiResult<Outcome>&)> then) {
  if (!call->dry_run()) return Store(key, std::move(decide), alive_.Wrap(std::move(then)));
  storage_.Get(key, alive_.Wrap([decide = OnView(*key.kind, std::move(decide)),
                                 then = std::move(then)](ApiResult<Value> current) {
    if (!current.ok() && !current.error().IsNotFound()) return then(current.error());
    ApiResult<Decision> decision = decide(current.ok() ? *current : Value());
    if (!decision.ok()) return then(decision.error());
    then(Outcome{.object = decision->object,
                 .created = !current.ok(),
                 .deleted = decision->action == Decision::Action::kDelete});
  }));
}

}  // namespace kp::apiserver
