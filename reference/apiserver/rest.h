// The verbs on resources: create, get, list, watch, update, patch, delete, deletecollection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reference/api/schema.h"
#include "reference/apiserver/authn.h"
#include "reference/apiserver/authz.h"
#include "reference/apiserver/body.h"
#include "reference/apiserver/call.h"
#include "reference/apiserver/kinds/hooks.h"
#include "reference/apiserver/lease_pool.h"
#include "reference/apiserver/lister.h"
#include "reference/apiserver/object_delete.h"
#include "reference/apiserver/object_write.h"
#include "reference/apiserver/rbac_policy.h"
#include "reference/apiserver/service_addresses.h"
#include "reference/apiserver/storage.h"
#include "reference/apiserver/watch_stream.h"
#include "reference/runtime/env.h"
#include "reference/wire/jwt.h"

namespace kp::apiserver {

// What tokens of service accounts are made with.
struct TokenIssuer {
  std::unique_ptr<wire::JwtSigner> signer;  // null: none are
  std::string issuer;
  std::vector<std::string> audiences;  // of tokens that name none
};

class Rest {
 public:
  Rest(runtime::Env& env, Storage& storage, const api::Registry& registry, const RbacPolicy& policy,
       const Authorizer& authorizer, Authenticator& authenticator, TokenIssuer tokens,
       const ServiceAddressOptions& services);
  ~Rest();

  // `call` is authorized, names a resource, and its kind and form are set.
  void Serve(const SharedCall& call);
  size_t watches() const { return watches_.size(); }

 private:
  HookContext Context(const SharedCall& call);
  ObjectKey KeyOf(const SharedCall& call) const;
  void AnswerOutcome(const SharedCall& call, const api::ApiResult<Outcome>& outcome);
  // Honours dryRun; answers with the object, or hands the outcome to `then`.
  void Modify(const SharedCall& call, const ObjectKey& key, Decide decide);
  void ModifyThen(const SharedCall& call, const ObjectKey& key, Decide decide,
                  std::function<void(const api::ApiResult<Outcome>&)> then);

  // Storage::Modify with what the kind needs around it.
  void Store(const ObjectKey& key, Decide decide, std::function<void(const api::ApiResult<Outcome>&)> then);
  void WithLease(const api::Kind& kind, std::function<void(const Result<int64_t>&)> then);
  void CreateService(const SharedCall& call, const ObjectKey& key, const api::Value& built,
                     std::function<void(api::ApiResult<api::Value>)> then);
  void ModifyService(const ObjectKey& key, Decide decide, std::function<void(const api::ApiResult<Outcome>&)> then,
                     int attempt);
  void AssignAndStore(const ObjectKey& key, Decide decide, std::function<void(const api::ApiResult<Outcome>&)> then,
                      int attempt, const api::Value& current, const api::Value& wanted);

  // False when the subresource is not one of those with rules of their own.
  bool ServeSubresource(const SharedCall& call);
  void Scale(const SharedCall& call);
  void Finalize(const SharedCall& call);
  void Bind(const SharedCall& call, const std::string& pod);
  void Evict(const SharedCall& call);
  void IssueToken(const SharedCall& call);
  void Review(const SharedCall& call);
  void ReviewToken(const SharedCall& call, const api::Value& review);
  struct TokenWork;
  void FindBoundObject(const std::shared_ptr<TokenWork>& work);
  void SignToken(const std::shared_ptr<TokenWork>& work);

  void Get(const SharedCall& call);
  void List(const SharedCall& call);
  void Watch(const SharedCall& call);
  void StartWatch(const SharedCall& call, WatchRequest request);
  void Create(const SharedCall& call);
  // `then` runs when `ns` exists and takes new objects; else the call is answered.
  void WithNamespace(const SharedCall& call, const std::string& ns, std::function<void()> then);
  void CreateBuilt(const SharedCall& call, const api::Value& wanted, int attempt);
  void StoreNew(const SharedCall& call, const ObjectKey& key, const api::Value& built,
                std::function<void(api::ApiResult<api::Value>)> then);
  void Update(const SharedCall& call);
  void Patch(const SharedCall& call);
  void Delete(const SharedCall& call);
  void DeleteCollection(const SharedCall& call);
  void DeleteItems(const SharedCall& call, const DeleteOptions& options, std::shared_ptr<ListPage> page);

  runtime::Env& env_;
  Storage& storage_;
  const api::Registry& registry_;
  const RbacPolicy& policy_;
  const Authorizer& authorizer_;
  Authenticator& authenticator_;
  TokenIssuer tokens_;
  Random random_;
  Lister lister_;
  ServiceAddresses addresses_;
  LeasePool leases_;
  uint64_t last_watch_ = 0;
  std::map<uint64_t, std::unique_ptr<WatchStream>> watches_;
  Alive alive_;
};

}  // namespace kp::apiserver
