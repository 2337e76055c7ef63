// What a user with some permissions may and may not do.
#include "conformance/behaviours/store/users.h"

namespace kp::conformance {

namespace {

constexpr auto kRead = pb::Permission::READ;
constexpr auto kWrite = pb::Permission::WRITE;
constexpr auto kBoth = pb::Permission::READWRITE;

// Keys a to f are there; ann may do nothing yet.
struct World {
  explicit World(Context& t) : api(t) {
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) api.Put(name, name);
    users.emplace(api);
    users->Add("ann");
  }
  pb::RangeRequest Range(const std::string& from, const std::string& end) const {
    pb::RangeRequest request = api.RangeOf(from);
    request.set_range_end(api.Key(end));
    return request;
  }
  pb::DeleteRangeRequest Delete(const std::string& from, const std::string& end) const {
    pb::DeleteRangeRequest request = api.DeleteOf(from);
    request.set_range_end(api.Key(end));
    return request;
  }
  void BeAnn() {
    users->Enable();
    users->Become("ann");
  }
  template <typename Request>
  void Denied(const Request& request) {
    api.Refused(request, Code::kPermissionDenied, kDenied);
  }

  Api api;
  std::optional<Users> users;
};

}  // namespace

BEHAVIOUR("store/auth/reading-needs-its-permission") {
  World world(t);
  world.users->Permit("ann", kRead, "b", "");
  world.BeAnn();
  t.ExpectEq(world.api.Value("b"), "b", "value");
  world.Denied(world.api.RangeOf("a"));
  world.Denied(world.api.PutOf("b", "1"));
  pb::RangeRequest local = world.api.RangeOf("a");
  local.set_serializable(true);
  world.Denied(local);
}

BEHAVIOUR("store/auth/writing-needs-its-permission") {
  World world(t);
  world.users->Permit("ann", kWrite, "b", "");
  world.BeAnn();
  world.api.Put("b", "1");
  world.Denied(world.api.RangeOf("b"));
  world.Denied(world.api.PutOf("a", "1"));
  world.api.Delete("b");
  world.Denied(world.api.DeleteOf("a"));
}

BEHAVIOUR("store/auth/a-range-must-be-permitted-as-a-whole") {
  World world(t);
  world.users->Permit("ann", kBoth, "b", "d");
  world.BeAnn();
  t.ExpectEq(world.api.Do(world.Range("b", "d")).count(), 2, "keys of the range permitted");
  world.Denied(world.Range("b", "e"));
  world.Denied(world.Range("a", "d"));
  world.Denied(world.Delete("b", "e"));
  pb::RangeRequest open = world.api.RangeOf("b");
  open.set_range_end(std::string(1, '\0'));
  world.Denied(open);
  t.ExpectEq(world.api.Do(world.Delete("b", "d")).deleted(), 2, "deleted");
}

BEHAVIOUR("store/auth/permissions-add-up") {
  World world(t);
  world.users->Permit("ann", kRead, "b", "d");
  world.users->Permit("ann", kBoth, "d", "f");
  world.BeAnn();
  t.ExpectEq(world.api.Do(world.Range("b", "f")).count(), 4, "keys of both ranges");
  world.Denied(world.Delete("b", "f"));
}

BEHAVIOUR("store/auth/a-gap-between-permissions-counts") {
  World world(t);
  world.users->Permit("ann", kRead, "a", "b");
  world.users->Permit("ann", kRead, "c", "f");
  world.BeAnn();
  world.Denied(world.Range("a", "f"));
  t.ExpectEq(world.api.Do(world.Range("c", "f")).count(), 3, "keys behind the gap");
}

BEHAVIOUR("store/auth/a-permission-may-be-without-end") {
  World world(t);
  world.api.Do(GrantPermission("ann", kRead, world.api.Key("c"), std::string(1, '\0')));
  world.BeAnn();
  t.ExpectEq(world.api.Do(world.Range("c", "z")).count(), 4, "keys from c on");
  pb::RangeRequest open = world.api.RangeOf("c");
  open.set_range_end(std::string(1, '\0'));
  world.api.Do(open);
  world.Denied(world.api.RangeOf("b"));
}

