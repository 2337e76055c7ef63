// TokenRequest: a signed token for a service account.
// Claims: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
#include "reference/api/json.h"
#include "reference/api/object_rules.h"
#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

constexpr int64_t kMinSeconds = 600;
constexpr int64_t kMaxSeconds = int64_t{1} << 32;

int64_t UnixSeconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

api::FieldCauses CheckRequest(const Value& spec) {
  api::FieldCauses causes;
  const Value& seconds = spec["expirationSeconds"];
  if (seconds.AsInt() < kMinSeconds) {
    causes.push_back(
        api::InvalidCause("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds.AsInt() > kMaxSeconds) {
    causes.push_back(
        api::InvalidCause("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  return causes;
}

Value Named(const Value& object) {
  return api::Obj({{"name", object["metadata"]["name"]}, {"uid", object["metadata"]["uid"]}});
}

}  // namespace

struct Rest::TokenWork {
  SharedCall call;
  Value request;
  Value account;
  Value bound;  // null: to nothing
};

void Rest::IssueToken(const SharedCall& call) {
  const api::Kind& kind = api::BuiltinKind("authentication.k8s.io", "v1", "TokenRequest");
  if (!tokens_.signer) return call->Answer(ApiStatus::InternalError("no service account signing key is configured"));
  ApiResult<Value> body = ReadObject(*call, registry_, kind);
  if (!body.ok()) return call->Answer(body.error());
  const Value request = api::ApplyDefaults(kind, *body);
  if (api::FieldCauses causes = CheckRequest(request["spec"]); !causes.empty()) {
    return call->Answer(ApiStatus::Invalid(kind.gvk.group, kind.gvk.kind, call->info.name, std::move(causes)));
  }
  auto work = std::make_shared<TokenWork>();
  *work = {.call = call, .request = request};
  storage_.Get(KeyOf(call), alive_.Wrap([this, work](ApiResult<Value> account) {
    if (!account.ok()) return work->call->Answer(account.error());
    work->account = *account;
    FindBoundObject(work);
  }));
}

void Rest::FindBoundObject(const std::shared_ptr<TokenWork>& work) {
  const Value& ref = work->request["spec"]["boundObjectRef"];
  if (!ref.is_object()) return SignToken(work);
  const std::string kind = ref["kind"].str();
  if (kind != "Pod" && kind != "Secret") {
    return work->call->Answer(ApiStatus::BadRequest("cannot bind token for serviceaccount " +
                                                    Value(work->call->info.name).str() + ", type " + kind));
  }
  const api::Kind& bound = api::BuiltinKind("", "v1", kind);
  storage_.Get(
      {&bound, work->call->info.ns, ref["name"].str()}, alive_.Wrap([this, work, ref, &bound](ApiResult<Value> object) {
        if (!object.ok()) return work->call->Answer(object.error());
        if (!ref["uid"].empty() && ref["uid"] != (*object)["metadata"]["uid"]) {
          return work->call->Answer(ApiStatus::Conflict(
              "", bound.plural, ref["name"].AsString(),
              "the UID in the bound object reference (" + ref["uid"].str() +
                  ") does not match the UID in record. The object might have been deleted and then recreated"));
        }
        work->bound = *object;
        SignToken(work);
      }));
}

void Rest::SignToken(const std::shared_ptr<TokenWork>& work) {
  const Value& spec = work->request["spec"];
  const Value& meta = work->account["metadata"];
  const WallTime now = env_.Wall();
  const WallTime end = now + std::chrono::seconds(spec["expirationSeconds"].AsInt());
  Value audiences = spec["audiences"];
  if (audiences.empty()) {
    audiences = Value::Array(std::vector<Value>(tokens_.audiences.begin(), tokens_.audiences.end()));
  }
  Value identity = api::Obj({{"namespace", meta["namespace"]}, {"serviceaccount", Named(work->account)}});
  if (work->bound.is_object()) {
    const bool pod = work->bound["kind"] == Value("Pod");
    identity = identity.With(pod ? "pod" : "secret", Named(work->bound));
    const Value& node = work->bound["spec"]["nodeName"];
    if (pod && !node.empty()) identity = identity.With("node", api::Obj({{"name", node}}));
  }
  const Value claims = api::Obj({{"iss", tokens_.issuer},
                                 {"sub", "system:serviceaccount:" + meta["namespace"].str() + ":" + meta["name"].str()},
                                 {"aud", audiences},
                                 {"exp", UnixSeconds(KP_MUTANT("apiserver-short-tokens") ? now : end)},
                                 {"iat", UnixSeconds(now)},
                                 {"nbf", UnixSeconds(now)},
                                 {"jti", random_.Uuid()},
                                 {"kubernetes.io", identity}});
  const Value status =
      api::Obj({{"token", tokens_.signer->Sign(api::ToJson(claims))}, {"expirationTimestamp", FormatRfc3339(end)}});
  Value answer = work->request.With("status", status).With({"spec", "audiences"}, audiences);
  answer = answer.With({"metadata", "name"}, meta["name"]).With({"metadata", "namespace"}, meta["namespace"]);
  work->call->AnswerObject(201, api::BuiltinKind("authentication.k8s.io", "v1", "TokenRequest"),
                           answer.With({"metadata", "creationTimestamp"}, FormatRfc3339(now)), now);
}

}  // namespace kp::apiserver
