// Locks and elections that the server runs.
#include <map>

#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

v3lockpb::LockRequest LockOf(const Api& api, std::string_view name, int64_t lease) {
  v3lockpb::LockRequest request;
  request.set_name(api.Key(name));
  request.set_lease(lease);
  return request;
}

v3electionpb::CampaignRequest CampaignOf(const Api& api, std::string_view name, int64_t lease, std::string value) {
  v3electionpb::CampaignRequest request;
  request.set_name(api.Key(name));
  request.set_lease(lease);
  request.set_value(std::move(value));
  return request;
}

v3electionpb::LeaderRequest LeaderOf(const Api& api, std::string_view name) {
  v3electionpb::LeaderRequest request;
  request.set_name(api.Key(name));
  return request;
}

std::string Hex(int64_t number) {
  std::string text;
  for (auto rest = static_cast<uint64_t>(number); rest != 0; rest >>= 4)
    text.insert(0, 1, "0123456789abcdef"[rest & 15]);
  return text;
}

template <typename Request>
Answer BeginCall(Api& api, const Request& request) {
  return api.Begin(MethodOf<Request>::kName, request.SerializeAsString());
}

// The call has put its key and waits for the ones before it.
void AwaitContestants(Api& api, std::string_view name, int64_t count) {
  pb::RangeRequest request = api.RangeOf(std::string(name) + "/");
  request.set_range_end(client::PrefixEnd(api.Key(std::string(name) + "/")));
  api.t().Eventually("there are " + std::to_string(count), [&] { return api.Do(request).count() == count; });
}

void Revoke(Api& api, int64_t lease) {
  pb::LeaseRevokeRequest request;
  request.set_id(lease);
  api.Do(request);
}

v3lockpb::UnlockRequest UnlockOf(const std::string& key) {
  v3lockpb::UnlockRequest request;
  request.set_key(key);
  return request;
}

}  // namespace

BEHAVIOUR("store/lock/is-a-key-of-its-lease") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  const v3lockpb::LockResponse lock = api.Do(LockOf(api, "l", lease));
  t.ExpectEq(lock.key(), api.Key("l/" + Hex(lease)), "key");
  t.ExpectEq(api.Get("l/" + Hex(lease))->lease(), lease, "its lease");
  api.Do(UnlockOf(lock.key()));
  t.Expect(!api.Get("l/" + Hex(lease)), "the key goes when it is unlocked");
}

BEHAVIOUR("store/lock/the-second-waits-for-the-first") {
  Api api(t);
  const std::string first = api.Do(LockOf(api, "l", api.Grant(600))).key();
  const Answer second = BeginCall(api, LockOf(api, "l", api.Grant(600)));
  AwaitContestants(api, "l", 2);
  t.Always(
      "it waits", [&] { return !second->has_value(); }, 500ms);
  api.Do(UnlockOf(first));
  t.Expect(api.Await(second).ok(), "it has the lock now");
}

BEHAVIOUR("store/lock/goes-in-the-order-of-asking") {
  Api api(t);
  std::string held = api.Do(LockOf(api, "l", api.Grant(600))).key();
  std::vector<Answer> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(BeginCall(api, LockOf(api, "l", api.Grant(600))));
    AwaitContestants(api, "l", 2 + i);
  }
  for (size_t i = 0; i < waiting.size(); ++i) {
    api.Do(UnlockOf(held));
    const Result<std::string> bytes = api.Await(waiting[i]);
    t.Expect(bytes.ok(), "the next one has it: " + bytes.status().ToString());
    for (size_t j = i + 1; j < waiting.size(); ++j) t.Expect(!waiting[j]->has_value(), "the others wait");
    v3lockpb::LockResponse lock;
    lock.ParseFromString(*bytes);
    held = lock.key();
  }
}

BEHAVIOUR("store/lock/a-second-time-by-the-same-lease-is-the-same") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  const std::string first = api.Do(LockOf(api, "l", lease)).key();
  t.ExpectEq(api.Do(LockOf(api, "l", lease)).key(), first, "key");
  AwaitContestants(api, "l", 1);
}

BEHAVIOUR("store/lock/names-keep-apart") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Do(LockOf(api, "l", lease));
  api.Do(LockOf(api, "ll", api.Grant(600)));
  api.Do(LockOf(api, "k", api.Grant(600)));
}

BEHAVIOUR("store/lock/goes-with-its-lease") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Do(LockOf(api, "l", lease));
  const Answer second = BeginCall(api, LockOf(api, "l", api.Grant(600)));
  AwaitContestants(api, "l", 2);
  Revoke(api, lease);
  t.Expect(api.Await(second).ok(), "the next one has it");
}

BEHAVIOUR("store/lock/needs-a-lease-that-is-there") {
  Api api(t);
  api.Refused(LockOf(api, "l", 123456789), Code::kNotFound, kLeaseNotFound);
}

BEHAVIOUR("store/lock/a-lease-lost-while-waiting-is-told") {
  Api api(t);
  const std::string first = api.Do(LockOf(api, "l", api.Grant(600))).key();
  const int64_t lease = api.Grant(600);
  const Answer second = BeginCall(api, LockOf(api, "l", lease));
  AwaitContestants(api, "l", 2);
  Revoke(api, lease);
  api.Do(UnlockOf(first));
  const Result<std::string> answer = api.Await(second);
  t.Expect(!answer.ok(), "who has lost his place does not get the lock");
  t.Expect(answer.status().message().find("session is expired") != std::string::npos,
           "the session is expired: " + answer.status().ToString());
}