BEHAVIOUR("store/auth/former-pairs-need-reading") {
  World world(t);
  world.users->Permit("ann", kWrite, "a", "");
  world.BeAnn();
  pb::PutRequest put = world.api.PutOf("a", "1");
  put.set_prev_kv(true);
  world.Denied(put);
  pb::DeleteRangeRequest erase = world.api.DeleteOf("a");
  erase.set_prev_kv(true);
  world.Denied(erase);
  world.api.Put("a", "1");
}

BEHAVIOUR("store/auth/compares-need-reading") {
  World world(t);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  pb::TxnRequest txn;
  *txn.add_compare() = world.api.VersionIs("b", 1);
  *txn.add_success()->mutable_request_put() = world.api.PutOf("a", "1");
  world.Denied(txn);
  *txn.mutable_compare(0) = world.api.VersionIs("a", 1);
  t.Expect(world.api.Do(txn).succeeded(), "a compare of what may be read");
}

BEHAVIOUR("store/auth/both-branches-are-looked-at") {
  World world(t);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_put() = world.api.PutOf("a", "1");
  *txn.add_failure()->mutable_request_put() = world.api.PutOf("b", "1");
  world.Denied(txn);
  pb::TxnRequest reading;
  *reading.add_success()->mutable_request_range() = world.api.RangeOf("b");
  world.Denied(reading);
}

BEHAVIOUR("store/auth/nested-transactions-are-looked-at") {
  World world(t);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  pb::TxnRequest inner;
  *inner.add_success()->mutable_request_put() = world.api.PutOf("b", "stolen");
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_txn() = inner;
  world.Denied(txn);
  pb::TxnRequest reading;
  *reading.add_success()->mutable_request_range() = world.api.RangeOf("b");
  pb::TxnRequest outer;
  *outer.add_success()->mutable_request_txn() = reading;
  world.Denied(outer);
  world.users->Become("root");
  t.ExpectEq(world.api.Value("b"), "b", "value");
}

BEHAVIOUR("store/auth/a-lease-of-others-keys-cannot-be-attached") {
  World world(t);
  const int64_t lease = world.api.Grant(600);
  world.api.Put("b", "b", lease);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  world.Denied(world.api.PutOf("a", "1", lease));
  const int64_t own = world.api.Grant(600);
  world.api.Put("a", "1", own);
}

BEHAVIOUR("store/auth/a-lease-of-others-keys-cannot-be-revoked") {
  World world(t);
  const int64_t lease = world.api.Grant(600);
  world.api.Put("b", "b", lease);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(lease);
  world.Denied(revoke);
  world.users->Become("root");
  t.ExpectEq(world.api.Value("b"), "b", "value");
}

BEHAVIOUR("store/auth/a-lease-of-others-keys-cannot-be-kept-alive") {
  World world(t);
  const int64_t lease = world.api.Grant(600);
  world.api.Put("b", "b", lease);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  ApiStream<pb::LeaseKeepAliveResponse> stream(world.api, "/etcdserverpb.Lease/LeaseKeepAlive");
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  stream.Send(request);
  t.Eventually("an answer", [&] { return stream.end() || !stream.replies().empty(); });
  t.Expect(stream.replies().empty(), "it is not renewed");
  world.api.ExpectText(*stream.end(), Code::kPermissionDenied, kDenied);
}

BEHAVIOUR("store/auth/the-keys-of-a-lease-need-reading") {
  World world(t);
  const int64_t lease = world.api.Grant(600);
  world.api.Put("b", "b", lease);
  world.users->Permit("ann", kBoth, "a", "");
  world.BeAnn();
  pb::LeaseTimeToLiveRequest request;
  request.set_id(lease);
  request.set_keys(true);
  world.Denied(request);
  request.set_keys(false);
  t.ExpectEq(world.api.Do(request).grantedttl(), 600, "granted TTL");
}

BEHAVIOUR("store/auth/leases-are-for-users") {
  World world(t);
  world.users->Enable();
  world.users->Become("");
  pb::LeaseGrantRequest grant;
  grant.set_ttl(600);
  world.api.Refused(grant, Code::kInvalidArgument, kUserEmpty);
  world.api.Refused(pb::LeaseLeasesRequest(), Code::kInvalidArgument, kUserEmpty);
}

