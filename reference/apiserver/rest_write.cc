#include "reference/api/stored_form.h"
#include "reference/apiserver/metadata_rules.h"
#include "reference/apiserver/object_patch.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

// Upstream tries a generated name 8 times.
constexpr int kGenerateAttempts = 8;

WriteTarget TargetOf(const Call& call) {
  if (call.info.subresource == "status") return WriteTarget::kStatus;
  if (call.info.subresource == "ephemeralcontainers") return WriteTarget::kEphemeralContainers;
  return WriteTarget::kObject;
}

ApiStatus CheckDryRun(const transport::HttpRequest& request) {
  const std::string_view value = request.Query("dryRun");
  if (value.empty() || value == "All" || KP_MUTANT("apiserver-takes-any-dry-run")) return {};
  return ApiStatus::Invalid("meta.k8s.io", "CreateOptions", "",
                            {api::NotSupportedCause("dryRun", Value(value), {"All"})});
}

// The name and namespace of the body, which must be those of the URL where both are given.
ApiResult<Value> WithAddress(const Call& call, const Value& object) {
  const Value& meta = object["metadata"];
  const RequestInfo& info = call.info;
  Value out = object;
  if (call.kind->namespaced) {
    if (!meta["namespace"].empty() && meta["namespace"].AsString() != info.ns) {
      return ApiStatus::BadRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
    out = out.With({"metadata", "namespace"}, info.ns);
  } else {
    out = out.Without({"metadata", "namespace"});
  }
  if (info.name.empty()) return out;
  if (!meta["name"].empty() && meta["name"].AsString() != info.name && !KP_MUTANT("apiserver-ignores-name-of-body")) {
    return ApiStatus::BadRequest("the name of the object (" + meta["name"].str() +
                                 ") does not match the name on the URL (" + info.name + ")");
  }
  return out.With({"metadata", "name"}, info.name);
}

ApiResult<Decision> Decided(const api::Kind& kind, ApiResult<Value> built) {
  if (!built.ok()) return built.error();
  if (IsFinished(kind, *built)) return Decision::Delete(*built);
  return Decision::Write(*built);
}

}  // namespace

void Rest::WithNamespace(const SharedCall& call, const std::string& ns, std::function<void()> then) {
  if (ns.empty()) return then();
  const api::Kind& kind = *registry_.FindKind({"", "v1", "Namespace"});
  const auto judge = [call, then = std::move(then)](const Value& found) {
    if (found["metadata"]["deletionTimestamp"].empty() || KP_MUTANT("apiserver-fills-ending-namespaces")) return then();
    const std::string name = found["metadata"]["name"].str();
    call->Answer(
        ApiStatus::Forbidden(call->kind->gvk.group, call->kind->plural, call->info.name,
                             "unable to create new content in namespace " + name + " because it is being terminated")
            .WithCause({"NamespaceTerminating", "metadata.namespace", "namespace " + name + " is being terminated"}));
  };
  if (const WatchCache::Entry* entry = storage_.Cache(kind).Find(ns)) return judge(entry->object);
  // The cache may not have heard of it yet.
  storage_.Get({&kind, "", ns}, alive_.Wrap([call, judge](ApiResult<Value> found) {
    if (!found.ok() && KP_MUTANT("apiserver-creates-without-namespace")) return judge(Value());
    if (!found.ok()) return call->Answer(found.error());
    judge(*found);
  }));
}

void Rest::Create(const SharedCall& call) {
  if (ApiStatus status = CheckDryRun(call->request); !status.ok()) return call->Answer(status);
  ApiResult<Value> object = ReadObject(*call, registry_, *call->kind);
  if (object.ok()) object = WithAddress(*call, *object);
  if (!object.ok()) return call->Answer(object.error());
  const Value& meta = (*object)["metadata"];
  if (!meta["resourceVersion"].empty() && meta["resourceVersion"] != Value("0")) {
    return call->Answer(ApiStatus::BadRequest("resourceVersion should not be set on objects to be created"));
  }
  WithNamespace(call, call->kind->namespaced ? call->info.ns : "",
                [this, call, wanted = *object] { CreateBuilt(call, wanted, 1); });
}

