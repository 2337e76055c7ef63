// Leases: grant, revoke, keep alive, what is left of them.
#include <set>

#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

class KeepAlive : public ApiStream<pb::LeaseKeepAliveResponse> {
 public:
  explicit KeepAlive(Api& api) : ApiStream(api, "/etcdserverpb.Lease/LeaseKeepAlive") {}
  pb::LeaseKeepAliveResponse Renew(int64_t id) {
    pb::LeaseKeepAliveRequest request;
    request.set_id(id);
    Send(request);
    return Next("the renewal is answered");
  }
};

pb::LeaseTimeToLiveResponse TimeToLive(Api& api, int64_t id, bool keys = false) {
  pb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(keys);
  return api.Do(request);
}

void Revoke(Api& api, int64_t id) {
  pb::LeaseRevokeRequest request;
  request.set_id(id);
  api.Do(request);
}

pb::LeaseGrantRequest GrantOf(int64_t ttl, int64_t id = 0) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl);
  request.set_id(id);
  return request;
}

// A free id of this test's own.
int64_t SomeId(Context& t) { return static_cast<int64_t>(t.random().Next() >> 2) + 1; }

}  // namespace

BEHAVIOUR("store/lease/the-server-picks-an-id") {
  Api api(t);
  const int64_t first = api.Grant(600);
  const int64_t second = api.Grant(600);
  t.Expect(first > 0 && second > 0 && first != second, "two ids above zero");
}

BEHAVIOUR("store/lease/takes-the-id-given") {
  Api api(t);
  const int64_t id = SomeId(t);
  const pb::LeaseGrantResponse answer = api.Do(GrantOf(600, id));
  t.ExpectEq(answer.id(), id, "id");
  t.ExpectEq(answer.ttl(), 600, "TTL");
}

BEHAVIOUR("store/lease/refuses-an-id-in-use") {
  Api api(t);
  const int64_t id = SomeId(t);
  api.Do(GrantOf(600, id));
  api.Refused(GrantOf(60, id), Code::kFailedPrecondition, "etcdserver: lease already exists");
  t.ExpectEq(TimeToLive(api, id).grantedttl(), 600, "granted TTL");
}

BEHAVIOUR("store/lease/a-short-time-is-raised") {
  Api api(t);
  for (const int64_t ttl : {1, 0, -1}) {
    const pb::LeaseGrantResponse answer = api.Do(GrantOf(ttl));
    t.Expect(answer.ttl() >= 2, "the least is one and a half election timeouts, rounded up; got " +
                                    std::to_string(answer.ttl()) + " for " + std::to_string(ttl));
  }
}

BEHAVIOUR("store/lease/refuses-too-long-a-time") {
  Api api(t);
  api.Refused(GrantOf(9'000'000'001), Code::kOutOfRange, "etcdserver: too large lease TTL");
  t.ExpectEq(api.Do(GrantOf(9'000'000'000)).ttl(), 9'000'000'000, "the longest time");
}

BEHAVIOUR("store/lease/revoke-deletes-its-keys-at-once") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  for (const char* name : {"a", "b"}) api.Put(name, name, lease);
  api.Put("c", "kept");
  Revoke(api, lease);
  t.Expect(NamesOf(api, api.Do(api.AllOf())) == std::vector<std::string>{"c"}, "its keys are gone, others stay");
}

BEHAVIOUR("store/lease/revoke-needs-the-lease") {
  Api api(t);
  pb::LeaseRevokeRequest request;
  request.set_id(SomeId(t));
  api.Refused(request, Code::kNotFound, kLeaseNotFound);
}

BEHAVIOUR("store/lease/keep-alive-tells-the-granted-time") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  KeepAlive stream(api);
  const pb::LeaseKeepAliveResponse answer = stream.Renew(lease);
  t.ExpectEq(answer.id(), lease, "id");
  t.ExpectEq(answer.ttl(), 600, "TTL");
}

BEHAVIOUR("store/lease/keep-alive-of-an-unknown-one-is-zero") {
  Api api(t);
  KeepAlive stream(api);
  const int64_t id = SomeId(t);
  const pb::LeaseKeepAliveResponse answer = stream.Renew(id);
  t.Expect(answer.id() == id && answer.ttl() == 0, "time 0, and no error");
  const int64_t lease = api.Grant(600);
  t.ExpectEq(stream.Renew(lease).ttl(), 600, "the stream goes on");
}

BEHAVIOUR("store/lease/keep-alive-after-the-revoke-is-zero") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  KeepAlive stream(api);
  t.ExpectEq(stream.Renew(lease).ttl(), 600, "TTL before");
  Revoke(api, lease);
  t.ExpectEq(stream.Renew(lease).ttl(), 0, "TTL after");
}

BEHAVIOUR("store/lease/keep-alive-keeps-its-keys") {
  Api api(t);
  const int64_t lease = api.Grant(4);
  api.Put("a", "1", lease);
  KeepAlive stream(api);
  for (int i = 0; i < 6; ++i) {
    t.ExpectEq(stream.Renew(lease).ttl(), 4, "TTL");
    t.Sleep(2s);
    t.Expect(api.Get("a").has_value(), "the key is there");
  }
  t.Eventually(
      "without it the key goes", [&] { return !api.Get("a"); }, 30s);
}

BEHAVIOUR("store/lease/tells-what-is-left") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  const pb::LeaseTimeToLiveResponse answer = TimeToLive(api, lease);
  t.ExpectEq(answer.grantedttl(), 600, "granted TTL");
  t.Expect(answer.ttl() > 500 && answer.ttl() <= 600, "what is left: " + std::to_string(answer.ttl()));
  t.Expect(answer.keys().empty(), "no keys unasked");
}

