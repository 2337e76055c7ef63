// Writes of Services: their addresses are handed out before the object is stored and taken back after it
// has let go of them. A server that dies in between leaves an address unused, never used twice.
#include "reference/apiserver/rest.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

constexpr int kMaxAttempts = 10;
// Of our own making: the Service changed while its addresses were handed out.
constexpr std::string_view kOvertaken = "overtaken while addresses were assigned";

// True when the store certainly does not hold the write; after a time-out the addresses stay taken.
bool Refused(const ApiStatus& status) { return status.code() < 500; }

}  // namespace

void Rest::CreateService(const SharedCall& call, const ObjectKey& key, const Value& built,
                         std::function<void(ApiResult<Value>)> then) {
  addresses_.Assign(built, Value(), alive_.Wrap([this, call, key, then](ApiResult<Assigned> assigned) {
    if (!assigned.ok()) return then(assigned.error());
    storage_.Create(key, assigned->service, 0,
                    alive_.Wrap([this, then, added = assigned->added](ApiResult<Value> stored) {
                      if (!stored.ok() && Refused(stored.error())) addresses_.Release(added);
                      then(std::move(stored));
                    }));
  }));
}

void Rest::ModifyService(const ObjectKey& key, Decide decide, std::function<void(const ApiResult<Outcome>&)> then,
                         int attempt) {
  storage_.Get(key, alive_.Wrap([=, this](ApiResult<Value> read) {
    if (!read.ok() && !read.error().IsNotFound()) return then(read.error());
    const Value current = read.ok() ? *read : Value();
    ApiResult<Decision> decision = decide(current);
    if (!decision.ok()) return then(decision.error());
    if (decision->action == Decision::Action::kWrite) {
      return AssignAndStore(key, decide, then, attempt, current, decision->object);
    }
    storage_.Modify(key, decide, 0, alive_.Wrap([this, then](const ApiResult<Outcome>& outcome) {
      if (outcome.ok() && outcome->deleted) {
        addresses_.Release(addresses_.Dropped(outcome->object, Value()));
      }
      then(outcome);
    }));
  }));
}

void Rest::AssignAndStore(const ObjectKey& key, Decide decide, std::function<void(const ApiResult<Outcome>&)> then,
                          int attempt, const Value& current, const Value& wanted) {
  addresses_.Assign(wanted, current, alive_.Wrap([=, this](ApiResult<Assigned> assigned) {
    if (!assigned.ok()) return then(assigned.error());
    const Value version = current["metadata"]["resourceVersion"];
    const auto write = [key, version, service = assigned->service](const Value& now) -> ApiResult<Decision> {
      if (now["metadata"]["resourceVersion"] == version) return Decision::Write(service);
      return ApiStatus::Conflict("", "services", key.name, kOvertaken);
    };
    storage_.Modify(key, write, 0, alive_.Wrap([=, this, added = assigned->added](const ApiResult<Outcome>& outcome) {
      if (outcome.ok()) {
        addresses_.Release(addresses_.Dropped(current, outcome->object));
        return then(outcome);
      }
      if (Refused(outcome.error())) addresses_.Release(added);
      if (outcome.error().IsConflict() && attempt < kMaxAttempts) {
        return ModifyService(key, decide, then, attempt + 1);
      }
      then(outcome);
    }));
  }));
}

}  // namespace kp::apiserver