void Rest::CreateBuilt(const SharedCall& call, const Value& wanted, int attempt) {
  const bool generated = wanted["metadata"]["name"].empty() && !wanted["metadata"]["generateName"].empty();
  ApiResult<Value> built = BuildNew(Context(call), *call->kind, generated ? GenerateName(wanted, random_) : wanted);
  if (!built.ok()) return call->Answer(built.error());
  if (call->dry_run())
    return call->AnswerObject(KP_MUTANT("apiserver-create-answers-200") ? 200 : 201, *call->kind, *built, env_.Wall());
  const ObjectKey key{call->kind, (*built)["metadata"]["namespace"].str(), (*built)["metadata"]["name"].str()};
  StoreNew(call, key, *built, [this, call, wanted, attempt, generated, key](ApiResult<Value> stored) {
    if (stored.ok()) return call->AnswerObject(201, *call->kind, *stored, env_.Wall());
    const bool taken = stored.error().IsAlreadyExists() && generated;
    if (taken && attempt < kGenerateAttempts) return CreateBuilt(call, wanted, attempt + 1);
    if (!taken) return call->Answer(stored.error());
    call->Answer(ApiStatus::GenerateNameConflict(call->kind->gvk.group, call->kind->plural, key.name));
  });
}

void Rest::StoreNew(const SharedCall& call, const ObjectKey& key, const Value& built,
                    std::function<void(ApiResult<Value>)> then) {
  if (key.kind->gvk.group.empty() && key.kind->gvk.kind == "Service") return CreateService(call, key, built, then);
  WithLease(*key.kind, [=, this](const Result<int64_t>& lease) {
    if (!lease.ok()) return then(StoreError(lease.status()));
    storage_.Create(key, api::ToStoredForm(*key.kind, built), *lease, alive_.Wrap(then));
  });
}

void Rest::Update(const SharedCall& call) {
  if (ApiStatus status = CheckDryRun(call->request); !status.ok()) return call->Answer(status);
  ApiResult<Value> object = ReadObject(*call, registry_, *call->kind);
  if (object.ok()) object = WithAddress(*call, *object);
  if (!object.ok()) return call->Answer(object.error());
  const auto decide = [this, call, wanted = *object](const Value& current) -> ApiResult<Decision> {
    const api::Kind& kind = *call->kind;
    if (!current.is_null()) return Decided(kind, BuildUpdate(Context(call), kind, TargetOf(*call), wanted, current));
    const bool creates = (HooksOf(kind).create_on_update || KP_MUTANT("apiserver-every-update-creates")) &&
                         call->info.subresource.empty();
    if (!creates || !wanted["metadata"]["resourceVersion"].empty()) {
      return ApiStatus::NotFound(kind.gvk.group, kind.plural, call->info.name);
    }
    return Decided(kind, BuildNew(Context(call), kind, wanted));
  };
  Modify(call, KeyOf(call), decide);
}

void Rest::Patch(const SharedCall& call) {
  if (ApiStatus status = CheckDryRun(call->request); !status.ok()) return call->Answer(status);
  ApiResult<PatchForm> form = PatchFormOf(*call);
  if (!form.ok()) return call->Answer(form.error());
  ApiResult<FieldValidation> validation = FieldValidationOf(call->request);
  if (!validation.ok()) return call->Answer(validation.error());
  ApiResult<Value> patch = ReadDocument("application/json", call->request.body);
  if (!patch.ok()) return call->Answer(patch.error());
  const auto decide = [this, call, form = *form, validation = *validation,
                       patch = *patch](const Value& current) -> ApiResult<Decision> {
    const api::Kind& kind = *call->kind;
    if (current.is_null()) return ApiStatus::NotFound(kind.gvk.group, kind.plural, call->info.name);
    ApiResult<Value> patched = ApplyPatch(form, kind, current, patch);
    if (!patched.ok()) return patched.error();
    // Asked again after a lost race, the call must not warn twice.
    call->warnings.clear();
    ApiResult<Value> decoded = CheckDecoded(*call, kind, *patched, {}, validation);
    if (decoded.ok()) decoded = WithAddress(*call, *decoded);
    if (!decoded.ok()) return decoded.error();
    return Decided(kind, BuildUpdate(Context(call), kind, TargetOf(*call), *decoded, current));
  };
  Modify(call, KeyOf(call), decide);
}

}  // namespace kp::apiserver