BEHAVIOUR("store/auth/the-cluster-is-described-to-users") {
  World world(t);
  world.BeAnn();
  world.api.Do(pb::StatusRequest());
  world.api.Do(pb::MemberListRequest());
  world.users->Become("");
  world.api.Refused(pb::MemberListRequest(), Code::kInvalidArgument, kUserEmpty);
}

BEHAVIOUR("store/auth/maintenance-is-for-admins") {
  World world(t);
  world.BeAnn();
  const auto denied = [&](const Status& status) {
    t.Expect(status.code() == Code::kPermissionDenied, "denied: " + status.ToString());
  };
  denied(world.api.Try(pb::DefragmentRequest()).status());
  denied(world.api.Try(pb::HashKVRequest()).status());
  denied(world.api.Try(pb::HashRequest()).status());
  world.users->Become("root");
  world.api.Do(pb::HashKVRequest());
}

BEHAVIOUR("store/auth/alarms-are-for-admins") {
  World world(t);
  world.BeAnn();
  pb::AlarmRequest alarm;
  world.api.Do(alarm);
  alarm.set_action(pb::AlarmRequest::ACTIVATE);
  alarm.set_alarm(pb::NOSPACE);
  world.Denied(alarm);
}

BEHAVIOUR("store/auth/watching-needs-reading") {
  World world(t);
  world.users->Permit("ann", kRead, "b", "d");
  world.BeAnn();
  Watches watches(world.api);
  pb::WatchCreateRequest create = WatchOf(world.api, "b");
  create.set_range_end(world.api.Key("d"));
  const int64_t id = watches.Open(create);
  t.Step("ranges beyond what she may read are refused");
  create.set_range_end(world.api.Key("e"));
  watches.Create(create);
  const pb::WatchResponse refused = watches.Next("an answer");
  t.Expect(refused.canceled(), "canceled");
  t.Expect(refused.cancel_reason().find("permission denied") != std::string::npos,
           "with the reason: " + refused.cancel_reason());
  create.set_range_end(std::string(1, '\0'));
  watches.Create(create);
  t.Expect(watches.Next("an answer").canceled(), "one without end is canceled too");
  world.users->Become("root");
  world.api.Put("c", "1");
  t.Eventually("the permitted one tells", [&] { return watches.EventsOf(id).size() == 1 || watches.end(); });
}

BEHAVIOUR("store/auth/watching-needs-a-user") {
  World world(t);
  world.users->Enable();
  world.users->Become("");
  Watches watches(world.api);
  watches.Create(WatchOf(world.api, "b"));
  const pb::WatchResponse refused = watches.Next("an answer");
  t.Expect(refused.canceled() && refused.cancel_reason().find("user name is empty") != std::string::npos,
           "canceled, with the reason: " + refused.cancel_reason());
}

BEHAVIOUR("store/auth/a-permission-taken-away-counts-at-once") {
  World world(t);
  world.users->Permit("ann", kBoth, "a", "");
  world.users->Enable();
  const std::string token = world.users->TokenOf("ann", "ann");
  world.api.SetMetadata("token", token);
  world.api.Put("a", "1");
  world.users->Become("root");
  world.api.Do(RevokePermission("ann", world.api.Key("a"), ""));
  world.api.SetMetadata("token", token);
  world.Denied(world.api.PutOf("a", "2"));
  world.Denied(world.api.RangeOf("a"));
}

BEHAVIOUR("store/auth/still-holds-while-space-is-out") {
  World world(t);
  pb::AlarmRequest alarm;
  alarm.set_memberid(world.api.Do(pb::StatusRequest()).header().member_id());
  alarm.set_alarm(pb::NOSPACE);
  world.BeAnn();
  world.users->Become("root");
  alarm.set_action(pb::AlarmRequest::ACTIVATE);
  world.api.Do(alarm);
  world.users->Become("ann");
  const auto erase = world.api.Try(world.api.DeleteOf("a"));
  const auto disable = world.api.Try(pb::AuthDisableRequest());
  world.users->Become("root");
  alarm.set_action(pb::AlarmRequest::DEACTIVATE);
  world.api.Do(alarm);
  world.api.ExpectText(erase.status(), Code::kPermissionDenied, kDenied);
  world.api.ExpectText(disable.status(), Code::kPermissionDenied, kDenied);
}

}  // namespace kp::conformance