BEHAVIOUR("store/lease/tells-its-keys") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  for (const char* name : {"b", "a"}) api.Put(name, name, lease);
  const pb::LeaseTimeToLiveResponse answer = TimeToLive(api, lease, true);
  const std::vector<std::string> keys(answer.keys().begin(), answer.keys().end());
  t.Expect(std::set<std::string>(keys.begin(), keys.end()) == std::set<std::string>{api.Key("a"), api.Key("b")},
           "both keys");
  api.Put("a", "2");
  t.ExpectEq(int64_t{TimeToLive(api, lease, true).keys_size()}, 1, "keys after one was put without it");
}

BEHAVIOUR("store/lease/nothing-is-left-of-an-unknown-one") {
  Api api(t);
  const pb::LeaseTimeToLiveResponse answer = TimeToLive(api, SomeId(t));
  t.ExpectEq(answer.ttl(), -1, "TTL");
}

BEHAVIOUR("store/lease/lists-all") {
  Api api(t);
  const int64_t kept = api.Grant(600);
  const int64_t gone = api.Grant(600);
  Revoke(api, gone);
  bool found = false;
  const pb::LeaseLeasesResponse all = api.Do(pb::LeaseLeasesRequest());
  for (const pb::LeaseStatus& lease : all.leases()) {
    found |= lease.id() == kept;
    t.Expect(lease.id() != gone, "a revoked one is not listed");
  }
  t.Expect(found, "a granted one is");
}

BEHAVIOUR("store/lease/a-key-moves-to-another") {
  Api api(t);
  const int64_t first = api.Grant(600);
  const int64_t second = api.Grant(600);
  api.Put("a", "1", first);
  api.Put("a", "2", second);
  Revoke(api, first);
  t.ExpectEq(api.Value("a"), "2", "the value after the first is revoked");
  Revoke(api, second);
  t.Expect(!api.Get("a"), "it goes with the second");
}

BEHAVIOUR("store/lease/a-deleted-key-leaves-it") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Put("a", "1", lease);
  api.Delete("a");
  api.Put("a", "2");
  Revoke(api, lease);
  t.ExpectEq(api.Value("a"), "2", "value");
}

BEHAVIOUR("store/lease/a-transaction-needs-it-too") {
  Api api(t);
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_put() = api.PutOf("a", "1");
  *txn.add_success()->mutable_request_put() = api.PutOf("b", "1", SomeId(t));
  api.Refused(txn, Code::kNotFound, kLeaseNotFound);
  t.Expect(!api.Get("a"), "the put before it was not done");
}

BEHAVIOUR("store/lease/survives-a-restart") {
  Api api(t);
  fixtures::FaultPort* faults = t.cluster().faults();
  const int64_t lease = api.Grant(600);
  api.Put("a", "1", lease);
  t.Expect(faults->Kill("store-0").ok(), "it is killed");
  t.Sleep(100ms);
  t.Expect(faults->Restart("store-0").ok(), "it is started");
  t.Eventually("it answers", [&] { return api.Try(api.RangeOf("a")).ok(); });
  const pb::LeaseTimeToLiveResponse answer = TimeToLive(api, lease, true);
  t.Expect(answer.grantedttl() == 600 && answer.ttl() > 0 && answer.keys_size() == 1, "lease and key are there");
}

BEHAVIOUR("store/lease/a-paused-leader-ends-none-early") {
  Api api(t);
  fixtures::FaultPort* faults = t.cluster().faults();
  const int64_t lease = api.Grant(6);
  api.Put("a", "1", lease);
  const uint64_t leader = api.Do(pb::StatusRequest()).leader();
  int paused = -1;
  for (int i = 0; i < 3; ++i) {
    Api member(api, i);
    if (member.Do(pb::StatusRequest()).header().member_id() == leader) paused = i;
  }
  t.Expect(paused >= 0, "somebody leads");
  t.Step("the leader sleeps until the lease would be over for it; another one renews it meanwhile");
  t.Expect(faults->Pause("store-" + std::to_string(paused)).ok(), "it is paused");
  Api other(api, (paused + 1) % 3);
  KeepAlive stream(other);
  t.Eventually("another one leads", [&] { return other.Try(other.RangeOf("a")).ok(); });
  for (int i = 0; i < 5; ++i) {
    KeepAlive again(other);
    t.Expect(again.Renew(lease).ttl() > 0, "it is renewed");
    t.Sleep(2s);
  }
  t.Expect(faults->Resume("store-" + std::to_string(paused)).ok(), "it goes on");
  for (int i = 0; i < 4; ++i) {
    t.Expect(other.Get("a").has_value(), "the key is there");
    KeepAlive again(other);
    t.Expect(again.Renew(lease).ttl() > 0, "and its lease is renewed");
    t.Sleep(1s);
  }
}

}  // namespace kp::conformance