BEHAVIOUR("store/lock/who-leaves-the-queue-is-out-of-it") {
  Api api(t);
  const std::string first = api.Do(LockOf(api, "l", api.Grant(600))).key();
  {
    ApiStream<v3lockpb::LockResponse> leaving(api, "/v3lockpb.Lock/Lock");
    leaving.Send(LockOf(api, "l", api.Grant(600)));
    leaving.CloseSend();
    AwaitContestants(api, "l", 2);
  }
  AwaitContestants(api, "l", 1);
  api.Do(UnlockOf(first));
  api.Do(LockOf(api, "l", api.Grant(600)));
}

// ---- elections ----

BEHAVIOUR("store/election/the-first-leads") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  const v3electionpb::LeaderKey leader = api.Do(CampaignOf(api, "e", lease, "one")).leader();
  t.ExpectEq(leader.name(), api.Key("e"), "name");
  t.ExpectEq(leader.key(), api.Key("e/" + Hex(lease)), "key");
  t.ExpectEq(leader.lease(), lease, "lease");
  const auto kv = api.Get("e/" + Hex(lease));
  t.ExpectEq(leader.rev(), kv->create_revision(), "revision");
  t.ExpectEq(kv->value(), "one", "what it proclaims");
}

BEHAVIOUR("store/election/the-leader-is-told") {
  Api api(t);
  const v3electionpb::LeaderKey leader = api.Do(CampaignOf(api, "e", api.Grant(600), "one")).leader();
  const v3electionpb::LeaderResponse told = api.Do(LeaderOf(api, "e"));
  t.Expect(told.kv().key() == leader.key() && told.kv().value() == "one", "key and value");
}

BEHAVIOUR("store/election/nobody-leads-at-first") {
  Api api(t);
  api.Refused(LeaderOf(api, "e"), Code::kUnknown, "election: no leader");
}

BEHAVIOUR("store/election/the-second-waits-until-the-first-resigns") {
  Api api(t);
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = api.Do(CampaignOf(api, "e", api.Grant(600), "one")).leader();
  const Answer second = BeginCall(api, CampaignOf(api, "e", api.Grant(600), "two"));
  AwaitContestants(api, "e", 2);
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().value(), "one", "who leads");
  t.Expect(!second->has_value(), "the second waits");
  api.Do(resign);
  t.Expect(api.Await(second).ok(), "the second leads");
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().value(), "two", "who leads");
}

BEHAVIOUR("store/election/goes-on-when-a-lease-is-lost") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Do(CampaignOf(api, "e", lease, "one"));
  const Answer second = BeginCall(api, CampaignOf(api, "e", api.Grant(600), "two"));
  AwaitContestants(api, "e", 2);
  Revoke(api, lease);
  t.Expect(api.Await(second).ok(), "the second leads");
}

BEHAVIOUR("store/election/the-leader-proclaims") {
  Api api(t);
  v3electionpb::ProclaimRequest proclaim;
  *proclaim.mutable_leader() = api.Do(CampaignOf(api, "e", api.Grant(600), "one")).leader();
  proclaim.set_value("more");
  api.Do(proclaim);
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().value(), "more", "what it proclaims");
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().lease(), proclaim.leader().lease(), "lease");
}

BEHAVIOUR("store/election/who-does-not-lead-proclaims-nothing") {
  Api api(t);
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = api.Do(CampaignOf(api, "e", api.Grant(600), "one")).leader();
  v3electionpb::ProclaimRequest proclaim;
  *proclaim.mutable_leader() = resign.leader();
  proclaim.mutable_leader()->set_rev(resign.leader().rev() + 1);
  proclaim.set_value("usurped");
  api.Refused(proclaim, Code::kUnknown, "election: not leader");
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().value(), "one", "what is proclaimed");
  api.Do(resign);
  *proclaim.mutable_leader() = resign.leader();
  api.Refused(proclaim, Code::kUnknown, "election: not leader");
}

BEHAVIOUR("store/election/resigning-what-is-not-held-changes-nothing") {
  Api api(t);
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = api.Do(CampaignOf(api, "e", api.Grant(600), "one")).leader();
  resign.mutable_leader()->set_rev(resign.leader().rev() + 1);
  api.Do(resign);
  t.ExpectEq(api.Do(LeaderOf(api, "e")).kv().value(), "one", "who leads");
}

BEHAVIOUR("store/election/the-leaders-key-must-be-given") {
  Api api(t);
  constexpr std::string_view kMissing = "\"leader\" field must be provided";
  api.Refused(v3electionpb::ProclaimRequest(), Code::kUnknown, kMissing);
  api.Refused(v3electionpb::ResignRequest(), Code::kUnknown, kMissing);
}

BEHAVIOUR("store/election/proclamations-are-observed-in-order") {
  Api api(t);
  ApiStream<v3electionpb::LeaderResponse> observed(api, "/v3electionpb.Election/Observe");
  observed.Send(LeaderOf(api, "e"));
  v3electionpb::ProclaimRequest proclaim;
  *proclaim.mutable_leader() = api.Do(CampaignOf(api, "e", api.Grant(600), "0")).leader();
  t.ExpectEq(observed.Next("the first leader").kv().value(), "0", "what it proclaims");
  for (int i = 1; i < 5; ++i) {
    proclaim.set_value(std::to_string(i));
    api.Do(proclaim);
    t.ExpectEq(observed.Next("a proclamation").kv().value(), std::to_string(i), "what it proclaims");
  }
  const Answer next = BeginCall(api, CampaignOf(api, "e", api.Grant(600), "next"));
  AwaitContestants(api, "e", 2);
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = proclaim.leader();
  api.Do(resign);
  t.ExpectEq(observed.Next("the next leader").kv().value(), "next", "what it proclaims");
}

}  // namespace kp::conformance
